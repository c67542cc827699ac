"""One picker's walk, as data: what a screen needs to lead somebody through up to four orders, also without a network.

The device keeps this, applies each action to it at once, and sends its actions in order to `take`; what comes back is
what is true (docs/floor.md, "The pick screen").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from blinkit.kernel.errors import Invalid, Refusal
from fulfillment import scancodes, services, weighing
from fulfillment.errors import NoSuchTask
from fulfillment.models import PickLine, PickTask
from fulfillment.services.inside import IN_WORK
from inventory import queries as shelves
from inventory.models import BatchState
from inventory.queries import LotToPick

MOST_ACTIONS = 60
"""So many a device sends at once: what somebody does in some minutes without a network."""
ELSEWHERE = 3
"""Other places named for a line at most."""


def of(*, picker_id: int, store_id: int, now: datetime) -> dict[str, Any]:
    """The picker's walk in this store: its totes, and its lines in walking order. Five statements.

    {"totes": [{task, order, tote ("A".."D"; "" for an order somebody else packs), state, due_at, picked, ...}],
    "lines": [{id, task, tote, bin, zone, sku, name, name_hi, pack, art, codes, qty, picked, short, lots: [{batch, lot, until,
    bin, units, gone}], elsewhere: [the same, units nobody holds], weigh: {wanted_g, least_g, most_g} or null, consent,
    substitute_up_to_paise, phone, instead_of}]}
    """
    mine = Q(picker_id=picker_id) | Q(lines__helper_id=picker_id, lines__done_at=None)
    tasks = list(
        PickTask.objects.filter(mine, store_id=store_id, state__in=IN_WORK)
        .select_related("order", "picker")
        .distinct()
        .order_by("tote")
    )
    own = {task.pk for task in tasks if task.picker_id == picker_id}
    lines = _lines(tasks, picker_id)
    held = shelves.lots_of(refs=[task.order_id for task in tasks])
    free = shelves.free_lots(
        store_id=store_id, product_ids=[line.product_id for line in lines if line.done_at is None], arrives_at=now
    )
    by_order_line = {line.order_line_id: line.pk for line in lines}
    helped = {line.task_id for line in lines if line.helper_id not in (None, picker_id) and line.done_at is None}
    by_task = {task.pk: task for task in tasks}
    return {
        "at": now.isoformat(),
        "totes": [_tote(task, own=task.pk in own, waits=task.pk in helped, now=now) for task in tasks],
        "lines": [
            _line(line, by_task[line.task_id], held, free, by_order_line)
            for line in lines
            if (line.helper_id or by_task[line.task_id].picker_id) == picker_id
        ],
    }


def take(*, picker_id: int, store_id: int, actions: Sequence[Mapping[str, Any]], now: datetime) -> list[dict[str, Any]]:
    """Do what a device sends, in order, each in its own transaction; a re-sent action gets its first answer.

    Each answer: {nonce, ok: true} or {nonce, ok: false, code, say, ...what the refusal carries}. A refused action does
    not stop the ones after it: each is judged by what is true then. Raises Invalid for what is no list of actions.
    """
    if not 1 <= len(actions) <= MOST_ACTIONS:
        raise Invalid(f"Send between 1 and {MOST_ACTIONS} actions at once.")
    return [_one(action, picker_id=picker_id, store_id=store_id, now=now) for action in actions]


# -- inside --------------------------------------------------------------------------------------------------------


def _one(action: Mapping[str, Any], *, picker_id: int, store_id: int, now: datetime) -> dict[str, Any]:
    nonce = str(action.get("nonce", ""))[:64]
    try:
        task_id = _task(action, store_id)
        what = str(action.get("do", ""))
        shared: dict[str, Any] = {"task_id": task_id, "picker_id": picker_id, "nonce": nonce, "now": now}
        if what == "scan":
            _scan(action, shared)
        elif what == "short":
            services.short(line_id=_whole(action, "line"), qty=_whole(action, "qty"), **shared)
        elif what == "substitute":
            sku = str(action.get("sku", ""))[:40]
            services.substitute(line_id=_whole(action, "line"), qty=_whole(action, "qty"), sku=sku, **shared)
        elif what == "other_lot":
            batch_id = _whole(action, "batch")
            services.other_lot(line_id=_whole(action, "line"), qty=_whole(action, "qty"), batch_id=batch_id, **shared)
        elif what == "undo":
            services.put_back(line_id=_whole(action, "line"), **shared)
        else:
            raise Invalid("Say what was done: scan, short, substitute, other_lot or undo.")
    except Refusal as refusal:
        return {"nonce": nonce, "ok": False, "code": refusal.code, "say": str(say_it(refusal)), **refusal.extra}
    return {"nonce": nonce, "ok": True}


def _scan(action: Mapping[str, Any], shared: dict[str, Any]) -> None:
    letter = str(action.get("tote", ""))[:1].upper()
    tote = scancodes.tote_of(letter) if letter and letter in "ABCD" else None
    grams = _whole(action, "grams") if action.get("grams") not in (None, "") else None
    line_id = _whole(action, "line") if action.get("line") else None
    code = str(action.get("code", ""))[:128]
    try:
        services.scan(barcode=code, line_id=line_id, tote=tote, grams=grams, **shared)
    except services.REFUSED_SCANS:
        services.note_refused(task_id=shared["task_id"])
        raise


def _task(action: Mapping[str, Any], store_id: int) -> UUID:
    try:
        task_id = UUID(str(action.get("task", "")))
    except ValueError:
        raise Invalid("Name the task of the action.") from None
    if not PickTask.objects.filter(pk=task_id, store_id=store_id).exists():
        raise NoSuchTask("There is no such pick task in this store.")
    return task_id


def _whole(action: Mapping[str, Any], name: str) -> int:
    value = action.get(name)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**53:
        raise Invalid(f"“{name}” has to be a whole number.")
    return value


def _lines(tasks: Sequence[PickTask], picker_id: int) -> list[PickLine]:
    lines = PickLine.objects.filter(task__in=[task.pk for task in tasks])
    return list(lines.select_related("product__category", "order_line").order_by("walk", "id"))


def _tote(task: PickTask, *, own: bool, waits: bool, now: datetime) -> dict[str, Any]:
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
        "phone": order.contact_phone,
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
    weigh = weighing.allowed(product.weight_g) if product.is_weighed and product.weight_g else None
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
        "art": {"image": product.image, "hue": product.category.hue, "icon": product.category.icon},
        "codes": [code for code in (product.barcode, product.sku) if code],
        "qty": line.qty,
        "picked": line.picked_qty,
        "short": line.short_qty,
        "lots": [_lot(lot) for lot in lots] if line.done_at is None else [],
        "elsewhere": [_lot(lot) for lot in free.get(line.product_id, [])[:ELSEWHERE]] if line.done_at is None else [],
        "weigh": {"wanted_g": weigh.wanted_g, "least_g": weigh.least_g, "most_g": weigh.most_g} if weigh else None,
        "consent": agreed.consent,
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
