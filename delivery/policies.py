"""What a city asks of riders at its doors."""

from __future__ import annotations

from delivery.doors import DoorPolicy


def policy_at(store_id: int) -> DoorPolicy:
    """The policy of the store's city; the defaults when nobody wrote one. One statement."""
    return DoorPolicy.objects.filter(city__stores=store_id).first() or DoorPolicy()
