"""How many bags, what goes into which, what they weigh; then the place on the shelf and the labels."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from blinkit.kernel.errors import Invalid, Refusal
from blinkit.kernel.words import said
from catalog.models import Store
from fulfillment import access, queries, services
from fulfillment.errors import BagWeightOff, WeightMissing
from fulfillment.labelling import SIZES, Label, short_number, zpl
from fulfillment.models import Bag, PickLine, PickTask, TaskState
from fulfillment.packing_rules import Scale, rule_of
from fulfillment.scancodes import letter
from fulfillment.web.parts import act, is_htmx, me, qr, screen, show
from orders import bagging
from orders.bagging import PackedBag
from orders.words import door_chips

SHOWN_AFTER_PACKING = (TaskState.PACKED, TaskState.HANDED_OVER)


def off_reasons() -> list[str]:
    """Why a bag may weigh something else and still be right."""
    return [_("Counted twice, all is there"), _("Another pack than usual"), _("Ice pack in the bag"), _("Scale is off")]


@screen
def pack(request: HttpRequest, code: str, task_id: UUID) -> HttpResponse:
    """How many bags; once packed: the slot, and the labels to print."""
    store = access.store_to_see(request.user, code)
    task = queries.task_of(task_id=task_id, store_id=store.pk)
    if task.state in SHOWN_AFTER_PACKING:
        bags = list(task.bags.order_by("pk"))
        context = {
            "task": task,
            "order": task.order,
            "bags": bags,
            "places": places_of(task.order.shelf_slot, bags),
            "cold_beside": any(bag.kind in ("chilled", "frozen") and "+" not in task.order.shelf_slot for bag in bags),
            "chips": door_chips(task.order.instructions),
            "here": "pick",
            "live_url": f"/ws/stores/{store.code}/",
        }
        template = "fulfillment/packed.html"
        return show(request, f"{template}#now" if is_htmx(request) else template, store, context)
    if task.state != TaskState.PICKED:
        if is_htmx(request):  # taken off the shelf meanwhile: the whole page is another one
            return HttpResponse(headers={"HX-Refresh": "true"})
        return redirect("floor-pick", code, task.pk)
    return _packing(request, store, task)


@screen
def plan(request: HttpRequest, code: str, task_id: UUID) -> HttpResponse:
    """The bags as they would be with other counts; part of the page, for taps on − and +."""
    store = access.store_to_see(request.user, code)
    task = queries.task_of(task_id=task_id, store_id=store.pk)
    if task.state != TaskState.PICKED:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return _packing(request, store, task)


@act("floor-queue")
def close_bags(request: HttpRequest, code: str, task_id: UUID) -> HttpResponse:
    """Weighed bags that are off are asked about; a reason closes them all the same."""
    store = access.store_to_work_in(request.user, code)
    task = queries.task_of(task_id=task_id, store_id=store.pk)
    bags, weights, picker_id = _counts(request), _weights(request), me(request)
    reason = request.POST.get("reason", "").strip()
    now = timezone.now()
    try:
        if any(weights) and not reason and task.state == TaskState.PICKED:
            services.weigh(task_id=task.pk, picker_id=picker_id, bags=bags, weights=weights, now=now)
        services.pack(task_id=task.pk, picker_id=picker_id, bags=bags, weights=weights, weight_reason=reason, now=now)
    except BagWeightOff as off:
        return _packing(request, store, task, weights=weights, off=off.extra["bags"])
    except WeightMissing as missing:
        messages.error(request, said(missing.detail))
        return _packing(request, store, task, weights=weights)
    except Refusal as refusal:
        messages.error(request, said(refusal.detail))
    return redirect("floor-pack", code, task.pk)


@screen
def labels(request: HttpRequest, code: str, task_id: UUID) -> HttpResponse:
    """One label per bag, to print: QR code, code in words, bag n of m, order and slot. Changes nothing."""
    store, task = _packed_task(request, code, task_id)
    size = _size(request, store)
    made = [{"label": label, "qr": qr(label.code)} for label in labels_of(task)]
    context = {"task": task, "order": task.order, "labels": made, "size": size, "sizes": SIZES}
    return show(request, "fulfillment/labels.html", store, context)


@screen
def labels_file(request: HttpRequest, code: str, task_id: UUID, kind: str) -> HttpResponse:
    """The same labels for a printer: PDF in the reader's language, or ZPL II. Changes nothing."""
    store, task = _packed_task(request, code, task_id)
    return labels_response(task, kind=kind, size=_size(request, store))


@screen
def slot_labels(request: HttpRequest, code: str) -> HttpResponse:
    """The codes that are glued to the places of the handover shelf, to print once."""
    store = access.store_to_see(request.user, code)
    places = [{"slot": slot, "qr": qr(f"SLOT:{store.code}:{slot.code}")} for slot in store.shelf_slots.order_by("code")]
    return show(request, "fulfillment/slot_labels.html", store, {"places": places, "here": "handover"})


def labels_response(task: PickTask, *, kind: str, size: str) -> HttpResponse:
    """ "zpl" is text in English: printers know no other script. A refusal for any other kind than "pdf" and "zpl"."""
    if kind == "pdf":
        from fulfillment.label_pdf import labels_pdf  # fpdf takes a third of a second to load

        answer = HttpResponse(labels_pdf(labels_of(task), size=size), content_type="application/pdf")
    elif kind == "zpl":
        with override("en"):
            answer = HttpResponse(zpl(labels_of(task), size=size), content_type="text/plain; charset=utf-8")
    else:
        raise Invalid("Labels come as pdf or zpl.")
    answer["Content-Disposition"] = f'inline; filename="{task.order.number}.{kind}"'
    answer["Cache-Control"] = "private, no-store"
    return answer


