"""A person's own facts, devices, and roles."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.errors import PersonNotFound
from accounts.events import EmailGiven, RoleGranted, RoleRevoked
from accounts.models import Device, Role, RoleGrant, User
from accounts.services.tokens import end_access
from blinkit.kernel import events
from blinkit.kernel.errors import Invalid

MOST_DEVICES = 10


@transaction.atomic
def update_profile(
    *, user_id: int, name: str | None = None, email: str | None = None, language: str | None = None
) -> User:
    """Change what is given, leave the rest. Raises PersonNotFound, Invalid for a language we don't speak."""
    user = _locked(user_id)
    changes = {"name": name, "email": email, "language": language}
    given = {field: value.strip() for field, value in changes.items() if value is not None}
    if "language" in given and given["language"] not in dict(settings.LANGUAGES):
        raise Invalid("We don't speak this language yet.", languages=sorted(dict(settings.LANGUAGES)))
    fields = list(given)
    if "email" in given and given["email"].lower() != user.email.lower():
        user.email_verified_at = None
        fields.append("email_verified_at")
        if given["email"]:
            events.record(EmailGiven(user_id=user_id, email=given["email"]), subject=f"user:{user_id}")
    for field, value in given.items():
        setattr(user, field, value)
    if given:
        user.save(update_fields=fields)
    return user


@transaction.atomic
def register_device(*, user_id: int, platform: str, push_token: str, now: datetime) -> Device:
    """Push to this device from now on. A token belongs to whoever registered it last; the oldest of many is dropped."""
    device, _ = Device.objects.update_or_create(
        push_token=push_token, defaults={"user_id": user_id, "platform": platform, "last_seen_at": now}
    )
    surplus = Device.objects.filter(user_id=user_id).order_by("-last_seen_at", "-pk").values_list("pk", flat=True)
    Device.objects.filter(pk__in=list(surplus[MOST_DEVICES:])).delete()
    return device


def remove_device(*, user_id: int, device_id: UUID) -> None:
    """Push to this device of the person's no more. Silent when it is not theirs, or gone."""
    Device.objects.filter(pk=device_id, user_id=user_id).delete()


def forget_device(*, push_token: str, user_id: int | None = None) -> None:
    """Push to this device no more (of this person only, when one is named). Silent when it is not known."""
    devices = Device.objects.filter(push_token=push_token)
    (devices if user_id is None else devices.filter(user_id=user_id)).delete()


@transaction.atomic
def grant_role(*, user_id: int, role: str, actor: str) -> None:
    """Give a person a role; "admin" opens Django Admin too. Silent when they have it. Tokens carry it from the next
    refresh on, browser pages at once. Raises PersonNotFound, Invalid."""
    role = _known(role)
    user = _locked(user_id)
    if role == Role.CUSTOMER:
        return  # everybody is one
    _, created = RoleGrant.objects.get_or_create(user=user, role=role)
    if not created:
        return
    if role == Role.ADMIN:
        user.is_staff = user.is_superuser = True
        user.save(update_fields=["is_staff", "is_superuser"])
    events.record(RoleGranted(user_id=user_id, role=role), subject=f"user:{user_id}", actor=actor)


@transaction.atomic
def revoke_role(*, user_id: int, role: str, actor: str) -> None:
    """Take a role away; "admin" closes Django Admin too. Silent when they don't have it. Access tokens that
    carry it and open sockets end: apps refresh, and get the roles of today. Raises PersonNotFound, Invalid."""
    role = _known(role)
    user = _locked(user_id)
    gone, _ = RoleGrant.objects.filter(user=user, role=role).delete()
    if not gone:
        return
    if role == Role.ADMIN:
        user.is_staff = user.is_superuser = False
        user.save(update_fields=["is_staff", "is_superuser"])
    events.record(RoleRevoked(user_id=user_id, role=role), subject=f"user:{user_id}", actor=actor)
    end_access(user_id, timezone.now())


def _known(role: str) -> str:
    if role not in Role.values:
        raise Invalid("There is no such role.", roles=list(Role.values))
    return role


def _locked(user_id: int) -> User:
    # "No key": rows that point to the person (carts, orders) can be written meanwhile.
    user = User.objects.select_for_update(no_key=True).filter(pk=user_id).first()
    if user is None:
        raise PersonNotFound()
    return user
