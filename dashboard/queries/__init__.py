"""Reads for operations: the live board, the order desk, today's figures."""

from dashboard.queries.board import AtRisk, Board, RiderDot, StateCount, StoreRow, Today, board, board_lately, board_now
from dashboard.queries.desk import PAGE, Desk, desk, order_list
from dashboard.queries.today import Waiting, landing

__all__ = [
    "PAGE",
    "AtRisk",
    "Board",
    "Desk",
    "RiderDot",
    "StateCount",
    "StoreRow",
    "Today",
    "Waiting",
    "board",
    "board_lately",
    "board_now",
    "desk",
    "landing",
    "order_list",
]
