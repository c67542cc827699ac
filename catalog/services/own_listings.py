"""Ourselves among the platforms: which one we are, and which of our prices changed a moment ago.

What changed is noted in Redis with the commit and taken by a task seconds later (inventory.services.own_market, which
knows what is sold out). A note that is lost is made good by the task that looks at everything.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from django.conf import settings
from django.db import transaction
from django.utils.text import slugify

from blinkit.kernel.after_commit import gather
from blinkit.kernel.redis_client import client, key
from catalog.market import Platform

log = structlog.get_logger(__name__)

ALL = 0
"""Instead of a product: everything of the store."""
NAMED_AT_MOST = 200
TAKEN_AT_ONCE = 5_000


@transaction.atomic
def our_platform() -> Platform:
    """The platform that is ourselves: the one marked so, else the one called as SHOP_NAME, made if it is not there."""
    found = Platform.objects.filter(is_ours=True).first()
    if found is None:
        name = settings.SHOP_NAME
        slug = slugify(name)[:50] or "us"
        found, _ = Platform.objects.get_or_create(slug=slug, defaults={"name": name[:60]})
        found.is_ours = True
        found.save(update_fields=["is_ours"])
    return found


def note_changed(store_id: int, product_ids: Sequence[int]) -> None:
    """These prices of a store changed (all, when none or very many are named). After the commit; never raises."""
    named: Sequence[int] = product_ids if 0 < len(product_ids) <= NAMED_AT_MOST else [ALL]
    for product_id in named:
        gather(_note, f"{store_id}:{product_id}")


def take_changed() -> dict[int, set[int]]:
    """What was noted since the last time: products by store, {ALL} for everything. Empty without Redis."""
    found: dict[int, set[int]] = {}
    try:
        taken = client().spop(key("market:own"), TAKEN_AT_ONCE)
    except Exception as error:
        log.warning("changed prices of our own cannot be read", error=repr(error))
        return {}
    for one in taken or []:  # type: ignore[union-attr]
        store_id, product_id = map(int, str(one).split(":"))
        found.setdefault(store_id, set()).add(product_id)
    return found


def _note(changed: list[str]) -> None:
    try:
        client().sadd(key("market:own"), *dict.fromkeys(changed))
    except Exception as error:
        log.warning("changed prices of our own not noted", error=repr(error))
