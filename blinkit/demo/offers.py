"""What the demo city gives: a membership, what members get, a cashback, a code, credit, and a referral programme."""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts.models import User
from blinkit.demo.people import customers
from catalog import services
from catalog.models import Coupon, Promotion, PromotionKind, ReferralPolicy
from catalog.promotions import MEMBERS
from payments import services as money
from payments.models import MembershipPlan, MembershipPurchase, Source, Wallet

ACTOR = "system"
FREE_DELIVERY = "Free delivery for members"
CASHBACK = "5 % cashback"
WELCOME, WELCOME_CODE = "₹50 off a first order", "WELCOME50"


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
        Promotion(
            name=WELCOME, kind=PromotionKind.FLAT, amount_paise=5_000, min_items_paise=19_900, first_order=True,
            needs_code=True, starts_at=now,
        ),
    ]  # fmt: skip
    there = set(Promotion.objects.filter(name__in=[it.name for it in wanted]).values_list("name", flat=True))
    for promotion in wanted:
        if promotion.name not in there:
            services.save_promotion(promotion, actor=ACTOR)
            made += 1
            if promotion.needs_code:
                services.save_coupon(Coupon(code=WELCOME_CODE, promotion=promotion, starts_at=now), actor=ACTOR)
    if not ReferralPolicy.objects.exists():
        services.save_referral_policy(
            ReferralPolicy(
                referrer_paise=10_000, newcomer_paise=5_000, min_order_paise=19_900, credit_days=60, most_per_month=10,
                budget_paise=5_000_000,
            ),
            actor=ACTOR,
        )  # fmt: skip
        made += 1
    return made + _fill_wallets(now=now)


def _fill_wallets(*, now: datetime) -> int:
    """The first customer has something to spend, the second is a member, while nobody has a wallet yet."""
    if Wallet.objects.exists():
        return 0
    first, second = (User.objects.get(phone=person.phone) for person in customers()[:2])
    plan = MembershipPlan.objects.filter(is_active=True).first()
    gifts = [(first, 15_000), (second, 5_000 + (plan.price_paise if plan else 0))]
    for user, paise in gifts:
        money.credit_wallet(
            customer_id=user.pk, amount_paise=paise, source=Source.CASHBACK, key=f"demo:{user.pk}",
            reason="Welcome to the demo", expires_at=now + timedelta(days=90), now=now,
        )  # fmt: skip
    if plan and not MembershipPurchase.objects.exists():
        money.buy_membership(customer_id=second.pk, plan_id=plan.pk, method="wallet", key="demo", now=now)
    return len(gifts)
