"""Conditions of a question put to the listings of a line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from catalog.baskets.asked import Condition
from catalog.baskets.reading import Candidate
from catalog.market_queries.rows import Listed
from catalog.search.folding import words

_TEXTS = frozenset({"brand", "name", "platform", "category", "item", "pack"})
_FIGURES = {"price": "price_paise", "unit_price": "unit_paise", "discount": "discount_bp", "mrp": "mrp_paise"}


def filtered(filters: Sequence[Condition], found: Sequence[Candidate]) -> tuple[list[Candidate], tuple[str, ...]]:
    """What meets all conditions, and those that baskets don't know."""
    kept, not_used = list(found), []
    for condition in filters:
        holds = _test(condition)
        if holds is None:
            not_used.append(getattr(condition, "said", "") or condition.field)
        else:
            kept = [it for it in kept if holds(it.listed)]
    return kept, tuple(not_used)


def _test(condition: Condition) -> Callable[[Listed], bool] | None:
    entity, _, name = condition.field.rpartition(".")
    op, values = str(condition.op), list(condition.values)
    if entity not in ("", "listing") or not values:
        return None
    if name in _TEXTS and op in ("eq", "in", "not", "has"):
        sought = {" ".join(words(str(value))) for value in values}
        return lambda listed: _says(" ".join(words(str(getattr(listed, name)))), op, sought)
    if name in _FIGURES and op in ("lt", "le", "gt", "ge", "eq", "between"):
        return lambda listed: _is_within(getattr(listed, _FIGURES[name]), op, values)
    return None


def _says(text: str, op: str, sought: set[str]) -> bool:
    if op == "has":
        return all(word in text for one in sought for word in one.split())
    return (text in sought) != (op == "not")


def _is_within(figure: int | None, op: str, values: Sequence[Any]) -> bool:
    if figure is None:
        return False
    first = float(values[0])
    return {
        "lt": figure < first, "le": figure <= first, "gt": figure > first, "ge": figure >= first,
        "eq": figure == first, "between": first <= figure <= float(values[-1]),
    }[op]  # fmt: skip
