"""Sign-in by Firebase and by password."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts import firebase
from accounts.errors import AccountClosed, BadPhone, FirebasePhoneMissing, FirebaseTokenRefused, WrongPassword
from accounts.events import SignedIn
from accounts.models import User
from accounts.phones import normalise
from blinkit.kernel import events
from blinkit.kernel.limits import check_limit, is_exempt

MOST_PASSWORD_TRIES = 10
"""For one phone from one network address, so that a stranger who guesses locks out nobody but himself."""
MOST_TRIES_PER_PHONE = 60
"""From all addresses together: what a crowd of machines may guess."""
MOST_TRIES_PER_ADDRESS = 60
"""For all phones together; a store's people share one address."""
PASSWORD_WINDOW_S = 600


def sign_in_with_firebase(*, id_token: str, now: datetime) -> tuple[User, bool]:
    """The person whose verified phone a Firebase ID token carries, and whether they are new.

    The phone is who they are; the Firebase uid is linked to it (and unlinked from whoever had it before, because a
    number can move between Firebase accounts). Raises FirebaseOff, FirebaseTokenRefused, FirebasePhoneMissing,
    BadPhone, AccountClosed, Unavailable.
    """
    claims = firebase.claims_or_unavailable(id_token)
    uid = str(claims.get("uid") or claims.get("sub") or "")
    if not uid:
        raise FirebaseTokenRefused()
    if not claims.get("phone_number"):
        raise FirebasePhoneMissing()
    return _link(uid, normalise(str(claims["phone_number"])))


@transaction.atomic
def _link(uid: str, phone: str) -> tuple[User, bool]:
    user, created = User.objects.get_or_create(phone=phone)
    if not user.is_active:
        raise AccountClosed()
    if user.firebase_uid != uid:
        User.objects.filter(firebase_uid=uid).exclude(pk=user.pk).update(firebase_uid=None)
        user.firebase_uid = uid
        user.save(update_fields=["firebase_uid"])
    _record(user, first_time=created, how="firebase")
    return user, created


def sign_in_with_password(*, phone: str, password: str, address: str = "") -> User:
    """Staff with a password, who ask from this network address. Raises WrongPassword (also for a malformed or unknown
    phone), TooMany, AccountClosed."""
    if address and not is_exempt(address):
        check_limit("password-address", address, limit=MOST_TRIES_PER_ADDRESS, per_s=PASSWORD_WINDOW_S)
    try:
        phone = normalise(phone)
    except BadPhone:
        raise WrongPassword() from None
    check_limit("password", f"{phone}@{address}", limit=MOST_PASSWORD_TRIES, per_s=PASSWORD_WINDOW_S)
    check_limit("password-phone", phone, limit=MOST_TRIES_PER_PHONE, per_s=PASSWORD_WINDOW_S)
    user = User.objects.filter(phone=phone).first()
    if user is None:
        make_password(password)  # takes as long as a real check, so that time does not tell who exists
        raise WrongPassword()
    if not user.check_password(password):
        raise WrongPassword()
    if not user.is_active:
        raise AccountClosed()
    _record(user, first_time=False, how="password")
    return user


def _record(user: User, *, first_time: bool, how: str) -> None:
    events.record(
        SignedIn(user_id=user.pk, first_time=first_time, how=how), subject=f"user:{user.pk}", actor=f"user:{user.pk}"
    )
