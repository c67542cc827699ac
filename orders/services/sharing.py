"""A shopping list shown to somebody else: a signed link that carries no name and no right but to read and copy."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.core import signing
from django.db import transaction

from catalog import services as catalog_services
from catalog.errors import ListNameTaken, NoSuchList
from catalog.wishes import ShoppingList, ShoppingListItem

SALT = "orders.shared-list"
GOOD_FOR = timedelta(days=30)


def share_token(*, customer_id: int, list_id: UUID) -> str:
    """What stands in the link of one's own list. Good for GOOD_FOR, and until the list is thrown away. Raises
    NoSuchList."""
    if not ShoppingList.objects.filter(pk=list_id, customer_id=customer_id).exists():
        raise NoSuchList()
    return signing.dumps(list_id.hex, salt=SALT)


def shared_list_id(token: str) -> UUID:
    """The list a link shows. Raises NoSuchList for one that is not ours, too old, or of a list that is gone."""
    try:
        list_id = UUID(signing.loads(token, salt=SALT, max_age=GOOD_FOR))
    except (signing.BadSignature, ValueError, TypeError):
        raise NoSuchList("This link is not good (any more). Ask for a new one.") from None
    if not ShoppingList.objects.filter(pk=list_id).exists():
        raise NoSuchList("This list is gone.")
    return list_id


@transaction.atomic
def copy_shared_list(*, token: str, customer_id: int, now: datetime) -> ShoppingList:
    """One's own copy of a list somebody shared; what they change afterwards does not reach it. One's own list is not
    copied, and a second copy of the same name is named apart. Raises NoSuchList, TooManyWishes."""
    source = ShoppingList.objects.get(pk=shared_list_id(token))
    if source.customer_id == customer_id:
        return source
    mine = _named_apart(source.name, customer_id=customer_id, now=now)
    items = ShoppingListItem.objects.filter(list=source).values_list("product_id", "qty")
    ShoppingListItem.objects.bulk_create(
        ShoppingListItem(list=mine, product_id=product_id, qty=qty, added_at=now) for product_id, qty in items
    )
    return mine


def _named_apart(name: str, *, customer_id: int, now: datetime) -> ShoppingList:
    for number in range(1, 100):
        tried = name if number == 1 else f"{name[:55]} {number}"
        try:
            return catalog_services.save_list(customer_id=customer_id, name=tried, now=now)
        except ListNameTaken:
            continue
    raise ListNameTaken()
