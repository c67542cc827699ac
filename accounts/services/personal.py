"""What we hold on a person, for that person; and forgetting them. Each room tells and forgets its own part.

Orders and ledgers stay, because the law wants books kept; they are about nobody afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from accounts.errors import PersonNotFound, StaffAccount
from accounts.events import DeletionAsked, PersonForgotten
from accounts.models import Address, Device, OtpChallenge, SignIn, User
from accounts.services.tokens import end_access
from blinkit.kernel import events, metrics
from blinkit.kernel.errors import Refusal
from blinkit.kernel.models import Event

log = structlog.get_logger(__name__)
ASK_AGAIN = timedelta(hours=1)
PHONE_OF_NOBODY = "gone-{id}"


def parts() -> Mapping[str, tuple[str, str]]:
    """Which rooms hold something: only the wiring knows them all."""
    found: Mapping[str, tuple[str, str]] = import_string(settings.PERSONAL_DATA)
    return found


def export_person(*, user_id: int, now: datetime) -> dict[str, Any]:
    """Everything we hold on a person, JSON-able, by room. Raises PersonNotFound."""
    if not User.objects.filter(pk=user_id).exists():
        raise PersonNotFound()
    told = {name: import_string(tell)(user_id=user_id) for name, (tell, _forget) in parts().items()}
    return {"made_at": now, **told}


@transaction.atomic
def ask_deletion(*, user_id: int, now: datetime) -> datetime:
    """The person wants to be forgotten: it is done after ACCOUNT_GRACE_DAYS, unless they change their mind. Returns
    when. Silent when asked before. Raises PersonNotFound, StaffAccount."""
    user = _locked(user_id)
    if user.is_staff or user.grants.exists():
        raise StaffAccount()
    if user.deletion_due_at is None:
        user.deletion_due_at = now + timedelta(days=settings.ACCOUNT_GRACE_DAYS)
        user.save(update_fields=["deletion_due_at"])
        events.record(DeletionAsked(user_id=user_id, due_at=user.deletion_due_at), subject=f"user:{user_id}")
    return user.deletion_due_at


@transaction.atomic
def keep_account(*, user_id: int) -> None:
    """They changed their mind. Silent when nothing was asked. Raises PersonNotFound."""
    user = _locked(user_id)
    if user.deletion_due_at is not None:
        user.deletion_due_at = None
        user.save(update_fields=["deletion_due_at"])


def forget_due(*, now: datetime, limit: int = 50) -> int:
    """Forget who asked for it long enough ago. Returns how many.

    Each person is an act of its own. One with something still running (an order on its way, a claim that waits) is left
    for the next time, behind the others: who can't be forgotten keeps nobody waiting.
    """
    due = User.objects.filter(deletion_due_at__lte=now, is_active=True).order_by("deletion_due_at")
    return sum(_forget_one(user_id, now=now) for user_id in list(due.values_list("pk", flat=True)[:limit]))


def _forget_one(user_id: int, *, now: datetime) -> bool:
    try:
        with transaction.atomic():
            user = _locked(user_id)
            if user.deletion_due_at is None or user.deletion_due_at > now or not user.is_active:
                return False
            for _tell, forget_part in parts().values():
                import_string(forget_part)(user_id=user_id, now=now)
            events.record(PersonForgotten(user_id=user_id), subject=f"user:{user_id}", actor="system")
    except Refusal as refusal:
        log.info("not forgotten yet", user=user_id, why=refusal.detail)
    except Exception:  # one that fails must not keep the others waiting
        log.exception("not forgotten", user=user_id)
        metrics.count("people_not_forgotten_total")
    else:
        return True
    User.objects.filter(pk=user_id, deletion_due_at__lte=now).update(deletion_due_at=now + ASK_AGAIN)
    return False


# -- this room's part -------------------------------------------------------------------------------------------------


def held(*, user_id: int) -> dict[str, Any]:
    user = User.objects.get(pk=user_id)
    own = ("phone", "name", "email", "email_verified_at", "language", "joined_at", "last_login", "deletion_due_at")
    return {
        "person": {name: getattr(user, name) for name in own},
        "roles": sorted(user.roles),
        "addresses": list(
            Address.objects.filter(user=user).values(
                "label", "line1", "line2", "landmark", "pincode", "lat", "lng", "door_instructions", "created_at",
                "deleted_at",
            )
        ),
        "devices": list(Device.objects.filter(user=user).values("platform", "last_seen_at")),
        "sign_ins": list(SignIn.objects.filter(user=user).values("agent", "started_at")),
    }  # fmt: skip


def forget(*, user_id: int, now: datetime) -> None:
    """No name, no phone, no address, no device; signed out everywhere, and nobody can sign in again."""
    user = User.objects.get(pk=user_id)
    OtpChallenge.objects.filter(phone=user.phone).delete()
    # The log of events keeps that a code was sent, not to whom.
    Event.objects.filter(code="accounts.OtpRequested", payload__phone=user.phone).update(payload={})
    Event.objects.filter(code="accounts.EmailGiven", subject=f"user:{user_id}").update(payload={})
    user.phone, user.name, user.email, user.firebase_uid = PHONE_OF_NOBODY.format(id=user_id), "", "", None
    user.email_verified_at, user.is_active, user.tokens_valid_from = None, False, now
    user.set_unusable_password()
    user.save()
    Address.objects.filter(user=user).update(
        label="", line1="", line2="", landmark="", pincode="", door_instructions="", lat=0, lng=0, is_default=False,
        deleted_at=now,
    )  # fmt: skip
    Device.objects.filter(user=user).delete()
    SignIn.objects.filter(user=user).delete()
    end_access(user_id, now)


def _locked(user_id: int) -> User:
    user = User.objects.select_for_update(no_key=True).filter(pk=user_id).first()
    if user is None:
        raise PersonNotFound()
    return user
