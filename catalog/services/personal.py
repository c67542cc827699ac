"""What catalog holds on a person: hearts, lists, what they wait for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from accounts.models import User
from catalog.models import SegmentMember, Waitlist
from catalog.wishes import FavouriteItem, RestockAlert, ShoppingList, ShoppingListItem


def held(*, user_id: int) -> dict[str, Any]:
    items = ShoppingListItem.objects.filter(list__customer_id=user_id)
    return {
        "favourites": list(FavouriteItem.objects.filter(customer_id=user_id).values("product__sku", "created_at")),
        "lists": list(items.values("list__name", "product__sku", "qty", "added_at")),
        "waiting_for": list(
            RestockAlert.objects.filter(customer_id=user_id).values("product__sku", "store__code", "created_at")
        ),
    }


def forget(*, user_id: int, now: datetime) -> None:
    """All of it goes: nothing else hangs on it."""
    FavouriteItem.objects.filter(customer_id=user_id).delete()
    ShoppingList.objects.filter(customer_id=user_id).delete()
    RestockAlert.objects.filter(customer_id=user_id).delete()
    Waitlist.objects.filter(phone__in=User.objects.filter(pk=user_id).values("phone")).delete()
    SegmentMember.objects.filter(user_id=user_id).delete()
