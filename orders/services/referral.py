"""Referral: who may enter whose code, and when both are rewarded.

Lock order: referral, referrer's code, policy, wallets.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.models import Address, Device, User
from blinkit.kernel.geo import distance_metres
from catalog import services as catalog
from catalog.models import Referral, ReferralCode, ReferralState
from catalog.services.referral import (
    active_referral_policy,
    device_mark,
    normal_referral_code,
    rewards_this_month,
    spend_referral_budget,
)
from orders.errors import ReferralRefused
from orders.models import Order
from orders.states import Status
from payments import services as money
from payments.models import Source

SAME_DOOR_METRES = 100
"""Two pins of one door are no further apart; the written house must be the same as well."""
LONGEST_CIRCLE = 20
"""So many friends of friends are looked at."""


@dataclass(frozen=True, slots=True)
class Pair:
    newcomer: User
    referrer: User
    marks: frozenset[str] = frozenset()
    """Devices the newcomer is seen on."""


def _same_person(pair: Pair) -> bool:
    return pair.newcomer.pk == pair.referrer.pk


def _same_phone(pair: Pair) -> bool:
    """One's number is the other's, or was given as the contact of the other's order."""
    phones = {pair.newcomer.pk: pair.newcomer.phone, pair.referrer.pk: pair.referrer.phone}
    theirs = Order.objects.filter(customer_id__in=phones, contact_phone__in=phones.values())
    crossed = (
        phones[customer_id] != phone for customer_id, phone in theirs.values_list("customer_id", "contact_phone")
    )
    return len(set(phones.values())) < len(phones) or any(crossed)


def _same_device(pair: Pair) -> bool:
    known = ReferralCode.objects.filter(user=pair.referrer).values_list("devices", flat=True).first() or []
    used = Referral.objects.filter(device__in=pair.marks).exclude(newcomer=pair.newcomer)
    return bool(pair.marks & (set(known) | _device_marks(pair.referrer.pk))) or used.exists()


def _same_address(pair: Pair) -> bool:
    """The same house, written the same way, at the same place. Deleted addresses count too."""
    own = list(Address.objects.filter(user=pair.newcomer))
    theirs = list(Address.objects.filter(user=pair.referrer))
    return any(
        _written(a) == _written(b) and distance_metres(a.point, b.point) <= SAME_DOOR_METRES
        for a in own
        for b in theirs
    )


def _in_a_circle(pair: Pair) -> bool:
    """The referrer came by the newcomer's code, or by somebody's who did: nobody of such a circle was brought by it."""
    seen: set[int] = set()
    person: int | None = pair.referrer.pk
    while person is not None and person not in seen and len(seen) < LONGEST_CIRCLE:
        seen.add(person)
        person = Referral.objects.filter(newcomer=person).values_list("referrer_id", flat=True).first()
        if person == pair.newcomer.pk:
            return True
    return False


RULES: tuple[tuple[str, str, Callable[[Pair], bool]], ...] = (
    ("own-code", "This is your own code: give it to a friend.", _same_person),
    ("same-phone", "This code is of somebody with your phone number.", _same_phone),
    ("same-device", "This code can't be used on this device.", _same_device),
    ("same-address", "This code is of somebody at your address.", _same_address),
    ("circle", "This friend came by your own code, or by that of a friend of yours.", _in_a_circle),
)
"""What is no referral: name, sentence, test. Asked when a code is entered and again before a reward."""


def my_referral_code(*, user_id: int, now: datetime, device: str = "") -> ReferralCode:
    """The customer's own code, made when first asked for. The device it is looked at on, and the phones they can be
    pushed to, are remembered as theirs: also after somebody else has signed in there.
    """
    tokens = Device.objects.filter(user_id=user_id).values_list("push_token", flat=True)
    return catalog.referral_code(user_id=user_id, now=now, devices=[device, *tokens])