def labels_of(task: PickTask) -> list[Label]:
    """The task's labels in the reader's language; none before it is packed."""
    bags = list(task.bags.order_by("pk"))
    chips = [str(words) for words, _symbol in door_chips(task.order.instructions)]
    if task.order.is_gift:
        chips.insert(0, _("Gift"))
    return [
        Label(
            code=bag.code,
            number=number,
            of=len(bags),
            slot=bag.slot or task.order.shelf_slot,
            order_short=short_number(task.order.number),
            count_words=_("Bag %(n)s of %(m)s") % {"n": number, "m": len(bags)},
            zone_words=kind_words(bag.kind),
            slot_word=_("Slot"),
            chips=tuple(chips),
        )
        for number, bag in enumerate(bags, start=1)
    ]


def kind_words(kind: str) -> str:
    words = {"frozen": _("Frozen"), "chilled": _("Chilled"), "nonfood": _("Not food")}
    return words.get(kind, _("Dry and fresh"))


def places_of(shelf_slot: str, bags: list[Bag]) -> list[dict[str, Any]]:
    """Where the bags stand: each place with the numbers of its bags, the order's own place first."""
    places: dict[str, list[int]] = {place.strip(): [] for place in shelf_slot.split("+") if place.strip()}
    for number, bag in enumerate(bags, start=1):
        places.setdefault(bag.slot or shelf_slot, []).append(number)
    cold = {bag.slot for bag in bags if bag.kind in ("chilled", "frozen")}
    several = len(places) > 1
    return [
        {"code": code, "bags": ", ".join(map(str, numbers)), "cold": several and code in cold}
        for code, numbers in places.items()
    ]


# -- inside --------------------------------------------------------------------------------------------------------


def _packing(
    request: HttpRequest,
    store: Store,
    task: PickTask,
    *,
    weights: list[int] | None = None,
    off: list[dict[str, Any]] | None = None,
) -> HttpResponse:
    lines = queries.lines_of(task)
    suggested = services.suggested_bags(lines)
    asked = _counts(request)
    planned = services.planned_bags(lines, asked or None)
    by_id = {line.pk: line for line in lines}
    scale = rule_of(store.pk).scale
    wrong = {bag["bag"]: bag for bag in off or []}
    given = [*(weights or _weights(request)), *[0] * len(planned)]
    bags = [
        {
            "number": number,
            "bag": bag,
            "words": kind_words(bag.kind),
            "lines": _in_bag(bag, by_id),
            "litres": f"{bag.volume_ml / 1000:.0f}",
            "weight": given[number - 1] or "",
            "off": wrong.get(number),
        }
        for number, bag in enumerate(planned, start=1)
    ]
    kinds = {bag.kind for bag in planned}
    context = {
        "task": task,
        "order": task.order,
        "lines": lines,
        "found": sum(1 for line in lines if line.picked_qty),
        "chips": door_chips(task.order.instructions),
        "kinds": [
            {
                "kind": kind,
                "words": kind_words(kind),
                "count": sum(1 for bag in planned if bag.kind == kind),
                "suggested": suggested.get(kind, 0),
            }
            for kind in bagging.KINDS
            if kind in kinds or suggested.get(kind)
        ],
        "bags": bags,
        "off": off,
        "off_reasons": off_reasons(),
        "scale": scale != Scale.NONE,
        "tote": letter(task.tote) if task.tote else "",
        "must_weigh": scale == Scale.MUST,
        "most": services.MOST_BAGS,
        "most_g": services.MOST_BAG_G,
        "mine": task.picker_id == request.user.pk,
        "here": "pick",
    }
    name = "fulfillment/pack.html#bags" if is_htmx(request) else "fulfillment/pack.html"
    return show(request, name, store, context)


def _in_bag(bag: PackedBag, lines: dict[Any, PickLine]) -> list[dict[str, Any]]:
    return [{"line": lines[part.id], "qty": part.qty, "on_top": part.on_top} for part in bag.parts]


def _packed_task(request: HttpRequest, code: str, task_id: UUID) -> tuple[Store, PickTask]:
    store = access.store_to_see(request.user, code)
    return store, queries.task_of(task_id=task_id, store_id=store.pk)


def _size(request: HttpRequest, store: Store) -> str:
    asked = request.GET.get("size", "")
    return asked if asked in SIZES else rule_of(store.pk).label_size


def _counts(request: HttpRequest) -> dict[str, int]:
    """How many bags of each kind the form says; empty when it says nothing."""
    given = request.POST if request.method == "POST" else request.GET
    counts: dict[str, int] = {}
    for kind in bagging.KINDS:
        text = given.get(f"bags_{kind}", "").strip()
        if text.isascii() and text.isdigit() and len(text) < 4 and int(text):
            counts[kind] = int(text)
    return counts


def _weights(request: HttpRequest) -> list[int]:
    """Grams per bag as typed, 0 where nothing was; up to the last one given."""
    given = [bagging.grams_of(request.POST.get(f"weight_{number}", "")) for number in range(1, services.MOST_BAGS + 1)]
    while given and not given[-1]:
        given.pop()
    return given
