"""Referral codes, and the budget of what they earn. Who may enter one and who is rewarded: orders.services.referral."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

from blinkit.kernel import events
from catalog.events import ReferralPolicyChanged
from catalog.models import Referral, ReferralCode, ReferralPolicy, ReferralState

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without 0, O, 1, I and L, which look like each other."""
LENGTH = 6
MOST_DEVICES = 10


def referral_code(*, user_id: int, now: datetime, devices: Sequence[str] = ()) -> ReferralCode:
    """The person's code, made when first asked for. `devices` are remembered as theirs."""
    row = ReferralCode.objects.filter(user_id=user_id).first()
    while row is None:
        code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
        ReferralCode.objects.bulk_create(
            [ReferralCode(user_id=user_id, code=code, created_at=now)], ignore_conflicts=True
        )
        row = ReferralCode.objects.filter(user_id=user_id).first()  # None: the code was somebody's
    new = [mark for mark in map(device_mark, devices) if mark and mark not in row.devices]
    if new:
        row.devices = [*row.devices, *new][-MOST_DEVICES:]
        row.save(update_fields=["devices"])
    return row


def device_mark(device: str) -> str:
    """How a device is remembered: never as the token itself."""
    return hashlib.sha256(device.encode()).hexdigest() if device else ""


def normal_referral_code(code: str) -> str:
    return "".join(code.split()).upper()[:12]


def active_referral_policy() -> ReferralPolicy | None:
    return ReferralPolicy.objects.filter(is_active=True).first()


@transaction.atomic
def save_referral_policy(policy: ReferralPolicy, *, actor: str) -> ReferralPolicy:
    """Make or change a policy. An active one puts an end to the one before; what was spent stays counted."""
    if policy.is_active:
        ReferralPolicy.objects.filter(is_active=True).exclude(pk=policy.pk).update(is_active=False)
    names = [field.name for field in ReferralPolicy._meta.concrete_fields if not field.primary_key]
    if policy.pk:
        policy.save(update_fields=[name for name in names if name != "used_paise"])
    else:
        policy.save()
    changed = ReferralPolicyChanged(policy_id=policy.pk, is_active=policy.is_active)
    events.record(changed, subject=f"referral-policy:{policy.pk}", actor=actor)
    return policy


def rewards_this_month(*, referrer_id: int, now: datetime) -> int:
    """How often the referrer was rewarded in this month of the house's calendar. Locks their code until the end of the
    transaction: two rewards at once can't both be the last.
    """
    list(ReferralCode.objects.select_for_update(no_key=True).filter(user_id=referrer_id).values_list("pk"))
    first = timezone.localtime(now).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    rewarded = Referral.objects.filter(referrer_id=referrer_id, state=ReferralState.REWARDED, referrer_paise__gt=0)
    return rewarded.filter(decided_at__gte=first).count()


def spend_referral_budget(*, policy_id: int, paise: int) -> bool:
    """Count so much against the budget; False when there is not so much left. The row stays locked by it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE catalog_referralpolicy SET used_paise = used_paise + %(paise)s"
            " WHERE id = %(id)s AND is_active AND used_paise + %(paise)s <= budget_paise RETURNING id",
            {"id": policy_id, "paise": paise},
        )
        return cursor.fetchone() is not None
