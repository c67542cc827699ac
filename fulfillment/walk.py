"""One picker's walk, as data: what a screen needs to lead somebody through up to four orders, also without a network.

The device keeps this, applies each action to it at once, and sends its actions in order to `take`; what comes back is
what is true (docs/floor.md, "The pick screen").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from blinkit.kernel.errors import Invalid, Refusal
from blinkit.kernel.pictures import image_url
from blinkit.kernel.words import said
from fulfillment import scancodes, services
from fulfillment.errors import NoSuchTask
from fulfillment.models import PickLine, PickTask
from fulfillment.services.inside import IN_WORK
from inventory import queries as shelves
from inventory.models import BatchState
from inventory.queries import LotToPick
from inventory.recall_queries import not_to_leave
from orders.models import Consent


class Do(StrEnum):
    """What a picker does to a line."""

    SCAN = "scan"
    SHORT = "short"
    SUBSTITUTE = "substitute"
    OTHER_LOT = "other_lot"
    UNDO = "undo"
    REFUSED = "refused"
    """A scan the device has refused itself: counted for the accuracy of the day, and named."""


MOST_ACTIONS = 60
"""So many a device sends at once: what somebody does in some minutes without a network."""
ELSEWHERE = 3
"""Other places named for a line at most."""


def of(*, picker_id: int, store_id: int, now: datetime) -> dict[str, Any]:
    """The picker's walk in this store: its totes, and its lines in walking order. Five statements.

    `phone` is there while a line is open whose customer wants to be called about it.

    {"totes": [{task, order, tote ("A" to "D", "" for an order somebody else packs), state, due_at, due_s, picker,
    waits_for_helper, rider, rider_here, is_gift, phone}],
    "lines": [{id, task, tote, bin, zone, sku, name, name_hi, pack, art, codes, qty, picked, short, lots, elsewhere,
    weigh ({wanted_g, least_g, most_g} or null), consent, refund_paise (what one missing unit takes off the bill, to the
    rupee or so where a discount is shared), substitute_up_to_paise, instead_of, take_out}]};
    lots: what is still to be taken, [{batch, lot, until, bin, units, gone (off sale)}]; elsewhere: the same for units
    nobody holds; take_out: units in the tote whose lot has been recalled or has expired since.
    """
    helps = PickLine.objects.filter(task=OuterRef("pk"), helper_id=picker_id, done_at=None)
    tasks = list(
        PickTask.objects.filter(Q(picker_id=picker_id) | Exists(helps), store_id=store_id, state__in=IN_WORK)
        .select_related("order", "picker")
        .only(*_OF_TASKS)
        .order_by("tote")
    )
    own = {task.pk for task in tasks if task.picker_id == picker_id}
    lines = _lines(tasks, picker_id)
    held = shelves.lots_of(refs=[task.order_id for task in tasks])
    free = shelves.free_lots(
        store_id=store_id, product_ids=[line.product_id for line in lines if line.done_at is None], arrives_at=now
    )
    recalled = {(it.ref, it.product_id): it.units for it in not_to_leave(refs=[task.order_id for task in tasks])}
    by_order_line = {line.order_line_id: line.pk for line in lines}
    to_call = {line.task_id for line in lines if line.order_line.consent == Consent.CALL and line.done_at is None}
    helped = {line.task_id for line in lines if line.helper_id not in (None, picker_id) and line.done_at is None}
    by_task = {task.pk: task for task in tasks}
    return {
        "at": now.isoformat(),
        "totes": [
            _tote(task, own=task.pk in own, waits=task.pk in helped, call=task.pk in to_call, now=now) for task in tasks
        ],
        "lines": [
            _line(line, by_task[line.task_id], held, free, by_order_line)
            | {"take_out": min(line.picked_qty, recalled.get((by_task[line.task_id].order_id, line.product_id), 0))}
            for line in lines
            if (line.helper_id or by_task[line.task_id].picker_id) == picker_id
        ],
    }


def take(*, picker_id: int, store_id: int, actions: Sequence[Mapping[str, Any]], now: datetime) -> list[dict[str, Any]]:
    """Do what a device sends, in order, each in its own transaction; a re-sent action gets its first answer.

    An action: {nonce, do, task} and, as it needs them, {line, code, tote ("A" to "D"), grams, qty, sku, batch}. Its
    answer: {nonce, ok, code, say, more}, the last three of the refusal. A refused action does not stop the ones after
    it: each is judged by what is true then. "refused" always succeeds, and says what the scanned thing was.
    """
    return [_one(action, picker_id=picker_id, store_id=store_id, now=now) for action in actions]


_OF_TASKS = (
    "store_id", "state", "tote", "due_at", "picker__name", "picker__phone", "order__number", "order__rider_name",
    "order__rider_id_ref", "order__rider_here_at", "order__is_gift", "order__contact_phone",
)  # fmt: skip
_OF_LINES = (
    "task_id", "bin_code", "zone", "walk", "qty", "picked_qty", "short_qty", "done_at", "helper_id", "product__sku",
    "product__name", "product__name_hi", "product__pack", "product__image", "product__barcode", "product__is_weighed",
    "product__weight_g", "product__pack_size", "product__pack_unit", "product__category__hue",
    "product__category__icon", "order_line__consent", "order_line__substitute_up_to_paise",
    "order_line__substitute_for_id", "order_line__unit_price_paise", "order_line__discount_paise", "order_line__qty",
    "order_line__short_qty",
)  # fmt: skip
"""What of these wide rows is shown: this is read after every scan."""


# -- inside --------------------------------------------------------------------------------------------------------


def _one(action: Mapping[str, Any], *, picker_id: int, store_id: int, now: datetime) -> dict[str, Any]:
    nonce, what = action["nonce"], action["do"]
    try:
        if not PickTask.objects.filter(pk=action["task"], store_id=store_id).exists():
            raise NoSuchTask("There is no such pick task in this store.")
        shared: dict[str, Any] = {"task_id": action["task"], "picker_id": picker_id, "nonce": nonce, "now": now}
        if what == Do.REFUSED:
            words = services.refused_by_device(barcode=action.get("code", ""), line_id=action.get("line"), **shared)
            return {"nonce": nonce, "ok": True, "code": "", "say": said(words), "more": {}}
        if what == Do.SCAN:
            _scan(action, shared, store_id=store_id)
        else:
            line = {"line_id": _need(action, "line"), **shared}
            if what == Do.UNDO:
                services.put_back(**line)
            elif what == Do.SHORT:
                services.short(qty=_need(action, "qty"), **line)
            elif what == Do.SUBSTITUTE:
                services.substitute(qty=_need(action, "qty"), sku=_need(action, "sku"), **line)
            else:
                services.other_lot(qty=_need(action, "qty"), batch_id=_need(action, "batch"), **line)
    except Refusal as refusal:
        return {"nonce": nonce, "ok": False, "code": refusal.code, "say": said(refusal.detail), "more": refusal.extra}
    return {"nonce": nonce, "ok": True, "code": "", "say": "", "more": {}}


def _scan(action: Mapping[str, Any], shared: dict[str, Any], *, store_id: int) -> None:
    tote = scancodes.tote_of(action["tote"]) if action.get("tote") else None
    code, line_id = action.get("code", ""), action.get("line")
    try:
        services.scan(barcode=code, line_id=line_id, tote=tote, grams=action.get("grams"), **shared)
    except services.REFUSED_SCANS:
        services.note_refused(picker_id=shared["picker_id"], store_id=store_id, now=shared["now"])
        raise


def _need(action: Mapping[str, Any], name: str) -> Any:
    if action.get(name) in (None, ""):
        raise Invalid(f"This action needs “{name}”.")
    return action[name]


def _lines(tasks: Sequence[PickTask], picker_id: int) -> list[PickLine]:
    lines = PickLine.objects.filter(task__in=[task.pk for task in tasks])
    return list(lines.select_related("product__category", "order_line").only(*_OF_LINES).order_by("walk", "id"))


def _tote(task: PickTask, *, own: bool, waits: bool, call: bool, now: datetime) -> dict[str, Any]:
    order = task.order
    return {
        "task": task.pk,
        "order": order.number,
        "tote": scancodes.letter(task.tote) if own else "",
        "state": task.state,
        "due_at": task.due_at,
        "due_s": round((task.due_at - now).total_seconds()),
        "picker": "" if own else str(task.picker),
        "waits_for_helper": waits,
        "rider": order.rider_name if order.rider_id_ref else "",
        "rider_here": order.rider_here_at is not None,
        "is_gift": order.is_gift,
        "phone": order.contact_phone if call else "",
    }


def _line(
    line: PickLine,
    task: PickTask,
    held: Mapping[UUID, Mapping[int, Sequence[LotToPick]]],
    free: Mapping[int, Sequence[LotToPick]],
    by_order_line: Mapping[int, int],
) -> dict[str, Any]:
    product, agreed = line.product, line.order_line
    lots = services.lots_left(held.get(task.order_id, {}).get(line.product_id, []), line.picked_qty)
    weigh = services.weight_of(product)
    return {
        "id": line.pk,
        "task": task.pk,
        "tote": scancodes.letter(task.tote) if line.helper_id is None else "",
        "bin": line.bin_code,
        "zone": line.zone,
        "sku": product.sku,
        "name": product.name,
        "name_hi": product.name_hi,
        "pack": product.pack,
        "art": {"image": image_url(product.image), "hue": product.category.hue, "icon": product.category.icon},
        "codes": [code for code in (product.barcode, product.sku) if code],
        "qty": line.qty,
        "picked": line.picked_qty,
        "short": line.short_qty,
        "lots": [_lot(lot) for lot in lots] if line.done_at is None else [],
        "elsewhere": [_lot(lot) for lot in free.get(line.product_id, [])[:ELSEWHERE]] if line.done_at is None else [],
        "weigh": asdict(weigh) if weigh else None,
        "consent": agreed.consent,
        "refund_paise": agreed.unit_price_paise - agreed.discount_paise // max(1, agreed.qty - agreed.short_qty),
        "substitute_up_to_paise": agreed.substitute_up_to_paise,
        "instead_of": by_order_line.get(agreed.substitute_for_id or 0),
    }


def _lot(lot: LotToPick) -> dict[str, Any]:
    return {
        "batch": lot.batch_id,
        "lot": lot.lot,
        "until": lot.expires_on,
        "bin": lot.bin_code,
        "units": lot.qty,
        "gone": lot.state != BatchState.OPEN,
    }
