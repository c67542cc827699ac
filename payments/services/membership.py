"""Membership: bought by paying or from the wallet, begun when paid, ended by its day. Nothing renews it by itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

from django.db import transaction
from django.db.models import F, Q

from blinkit.kernel import events, metrics
from catalog import services as catalog
from catalog.models import SegmentMember
from catalog.promotions import MEMBERS
from payments.errors import NoSuchPlan, WalletTooLittle
from payments.events import MembershipBegun, MembershipEnding
from payments.models import Membership, MembershipPlan, MembershipPurchase, Method, Purpose
from payments.services import wallet
from payments.services.paying import open_payment

PAY_WITHIN = timedelta(minutes=30)
REMIND_BEFORE = timedelta(days=3)


def buy_membership(*, customer_id: int, plan_id: int, method: str, key: str, now: datetime) -> MembershipPurchase:
    """Buy a plan: by "wallet" it begins at once, "online" opens a payment (its `ref` is the purchase's id) and it
    begins with the capture. The same `key` is the same purchase.

    Raises NoSuchPlan for one that is not sold, WalletTooLittle(balance_paise) when the wallet can't pay all of it.
    """
    purchase_id = uuid5(NAMESPACE_URL, f"membership/{customer_id}/{key}")
    found_paise = 0
    with transaction.atomic():
        purse = wallet.lock(customer_id)  # before the look: the same key twice at once is one purchase
        known = MembershipPurchase.objects.filter(pk=purchase_id).first()
        if known is not None:
            return known
        plan = MembershipPlan.objects.filter(pk=plan_id, is_active=True).first()
        if plan is None:
            raise NoSuchPlan("This membership is not sold.")
        by_wallet = method == Method.WALLET
        if by_wallet:
            found_paise = wallet.spendable(purse, now=now)
            if found_paise < plan.price_paise:
                raise WalletTooLittle("There is not enough in your wallet for it.", balance_paise=found_paise)
        purchase = MembershipPurchase.objects.create(
            id=purchase_id, customer_id=customer_id, plan=plan, price_paise=plan.price_paise, days=plan.days,
            created_at=now,
        )  # fmt: skip
        if by_wallet:
            wallet.take(
                customer_id=customer_id, ref=purchase.pk, most_paise=plan.price_paise, memo=plan.name, now=now,
                shown_paise=plan.price_paise,
            )  # fmt: skip
        open_payment(
            ref=purchase.pk,
            customer_id=customer_id,
            amount_paise=0 if by_wallet else plan.price_paise,
            method=Method.WALLET if by_wallet else Method.ONLINE,
            wallet_paise=plan.price_paise if by_wallet else 0,
            purpose=Purpose.MEMBERSHIP,
            due_by=None if by_wallet else now + PAY_WITHIN,
            now=now,
        )
        return begin(ref=purchase.pk, now=now) if by_wallet else purchase


def begin(*, ref: UUID, now: datetime) -> MembershipPurchase:
    """It is paid: the buyer is a member from now, or for so many days longer. Once per purchase.

    For acts that hold the payment's lock. Who is in the segment without an end stays so.
    """
    purchase = MembershipPurchase.objects.select_related("plan").get(pk=ref)
    if purchase.begins_at is not None:
        return purchase
    customer_id = purchase.customer_id
    Membership.objects.bulk_create([Membership(customer_id=customer_id, since=now, until=now)], ignore_conflicts=True)
    membership = Membership.objects.select_for_update(no_key=True).get(customer_id=customer_id)
    if membership.until < now:
        membership.since = now
    in_segment = SegmentMember.objects.filter(user_id=customer_id, segment=MEMBERS).first()
    kept_until = in_segment.until if in_segment is not None and in_segment.until is not None else now
    purchase.begins_at = max(now, membership.until, kept_until)
    purchase.ends_at = membership.until = purchase.begins_at + timedelta(days=purchase.days)
    membership.save(update_fields=["since", "until"])
    purchase.save(update_fields=["begins_at", "ends_at"])
    if in_segment is None or in_segment.until is not None:
        catalog.join_segment(user_id=customer_id, segment=MEMBERS, until=membership.until)
    begun = MembershipBegun(customer_id=customer_id, plan=purchase.plan.name, until=membership.until)
    events.record(begun, subject=f"user:{customer_id}")
    metrics.count("memberships_begun_total")
    return purchase


def remind_ending(*, now: datetime, limit: int = 200) -> int:
    """Tell members whose membership ends within three days, once per end. Returns how many."""
    due = Membership.objects.filter(until__gt=now, until__lte=now + REMIND_BEFORE).exclude(
        Q(reminded_of__isnull=False) & Q(reminded_of=F("until"))
    )
    told = 0
    for customer_id in list(due.order_by("until").values_list("pk", flat=True)[:limit]):
        with transaction.atomic():
            row = Membership.objects.select_for_update(no_key=True).get(pk=customer_id)
            if row.reminded_of == row.until or not now < row.until <= now + REMIND_BEFORE:
                continue
            row.reminded_of = row.until
            row.save(update_fields=["reminded_of"])
            ending = MembershipEnding(customer_id=customer_id, until=row.until)
            events.record(ending, subject=f"user:{customer_id}")
            told += 1
    return told
