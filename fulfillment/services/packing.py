"""Close the bags, weigh them where there is a scale, and put them on the handover shelf."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.db import transaction
from django.db.models import Case, IntegerField, Q, Value, When

from blinkit.kernel import events
from blinkit.kernel.errors import Invalid
from blinkit.kernel.said import say, together
from fulfillment.errors import BagWeightOff, LinesOpen, NoFreeSlot, WeightMissing
from fulfillment.events import TaskPacked
from fulfillment.models import Bag, PickLine, PickTask, ShelfSlot, TaskState
from fulfillment.packing_rules import Scale, rule_of
from fulfillment.services.inside import hint, lock_with_order, need_in_hand
from fulfillment.services.life import write_load
from orders import bagging
from orders import services as orders
from orders.bagging import Goods, Kind, PackedBag, Verdict

MOST_BAGS = 12
MOST_BAG_G = 40_000
"""More than this is no bag on a scale but a typing mistake."""
LONGEST_REASON = 120
COLD = frozenset({"chilled", "frozen"})
SLOT_LENGTH = 12
_BAG_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # nothing that is read as something else
_WITH_GOODS = ("product", "product__category")

Counts = Mapping[str, int] | int | None


@transaction.atomic
def pack(
    *,
    task_id: UUID,
    picker_id: int,
    bags: Counts = None,
    weights: Sequence[int] | None = None,
    weight_reason: str = "",
    now: datetime,
) -> list[Bag]:
    """Close the bags and put them on a free shelf slot; the order becomes PACKED.

    `bags`: how many per kind ({"ambient": 1, "nonfood": 1, "frozen": 1}), or how many in all (of the kind most items
    are of), or None for `suggested_bags`; what is not food gets a bag of its own in any case. `weights`: grams per bag
    in the order they are numbered, 0 for one not weighed; outside the tolerance a `weight_reason` is needed. Each bag
    gets its printed code ("K7Q2MX-1/2"). Silent when repeated: the first bags are the answer. Raises NotYourTask,
    LinesOpen(open), NoFreeSlot, Invalid, BagWeightOff(bags), WeightMissing(missing).
    """
    task, _order = lock_with_order(task_id)
    if task.state in (TaskState.PACKED, TaskState.HANDED_OVER) and task.picker_id == picker_id:
        return list(task.bags.order_by("pk"))
    need_in_hand(task, picker_id)
    lines = list(task.lines.select_related(*_WITH_GOODS))
    if still_open := [line.pk for line in lines if line.done_at is None]:
        raise LinesOpen(_still_open(len(still_open)), open=still_open)
    plan = planned_bags(lines, bags)
    verdicts = _judged(plan, weights)
    reason = weight_reason.strip()[:LONGEST_REASON]
    if not reason:
        _need_weights(task.store_id, verdicts)
        if off := _off(verdicts):
            raise BagWeightOff(together(said for _n, _v, said in off), bags=[_as_json(n, v, s) for n, v, s in off])
    slot, cold = _take_slots(task, plan)
    made = _make_bags(task, plan, verdicts, slot, cold)
    task.state, task.packed_at = TaskState.PACKED, now
    task.picked_at = task.picked_at or now
    task.save(update_fields=["state", "packed_at", "picked_at"])
    actor = f"user:{picker_id}"
    codes = [bag.code for bag in made]
    shelf = _shelf_words(slot, cold)
    volume_ml = sum(bag.volume_ml for bag in plan)
    orders.packed(order_id=task.order_id, bag_codes=codes, shelf_slot=shelf, volume_ml=volume_ml, actor=actor, now=now)
    found = [
        {"product": line.product_id, "qty": line.qty, "picked": line.picked_qty, "short": line.short_qty}
        for line in lines
    ]
    detail: dict[str, Any] = {"lines": found, "bags": codes, "slot": shelf}
    if any(verdict.actual_g for verdict in verdicts):
        detail["weights"] = [_as_json(number, verdict) for number, verdict in enumerate(verdicts, start=1)]
    if reason:
        detail["weight_reason"] = reason
    orders.evidence(order_id=task.order_id, kind="packed", detail=detail, actor=actor, now=now)
    packed = TaskPacked(
        task_id=task.pk,
        order_id=task.order_id,
        store_code=task.store.code,
        bags=len(made),
        pick_s=round((task.picked_at - (task.started_at or task.opened_at)).total_seconds()),
        pack_s=round((now - task.picked_at).total_seconds()),
    )
    events.record(packed, subject=f"order:{task.order_id}", actor=actor)
    hint(task)
    write_load(store_id=task.store_id, now=now)
    return made


@transaction.atomic
def weigh(
    *, task_id: UUID, picker_id: int, weights: Sequence[int], bags: Counts = None, now: datetime
) -> list[dict[str, Any]]:
    """What the scale says about the bags before they are closed, one answer per bag: `verdict` right, lighter, heavier
    or unweighed, `off_g`, `words` that name the line whose weight fits best.

    A weighing outside the tolerance is kept as evidence, also when the bag is right the next time. Writes nothing else.
    Raises NotYourTask, Invalid.
    """
    task, _order = lock_with_order(task_id)
    need_in_hand(task, picker_id)
    plan = planned_bags(list(task.lines.select_related(*_WITH_GOODS)), bags)
    verdicts = _judged(plan, weights)
    off = {number: said for number, _verdict, said in _off(verdicts)}
    answers = [_as_json(number, verdict, off.get(number, "")) for number, verdict in enumerate(verdicts, start=1)]
    if off:
        detail = {"bags": [answer for answer in answers if answer["words"]]}
        orders.evidence(order_id=task.order_id, kind="weighed", detail=detail, actor=f"user:{picker_id}", now=now)
    return answers


def suggested_bags(lines: Iterable[PickLine]) -> dict[str, int]:
    """Bags per kind for what was found (lines with their products): cold things and what is not food apart, no bag
    above what one carries and holds (orders.bagging)."""
    return cast(dict[str, int], bagging.suggest(goods_of(lines)))


def planned_bags(lines: Iterable[PickLine], bags: Counts = None) -> list[PackedBag]:
    """Which units go into which bag. `bags` as `pack` takes them. Raises Invalid."""
    goods = goods_of(lines)
    plan = bagging.fill(goods, _counts(bags, goods))
    if not 1 <= len(plan) <= MOST_BAGS:
        raise Invalid(say("Between 1 and {most} bags are possible.", most=MOST_BAGS), most=MOST_BAGS)
    return plan


def goods_of(lines: Iterable[PickLine]) -> list[Goods]:
    """What is in the tote, as bags see it. Of products without an HSN code the category is read."""
    return [
        bagging.goods(
            id=line.pk,
            name=line.product.name,
            qty=line.picked_qty,
            zone=line.zone,
            hsn=line.product.hsn,
            category=line.product.category.slug,
            weight_g=line.product.weight_g,
            pack_size=line.product.pack_size,
            pack_unit=line.product.pack_unit,
        )
        for line in lines
        if line.picked_qty
    ]


def _counts(bags: Counts, goods: Sequence[Goods]) -> dict[Kind, int] | None:
    """How many bags of each kind are asked for; None leaves it to the suggestion. Raises Invalid."""
    if bags is None:
        return None
    if isinstance(bags, int):
        lines = Counter(line.kind for line in goods)
        bags = {lines.most_common(1)[0][0] if lines else "ambient": bags}
    wanted: Counter[str] = Counter()
    for kind, count in bags.items():
        wanted["ambient" if kind == "produce" else kind] += count
    if unknown := [kind for kind in wanted if kind not in bagging.KINDS]:
        raise Invalid(f"There are no bags for “{unknown[0][:20]}”.", zones=list(bagging.KINDS))
    if any(count < 0 for count in bags.values()) or not 1 <= sum(wanted.values()) <= MOST_BAGS:
        raise Invalid(say("Between 1 and {most} bags are possible.", most=MOST_BAGS), most=MOST_BAGS)
    return {kind: wanted[kind] for kind in bagging.KINDS}


# -- the scale ---------------------------------------------------------------------------------------------------------


def _judged(plan: Sequence[PackedBag], weights: Sequence[int] | None) -> list[Verdict]:
    given = list(weights or [])
    if len(given) > len(plan) or any(not 0 <= grams <= MOST_BAG_G for grams in given):
        raise Invalid(
            say("One weight per bag, in grams, up to {most}.", most=MOST_BAG_G), most=MOST_BAG_G, bags=len(plan)
        )
    return bagging.judge_all(plan, given)


def _need_weights(store_id: int, verdicts: Sequence[Verdict]) -> None:
    missing = [number for number, verdict in enumerate(verdicts, start=1) if not verdict.actual_g]
    if missing and rule_of(store_id).scale == Scale.MUST:
        listed = ", ".join(map(str, missing))
        raise WeightMissing(say("Weigh first: bag {bags}.", bags=listed), missing=missing)


def _off(verdicts: Sequence[Verdict]) -> list[tuple[int, Verdict, str]]:
    """The bags that need a second look, with the sentence about each."""
    if bagging.settled(verdicts):
        return []
    return [(n, verdict, _said(n, verdict)) for n, verdict in enumerate(verdicts, start=1) if verdict.is_off]


def _said(number: int, verdict: Verdict) -> str:
    figures = {"n": number, "grams": abs(verdict.off_g)}
    suspect = verdict.suspect
    if verdict.kind == "lighter":
        if suspect is None:
            return say("Bag {n} is {grams} g lighter than expected. Count what is in it.", **figures)
        return say(
            "Bag {n} is {grams} g lighter than expected: is {units} × {name} missing?",
            units=suspect.units, name=suspect.name, **figures,
        )  # fmt: skip
    if suspect is None:
        return say("Bag {n} is {grams} g heavier than expected. Count what is in it.", **figures)
    return say(
        "Bag {n} is {grams} g heavier than expected: is {units} × {name} too many in it?",
        units=suspect.units, name=suspect.name, **figures,
    )  # fmt: skip


def _as_json(number: int, verdict: Verdict, words: str = "") -> dict[str, Any]:
    return {
        "bag": number,
        "verdict": verdict.kind,
        "expected_g": verdict.expected_g,
        "actual_g": verdict.actual_g,
        "off_g": verdict.off_g,
        "tolerance_g": verdict.tolerance_g,
        "weight_known": verdict.weight_known,
        "words": words,
        "line_id": verdict.suspect.id if verdict.suspect else None,
    }


# -- the shelf ---------------------------------------------------------------------------------------------------------


def _take_slots(task: PickTask, plan: Sequence[PackedBag]) -> tuple[ShelfSlot, ShelfSlot | None]:
    """A place for the order, and a cold one for its cold bags where it has others too and the store has a cold place
    free. Without a cold place they stand with the rest: an order is never held back for it. Raises NoFreeSlot."""
    cold = [bag for bag in plan if bag.kind in COLD]
    only_cold = len(cold) == len(plan)
    slot = _free_slot(task, "cold" if only_cold else "ambient")
    if slot is None:
        raise NoFreeSlot(_what_to_do(task.store_id))
    slot.task = task
    slot.save(update_fields=["task"])
    if not cold or only_cold or slot.zone == "cold":
        return slot, None
    beside = _free_slot(task, "cold", only=True)
    if beside is not None:
        beside.cold_of = task
        beside.save(update_fields=["cold_of"])
    return slot, beside


def _free_slot(task: PickTask, zone: str, *, only: bool = False) -> ShelfSlot | None:
    free = ShelfSlot.objects.select_for_update(skip_locked=True).filter(store_id=task.store_id, task=None, cold_of=None)
    if only:
        return free.filter(zone=zone).order_by("code").first()
    fit = Case(When(zone=zone, then=Value(0)), default=Value(1), output_field=IntegerField())
    return free.order_by(fit, "code").first()


def _what_to_do(store_id: int) -> str:
    full = say("Every place on the handover shelf is taken.")
    held = ShelfSlot.objects.filter(Q(task__isnull=False) | Q(cold_of__isnull=False), store_id=store_id)
    cancelled = held.filter(task__state=TaskState.CANCELLED).order_by("code").first()
    if cancelled is not None:
        return together([full, say("Unpack {slot}: its order was cancelled.", slot=cancelled.code)])
    waiting = held.filter(task__order__rider_id_ref__isnull=False).select_related("task__order")
    first = waiting.order_by("task__packed_at", "code").first()
    if first is not None and first.task is not None:
        rider = first.task.order.rider_name
        return together([full, say("Hand over {slot} first: {rider} comes for it.", slot=first.code, rider=rider)])
    return together([full, say("Keep the bags with you and ask the manager for another place.")])


def _shelf_words(slot: ShelfSlot, cold: ShelfSlot | None) -> str:
    both = f"{slot.code} + {cold.code}" if cold else slot.code
    return both if len(both) <= SLOT_LENGTH else slot.code


def _make_bags(
    task: PickTask, plan: Sequence[PackedBag], verdicts: Sequence[Verdict], slot: ShelfSlot, cold: ShelfSlot | None
) -> list[Bag]:
    stem = "".join(secrets.choice(_BAG_ALPHABET) for _ in range(6))
    return Bag.objects.bulk_create(
        [
            Bag(
                task=task,
                code=f"{stem}-{number}/{len(plan)}",
                zone="ambient" if bag.kind == "nonfood" else bag.kind,
                kind=bag.kind,
                slot=cold.code if cold and bag.kind in COLD else slot.code,
                weight_g=verdict.actual_g,
                expected_g=bag.expected_g,
                holds=[{"line": part.id, "qty": part.qty} for part in bag.parts],
            )
            for number, (bag, verdict) in enumerate(zip(plan, verdicts, strict=True), start=1)
        ]
    )


def _still_open(count: int) -> str:
    return f"{count} {'line is' if count == 1 else 'lines are'} neither found nor marked as missing."