def enter_referral(*, customer_id: int, code: str, now: datetime, device: str = "") -> Referral:
    """The customer came by this code. The same code again is silent.

    Raises ReferralRefused(why): no-such-code, no-programme, already-entered, not-new (an order was delivered already),
    or one of RULES. Nothing is written then.
    """
    normal = normal_referral_code(code)
    owner = ReferralCode.objects.select_related("user").filter(code=normal, user__is_active=True).first()
    if owner is None:
        raise ReferralRefused("There is no such code.", why="no-such-code")
    if active_referral_policy() is None:
        raise ReferralRefused("Codes of friends earn nothing at the moment.", why="no-programme")
    newcomer = User.objects.get(pk=customer_id)
    known = Referral.objects.filter(newcomer=newcomer).first()
    if known is not None:
        if known.referrer_id == owner.user_id:
            return known
        raise ReferralRefused("You have entered a friend's code already.", why="already-entered")
    delivered = Order.objects.of(customer_id).filter(status__in=[Status.DELIVERED, Status.CLOSED])
    if delivered.exists():
        raise ReferralRefused("A friend's code counts before your first order arrives.", why="not-new")
    mark = device_mark(device)
    marks = _device_marks(customer_id) | ({mark} if mark else set())
    if broken := _broken(Pair(newcomer, owner.user, frozenset(marks))):
        raise ReferralRefused(broken[1], why=broken[0])
    try:
        with transaction.atomic():
            return Referral.objects.create(
                newcomer=newcomer, referrer=owner.user, device=mark or next(iter(sorted(marks)), ""), entered_at=now
            )
    except IntegrityError:  # asked twice at once: the other one was quicker
        first = Referral.objects.filter(newcomer=newcomer, referrer=owner.user).first()
        if first is None:
            raise ReferralRefused("You have entered a friend's code already.", why="already-entered") from None
        return first


@transaction.atomic
def reward_referral(*, order_id: UUID, now: datetime) -> Referral | None:
    """The newcomer's order was delivered: when it is their first of at least the policy's minimum, both get credit.

    Once per newcomer. Above the month's limit only the newcomer is rewarded; with the budget used up, or when a rule is
    found broken now, nobody. None when there is nothing to decide.
    """
    order = Order.objects.get(pk=order_id)
    if order.status not in (Status.DELIVERED, Status.CLOSED):
        return None
    waiting = Referral.objects.select_related("newcomer", "referrer").select_for_update(of=("self",), no_key=True)
    referral = waiting.filter(newcomer_id=order.customer_id, state=ReferralState.WAITING).first()
    policy = active_referral_policy() if referral is not None else None
    if referral is None or policy is None or order.total_paise < policy.min_order_paise:
        return None
    referral.policy, referral.order_ref, referral.decided_at = policy, order.pk, now
    marks = _device_marks(referral.newcomer_id) | ({referral.device} if referral.device else set())
    broken = _broken(Pair(referral.newcomer, referral.referrer, frozenset(marks)))
    if broken:
        return _decide(referral, ReferralState.REFUSED, why=broken[0])
    may_earn = rewards_this_month(referrer_id=referral.referrer_id, now=now) < policy.most_per_month
    referrer_paise = policy.referrer_paise if may_earn and referral.referrer.is_active else 0
    if not spend_referral_budget(policy_id=policy.pk, paise=referrer_paise + policy.newcomer_paise):
        return _decide(referral, ReferralState.REFUSED, why="budget-used-up")
    referral.referrer_paise, referral.newcomer_paise = referrer_paise, policy.newcomer_paise
    rewards = [
        (referral.referrer_id, referrer_paise, "A friend ordered with your code"),
        (referral.newcomer_id, policy.newcomer_paise, "Your first order with a friend's code"),
    ]
    for user_id, paise, reason in sorted(rewards):
        if paise:
            money.credit_wallet(
                customer_id=user_id,
                amount_paise=paise,
                source=Source.REFERRAL,
                key=f"referral:{referral.pk}:{user_id}",
                reason=reason,
                expires_at=now + timedelta(days=policy.credit_days),
                now=now,
            )
    return _decide(referral, ReferralState.REWARDED, why="" if may_earn else "month-limit")


def _decide(referral: Referral, state: ReferralState, *, why: str) -> Referral:
    referral.state, referral.why = state, why
    referral.save()
    return referral


def _broken(pair: Pair) -> tuple[str, str] | None:
    return next(((code, sentence) for code, sentence, test in RULES if test(pair)), None)


def _device_marks(user_id: int) -> set[str]:
    return {device_mark(token) for token in Device.objects.filter(user_id=user_id).values_list("push_token", flat=True)}


def _written(address: Address) -> str:
    return re.sub(r"[^0-9a-z\u0900-\u097f]+", "", f"{address.line1} {address.line2}".lower())
