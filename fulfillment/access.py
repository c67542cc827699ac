"""Who may do what on which floor. Pickers and managers work in the stores they belong to; operations and
administrators look at every store."""

from __future__ import annotations

from typing import Any

from blinkit.kernel.errors import NotAllowed, NotFound
from blinkit.kernel.permissions import roles_of
from catalog.models import Store, StoreMembership
from fulfillment.errors import OtherStore

WORKERS = frozenset({"picker", "store_manager"})
READERS = frozenset({"ops", "admin"})
EVERYBODY = ("picker", "store_manager", "ops", "admin")


def store_to_see(user: Any, code: str) -> Store:
    """The store, for anybody who may look at its floor. Raises NotAllowed, OtherStore, NotFound."""
    roles = roles_of(user)
    if roles.isdisjoint(WORKERS | READERS):
        raise NotAllowed("This is for the people of a store's floor.")
    store = _store(code)
    if roles.isdisjoint(READERS):
        _need_member(user, store)
    return store


def store_to_work_in(user: Any, code: str) -> Store:
    """The store, for its pickers and managers. Raises NotAllowed, OtherStore, NotFound."""
    return _store_of_member(user, code, WORKERS, "Only pickers and managers of this store can do that.")


def store_to_manage(user: Any, code: str) -> Store:
    """The store, for its manager. Raises NotAllowed, OtherStore, NotFound."""
    return _store_of_member(user, code, frozenset({"store_manager"}), "Only the store's manager can do that.")


def store_to_oversee(user: Any, code: str) -> Store:
    """The store, for those who answer for its floor: its manager, operations and administrators.

    Raises NotAllowed, OtherStore, NotFound.
    """
    if not roles_of(user).isdisjoint(READERS):
        return _store(code)
    return store_to_manage(user, code)


def own_store(user: Any) -> Store | None:
    """The first store this person works in."""
    row = StoreMembership.objects.filter(user_id=user.pk).select_related("store").order_by("store_id").first()
    return row.store if row else None


def standing(user: Any, store: Store) -> tuple[bool, bool]:
    """Whether the buttons for working and for managing are for this person; the acts themselves check again."""
    roles = roles_of(user)
    member = not roles.isdisjoint(WORKERS) and _is_member(user, store)
    return member, member and "store_manager" in roles


def _store_of_member(user: Any, code: str, roles: frozenset[str], sentence: str) -> Store:
    if roles_of(user).isdisjoint(roles):
        raise NotAllowed(sentence)
    store = _store(code)
    _need_member(user, store)
    return store


def _store(code: str) -> Store:
    store = Store.objects.filter(code=code).first()
    if store is None:
        raise NotFound("There is no such store.")
    return store


def _need_member(user: Any, store: Store) -> None:
    if not _is_member(user, store):
        raise OtherStore("You do not work in this store.")


def _is_member(user: Any, store: Store) -> bool:
    return StoreMembership.objects.filter(user_id=user.pk, store=store).exists()
