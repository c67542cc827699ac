"""Every write of the goods. Each function is one complete act."""

from catalog.services.findability import (
    approve_synonyms,
    count_searches,
    dismiss_search,
    load_synonyms,
    log_search,
    mend_search,
    refresh_search,
    synonyms_changed,
    write_search_log,
)
from catalog.services.shelf import put_on_shelf, refresh_shelf, set_active, set_listed, set_price, shelf_changed
from catalog.services.stores import join_waitlist, save_store, set_store_mode, write_store_load
from catalog.services.wishes import (
    add_favourite,
    ask_for_restock,
    delete_list,
    forget_restock,
    pair_by_hand,
    remove_favourite,
    replace_learned,
    restock_told,
    save_list,
    set_list_item,
)

__all__ = [
    "add_favourite",
    "approve_synonyms",
    "ask_for_restock",
    "count_searches",
    "delete_list",
    "dismiss_search",
    "forget_restock",
    "join_waitlist",
    "load_synonyms",
    "log_search",
    "mend_search",
    "pair_by_hand",
    "put_on_shelf",
    "refresh_search",
    "refresh_shelf",
    "remove_favourite",
    "replace_learned",
    "restock_told",
    "save_list",
    "save_store",
    "set_active",
    "set_list_item",
    "set_listed",
    "set_price",
    "set_store_mode",
    "shelf_changed",
    "synonyms_changed",
    "write_search_log",
    "write_store_load",
]
