"""Programs of partners: their keys."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction

from blinkit.kernel import events
from inventory.events import ApiClientChanged
from inventory.partners import ApiClient

PREFIX = "bks_"
USED_EVERY = timedelta(minutes=1)


@transaction.atomic
def make_client(
    *,
    name: str,
    store_ids: Iterable[int],
    now: datetime,
    may_read: bool = True,
    may_write: bool = False,
    per_minute: int = 120,
    actor: str = "system",
) -> tuple[ApiClient, str]:
    """A new client and its key, which nobody can read again."""
    key = _new_key()
    made = ApiClient.objects.create(
        name=name.strip(), key_start=key[:12], key_hash=hashed(key), may_read=may_read, may_write=may_write,
        per_minute=per_minute, created_at=now,
    )  # fmt: skip
    made.stores.set(store_ids)
    _note(made, "made", actor)
    return made, key


@transaction.atomic
def renew_key(*, client_id: int, actor: str, now: datetime) -> str:
    """A new key for a client: the one before works no more, a revoked client works again. What it has said stays."""
    client = ApiClient.objects.select_for_update().get(pk=client_id)
    key = _new_key()
    client.key_start, client.key_hash, client.revoked_at = key[:12], hashed(key), None
    client.save(update_fields=["key_start", "key_hash", "revoked_at"])
    _note(client, "got a new key", actor)
    return key


@transaction.atomic
def revoke(*, client_id: int, actor: str, now: datetime) -> None:
    """The key works no more, from the next request on. Silent when repeated."""
    client = ApiClient.objects.select_for_update().get(pk=client_id)
    if client.revoked_at is None:
        client.revoked_at = now
        client.save(update_fields=["revoked_at"])
        _note(client, "revoked", actor)


def client_of(key: str, *, now: datetime) -> ApiClient | None:
    """Whose key this is; None for nobody's and for a revoked one. Notes its use, once a minute."""
    found = ApiClient.objects.filter(key_hash=hashed(key), revoked_at=None).first()
    if found is not None and (found.last_used_at is None or found.last_used_at < now - USED_EVERY):
        ApiClient.objects.filter(pk=found.pk).update(last_used_at=now)
    return found


def hashed(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _new_key() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def _note(client: ApiClient, what: str, actor: str) -> None:
    events.record(
        ApiClientChanged(client_id=client.pk, name=client.name, what=what), subject=f"client:{client.pk}", actor=actor
    )


def note_changed(*, client_id: int, actor: str) -> None:
    """What it may do was changed in the administration: an audit line."""
    _note(ApiClient.objects.get(pk=client_id), "changed", actor)
