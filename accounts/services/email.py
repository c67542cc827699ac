"""Is this e-mail address theirs? A signed link in a message to it says so."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.db import transaction

from accounts.errors import LinkExpired, PersonNotFound
from accounts.events import EmailGiven
from accounts.models import User
from blinkit.kernel import events
from blinkit.kernel.errors import Invalid
from blinkit.kernel.limits import check_limit

SALT = "accounts.email"
GOOD_FOR = timedelta(days=3)


def email_link(*, user_id: int, email: str) -> str:
    """The whole address to put into the message."""
    token = signing.dumps([user_id, email], salt=SALT)
    return f"{settings.SITE_URL.rstrip('/')}/account/email/{token}/"


@transaction.atomic
def verify_email(*, token: str, now: datetime) -> User:
    """The link was opened: the address is theirs. Silent when repeated. Raises LinkExpired, also when the address was
    changed meanwhile."""
    try:
        user_id, email = signing.loads(token, salt=SALT, max_age=GOOD_FOR)
    except (signing.BadSignature, ValueError, TypeError):
        raise LinkExpired() from None
    user = User.objects.select_for_update(no_key=True).filter(pk=user_id, is_active=True).first()
    if user is None or user.email != email:
        raise LinkExpired()
    if user.email_verified_at is None:
        user.email_verified_at = now
        user.save(update_fields=["email_verified_at"])
    return user


@transaction.atomic
def ask_again(*, user_id: int) -> None:
    """Send the link once more. Silent when the address is known to be theirs. Raises PersonNotFound, Invalid without an
    address, TooMany."""
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        raise PersonNotFound()
    if not user.email:
        raise Invalid("Give an e-mail address first.")
    if user.email_verified_at is None:
        check_limit("email-link", str(user_id), limit=5, per_s=3600)
        events.record(EmailGiven(user_id=user_id, email=user.email), subject=f"user:{user_id}")
