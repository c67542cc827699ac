"""Where riders without work should wait: near the stores whose orders are expected."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING

from delivery.dispatch.problem import Move, TravelFn

if TYPE_CHECKING:
    from delivery.dispatch.board import Board


def where_to_wait(board: Board, travel: TravelFn, *, busy: Iterable[Hashable]) -> list[Move]:
    return []
