"""Promotions: made and changed by people, used by orders, given back by cancelled ones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.db.models import F

from blinkit.kernel import events
from blinkit.kernel.errors import Invalid
from blinkit.kernel.said import say
from catalog.errors import PromotionGone
from catalog.events import PromotionChanged
from catalog.models import Coupon, Promotion, PromotionBoard, PromotionUse, SegmentMember

CODE = re.compile(r"[A-Z0-9]{3,24}")


@dataclass(frozen=True, slots=True)
class Use:
    """What an order takes of one promotion. `paise` is discount, waived fee and credit together."""

    promotion_id: int
    paise: int
    units: int = 0
    coupon_id: int | None = None


@transaction.atomic
def save_promotion(promotion: Promotion, *, actor: str) -> Promotion:
    """Make or change a promotion; checkouts see it from the commit on. Its counters stay as they are.

    What it is on (products, categories, brands, parts) is set afterwards, followed by `promotions_changed`.
    """
    what = "changed" if promotion.pk else "made"
    names = [field.name for field in Promotion._meta.concrete_fields if not field.primary_key]
    if promotion.pk:
        promotion.save(update_fields=[name for name in names if not name.startswith("used_")])
    else:
        promotion.save()
    event = PromotionChanged(promotion_id=promotion.pk, name=promotion.name, what=what, is_active=promotion.is_active)
    events.record(event, subject=f"promotion:{promotion.pk}", actor=actor)
    promotions_changed()
    return promotion


def promotions_changed() -> None:
    """Whatever processes keep of promotions is read anew after the commit."""
    PromotionBoard.objects.update_or_create(pk=1, defaults={"token": uuid4().hex})


def normal_code(code: str) -> str:
    """How a code is kept: capitals and digits. Raises Invalid for anything that can't be one."""
    normal = "".join(code.split()).upper()
    if not CODE.fullmatch(normal):
        raise Invalid("A code has 3 to 24 letters and digits.")
    return normal


@transaction.atomic
def save_coupon(coupon: Coupon, *, actor: str) -> Coupon:
    """Make or change a coupon. Its promotion needs a code from then on."""
    coupon.code = normal_code(coupon.code)
    names = [field.name for field in Coupon._meta.concrete_fields if not field.primary_key]
    if coupon.pk:
        coupon.save(update_fields=[name for name in names if name != "used_count"])
    else:
        coupon.save()
    if not coupon.promotion.needs_code:
        coupon.promotion.needs_code = True
        save_promotion(coupon.promotion, actor=actor)
    return coupon


def join_segment(*, user_id: int, segment: str, until: datetime | None = None) -> None:
    """Put somebody into a segment until a day, or for ever; the latest word counts."""
    SegmentMember.objects.update_or_create(user_id=user_id, segment=segment, defaults={"until": until})


@transaction.atomic
def reserve(*, ref: UUID, customer_id: int, uses: Sequence[Use], now: datetime) -> None:
    """Count these uses for an order, all or nothing. Raises PromotionGone when a limit would be exceeded meanwhile.

    Each promotion's row is locked by its own update, in order of ids, before a person's uses are counted: two checkouts
    of one person can't both be the last. Orders are locked before promotions, payments and stock after them.
    """
    for use in sorted(uses, key=lambda use: use.promotion_id):
        # The CHECKs would refuse as well, but with an error that ends the transaction.
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE catalog_promotion SET used_count = used_count + 1, used_paise = used_paise + %(paise)s,"
                " used_units = used_units + %(units)s WHERE id = %(id)s AND is_active"
                " AND (max_uses IS NULL OR used_count + 1 <= max_uses)"
                " AND (budget_paise IS NULL OR used_paise + %(paise)s <= budget_paise)"
                " AND (max_units IS NULL OR used_units + %(units)s <= max_units)"
                " AND starts_at <= %(now)s AND (ends_at IS NULL OR ends_at > %(now)s)"
                " RETURNING max_uses_per_customer, name",
                {"id": use.promotion_id, "paise": use.paise, "units": use.units, "now": now},
            )
            found = cursor.fetchone()
        if found is None:
            raise PromotionGone(promotion_id=use.promotion_id)
        own, name = found
        live = PromotionUse.objects.filter(promotion_id=use.promotion_id, customer_id=customer_id, given_back_at=None)
        if own is not None and live.count() >= own:
            raise PromotionGone(
                say("You have used {name} as often as it can be used.", name=name), promotion_id=use.promotion_id
            )
        if use.coupon_id is not None and not _count_coupon(use.coupon_id):
            raise PromotionGone("This code has been used.", promotion_id=use.promotion_id)
    PromotionUse.objects.bulk_create(
        PromotionUse(
            promotion_id=use.promotion_id,
            coupon_id=use.coupon_id,
            customer_id=customer_id,
            ref=ref,
            paise=use.paise,
            units=use.units,
            at=now,
        )
        for use in uses
    )


def _count_coupon(coupon_id: int) -> bool:
    coupons = Coupon.objects.filter(pk=coupon_id, is_active=True)
    counted = coupons.exclude(max_uses__isnull=False, used_count__gte=F("max_uses"))
    return counted.update(used_count=F("used_count") + 1) == 1


@transaction.atomic
def give_back(*, ref: UUID, now: datetime) -> int:
    """The order is cancelled: its uses count no longer. Returns how many; silent when repeated."""
    uses = list(
        PromotionUse.objects.filter(ref=ref, given_back_at=None)
        .order_by("promotion_id")
        .select_for_update(of=("self",))
    )
    for use in uses:
        Promotion.objects.filter(pk=use.promotion_id).update(
            used_count=F("used_count") - 1,
            used_paise=F("used_paise") - use.paise,
            used_units=F("used_units") - use.units,
        )
        if use.coupon_id is not None:
            Coupon.objects.filter(pk=use.coupon_id).update(used_count=F("used_count") - 1)
    PromotionUse.objects.filter(pk__in=[use.pk for use in uses]).update(given_back_at=now)
    return len(uses)
