"""What the demo city gives: a membership, what members get, a cashback, and a referral programme."""

from __future__ import annotations

from datetime import datetime

from catalog import services
from catalog.models import Promotion, PromotionKind, ReferralPolicy
from catalog.promotions import MEMBERS
from payments.models import MembershipPlan

ACTOR = "system"
FREE_DELIVERY = "Free delivery for members"
CASHBACK = "5 % cashback"


def make(*, now: datetime) -> int:
    """Make what is not there yet. Returns how many rows; what an administrator changed or switched off stays so."""
    made = 0
    if not MembershipPlan.objects.exists():
        MembershipPlan.objects.create(
            name="Plus", price_paise=9_900, days=30,
            gives="Free delivery on every order, however small\nOnly the extra for a long way is paid, to the rider",
            gives_hi="हर ऑर्डर पर डिलीवरी मुफ़्त, छोटा हो तब भी\nसिर्फ़ बहुत लंबी दूरी का अतिरिक्त लगता है, वह राइडर को मिलता है",
        )  # fmt: skip
        made += 1
    wanted = [
        Promotion(name=FREE_DELIVERY, kind=PromotionKind.FREE_DELIVERY, segment=MEMBERS, starts_at=now),
        Promotion(
            name=CASHBACK, kind=PromotionKind.CASHBACK, percent_bp=500, cap_paise=5_000, min_items_paise=29_900,
            starts_at=now,
        ),
    ]  # fmt: skip
    there = set(Promotion.objects.filter(name__in=[FREE_DELIVERY, CASHBACK]).values_list("name", flat=True))
    for promotion in wanted:
        if promotion.name not in there:
            services.save_promotion(promotion, actor=ACTOR)
            made += 1
    if not ReferralPolicy.objects.exists():
        services.save_referral_policy(
            ReferralPolicy(
                referrer_paise=10_000, newcomer_paise=5_000, min_order_paise=19_900, credit_days=60, most_per_month=10,
                budget_paise=5_000_000,
            ),
            actor=ACTOR,
        )  # fmt: skip
        made += 1
    return made
