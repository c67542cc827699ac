"""Every write of the goods. Each function is one complete act."""

from catalog.services.findability import (
    approve_synonyms,
    load_synonyms,
    log_search,
    refresh_search,
    synonyms_changed,
    write_search_log,
)
from catalog.services.shelf import put_on_shelf, refresh_shelf, set_active, set_listed, set_price, shelf_changed
from catalog.services.stores import join_waitlist, save_store, set_store_mode, write_store_load

__all__ = [
    "approve_synonyms",
    "join_waitlist",
    "load_synonyms",
    "log_search",
    "put_on_shelf",
    "refresh_search",
    "refresh_shelf",
    "save_store",
    "set_active",
    "set_listed",
    "set_price",
    "set_store_mode",
    "shelf_changed",
    "synonyms_changed",
    "write_search_log",
    "write_store_load",
]
