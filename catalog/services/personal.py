"""What catalog holds on a person: hearts, lists, what they wait for, whose code brought them and whom theirs did."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from accounts.models import User
from catalog.market import MarketAlert
from catalog.models import Coupon, PriceWatch, Referral, ReferralCode, ReferralState, SegmentMember, Waitlist
from catalog.wishes import FavouriteItem, RestockAlert, ShoppingList, ShoppingListItem


def held(*, user_id: int) -> dict[str, Any]:
    items = ShoppingListItem.objects.filter(list__customer_id=user_id)
    return {
        "favourites": list(FavouriteItem.objects.filter(customer_id=user_id).values("product__sku", "created_at")),
        "lists": list(items.values("list__name", "product__sku", "qty", "added_at")),
        "waiting_for": list(
            RestockAlert.objects.filter(customer_id=user_id).values("product__sku", "store__code", "created_at")
        ),
        "prices_watched": list(
            PriceWatch.objects.filter(customer_id=user_id).values(
                "product__sku", "store__code", "seen_paise", "is_asked", "is_favourite", "created_at"
            )
        ),
        "market_alerts": list(
            MarketAlert.objects.filter(user_id=user_id).values(
                "kind", "product__sku", "category__slug", "platform__slug", "below_paise", "created_at"
            )
        ),
        "waiting_for_us": list(
            Waitlist.objects.filter(phone__in=User.objects.filter(pk=user_id).values("phone")).values(
                "lat", "lng", "created_at", "told_at"
            )
        ),
        "groups": list(SegmentMember.objects.filter(user_id=user_id).values("segment", "until")),
        "coupons": list(Coupon.objects.filter(customer_id=user_id).values("code", "ends_at")),
        "own_code": list(ReferralCode.objects.filter(user_id=user_id).values("code", "devices", "created_at")),
        "came_by_a_friend": list(
            Referral.objects.filter(newcomer_id=user_id).values("state", "device", "entered_at", "newcomer_paise")
        ),
        # When, not who: the friend is another person.
        "friends_brought": list(
            Referral.objects.filter(referrer_id=user_id).values("state", "entered_at", "referrer_paise")
        ),
    }


def forget(*, user_id: int, now: datetime) -> None:
    """All of it goes, but who came by whom (two numbers) and the hash of the newcomer's device: books and limits hang
    on them, and one device brings one newcomer. A code that waits for a first order earns nothing any more."""
    FavouriteItem.objects.filter(customer_id=user_id).delete()
    ShoppingList.objects.filter(customer_id=user_id).delete()
    RestockAlert.objects.filter(customer_id=user_id).delete()
    Waitlist.objects.filter(phone__in=User.objects.filter(pk=user_id).values("phone")).delete()
    SegmentMember.objects.filter(user_id=user_id).delete()
    PriceWatch.objects.filter(customer_id=user_id).delete()
    MarketAlert.objects.filter(user_id=user_id).delete()
    ReferralCode.objects.filter(user_id=user_id).delete()
    Referral.objects.filter(newcomer_id=user_id, state=ReferralState.WAITING).update(
        state=ReferralState.REFUSED, why="forgotten", decided_at=now
    )
