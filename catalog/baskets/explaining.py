"""The plan in words: its steps, and why a line was left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from blinkit.kernel.money import rupees
from blinkit.kernel.said import Said, say
from catalog.baskets.answer import AskedLine, LeftOut, Order, Split, Step
from catalog.baskets.counters import Counter
from catalog.baskets.needs import Need


def chosen_step(things: int) -> Step:
    return Step("choose", say("{n} different things looked at, what most platforms sell first.", n=things))


def priced_step(lines: Sequence[AskedLine], orders: Sequence[Order]) -> Step:
    if not orders:
        return Step("price", say("No platform sells anything of this here just now."))
    some = {it.line for order in orders for it in order.taken}
    complete = sum(len(order.taken) == len(some) for order in orders)
    said = say(
        "{n} lines priced on {m} platforms with all fees; {k} have all that anybody has.",
        n=len(lines), m=len(orders), k=complete,
    )  # fmt: skip
    return Step("price", said)


def split_steps(split: Split | None, budget: int | None, lines: Sequence[AskedLine]) -> list[Step]:
    if split is None:
        if budget is None:
            return []
        return [Step("fit", say("Nothing of it fits {budget} with the fees.", budget=rupees(budget)))]
    told: dict[str, Said] = {}
    if budget is not None:
        told["fit"] = say(
            "{n} of {m} things fit {budget}: as many as possible, then as cheap as possible.",
            n=len(lines) - len(split.missing), m=len(lines), budget=rupees(budget),
        )  # fmt: skip
    names = ", ".join(order.platform_name for order in split.orders)
    told["share"] = say("{total} in all, ordered from {names}.", total=rupees(split.total_paise), names=names)
    if split.saves_paise and len(split.orders) > 1:
        told["save"] = say("{saved} less than everything from one platform.", saved=rupees(split.saves_paise))
    if budget is not None:
        told["left"] = say("{left} is left.", left=rupees(budget - split.total_paise))
    if not split.is_exact:
        told["limit"] = say("There was no time to try every way: a cheaper one may exist.")
    return [Step(name, said) for name, said in told.items()]


def left_out_of(
    missing: Iterable[int], needs: Sequence[Need], counters: Sequence[Counter], budget: int | None
) -> list[LeftOut]:
    return [LeftOut(line, _why(needs[line], line, counters, budget)) for line in missing]


def _why(need: Need, line: int, counters: Sequence[Counter], budget: int | None) -> Said:
    costs = [cost.paise for counter in counters if (cost := counter.shop.costs[line]) is not None]
    if not costs and need.is_sold:
        return say("Only in packs that cannot be compared with this amount.")
    if not costs:
        return say("Nobody sells it here just now.")
    if budget is None:
        return say("No platform takes an order as small as this.")
    return say("From {price}: more than what is left of {budget}.", price=rupees(min(costs)), budget=rupees(budget))
