"""Which waiting orders one picker takes on one walk. Plain Python: no Django."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

from fulfillment import pickroute


@dataclass(frozen=True, slots=True)
class Candidate:
    id: Hashable
    due_s: float
    items: Sequence[pickroute.Item]


@dataclass(frozen=True, slots=True)
class Cluster:
    ids: tuple[Hashable, ...] = field(default=())


def choose(first: Candidate, others: Sequence[Candidate], *, most: int = 4) -> Cluster:
    return Cluster((first.id,))
