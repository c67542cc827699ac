"""Reads of the floor: the queue, one task, what comes back, a shelf of stock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zlib import crc32

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from blinkit.kernel import pictures
from blinkit.kernel.models import Event
from catalog import queries as goods
from catalog import wanted
from catalog.models import Zone
from catalog.queries import ShelfRow
from catalog.search import search as search_shelf
from fulfillment import pickroute, queueing
from fulfillment.errors import NoSuchTask
from fulfillment.models import ON_FLOOR, Break, PickerShift, PickLine, PickTask, TaskState
from fulfillment.scancodes import letter
from inventory.models import Stock
from orders.models import Consent, Evidence, Order, OrderLine
from orders.services.at_door import BAG_BACK
from orders.services.street import GOODS_BACK
from orders.states import Status

AT_RISK_S = 90
"""Less slack than this and the card turns amber."""
SHOWN_PER_LANE = 60
RETURNS_FOR = timedelta(days=3)
ASKED_FOR = 24
"""Similar products looked at, because what is too dear or sold out is not offered."""


@dataclass(frozen=True, slots=True)
class Card:
    """One task on the queue screen. `slack_s`: seconds until the bags must stand on the shelf, negative when late;
    `rest_s`: usual seconds of work that are left; `tote`: in which tote of its picker, A to D."""

    id: UUID
    order_id: UUID
    number: str
    state: str
    due_at: datetime
    opened_at: datetime
    slack_s: int
    pinned: bool
    lines: int
    units: int
    done_units: int
    zones: list[str]
    picker_id: int | None
    picker_name: str
    rider_name: str
    slot: str
    used_percent: int
    rest_s: int = 0
    rider_here: bool = False
    tote: str = ""
    bags: str = ""
    """What the labels of its bags begin with, once it is packed."""

    @property
    def mood(self) -> str:
        """ok, warn or late: late is what can't be in time any more, at the usual pace."""
        spare_s = self.slack_s - self.rest_s
        return "late" if spare_s < 0 else "warn" if spare_s < AT_RISK_S else "ok"

    @property
    def late_m(self) -> int:
        return max(1, -self.slack_s // 60)

    @property
    def left_m(self) -> int:
        return max(0, self.slack_s // 60)

    @property
    def done_percent(self) -> int:
        return round(100 * self.done_units / self.units) if self.units else 0

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "order_id": self.order_id,
            "order_number": self.number,
            "state": self.state,
            "due_at": self.due_at,
            "slack_s": self.slack_s,
            "pinned": self.pinned,
            "lines": self.lines,
            "units": self.units,
            "done_units": self.done_units,
            "zones": self.zones,
            "picker_id": self.picker_id,
            "picker_name": self.picker_name,
            "rest_s": self.rest_s,
            "rider_name": self.rider_name,
            "rider_here": self.rider_here,
            "tote": self.tote,
            "slot": self.slot,
        }


@dataclass(frozen=True, slots=True)
class Picker:
    user_id: int
    name: str
    since: datetime
    break_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Board:
    """A store's floor at one moment."""

    waiting: list[Card] = field(default_factory=list)
    in_work: list[Card] = field(default_factory=list)
    on_shelf: list[Card] = field(default_factory=list)
    pickers: list[Picker] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "waiting": [card.as_json() for card in self.waiting],
            "in_work": [card.as_json() for card in self.in_work],
            "on_shelf": [card.as_json() for card in self.on_shelf],
            "pickers": [{"user_id": p.user_id, "name": p.name, "since": p.since} for p in self.pickers],
        }


def board(*, store_id: int, now: datetime) -> Board:
    """The queue by slack, what is being picked, what stands on the shelf, who is on shift. Two statements."""
    cards = [_card(task, now) for task in _cards(store_id, ON_FLOOR)]
    rests = Break.objects.filter(shift=OuterRef("pk"), ended_at=None).values("started_at")[:1]
    on_shift = PickerShift.objects.filter(store_id=store_id, ended_at=None).select_related("user")
    shifts = on_shift.annotate(break_since=Subquery(rests)).order_by("started_at")
    return Board(
        waiting=_by_urgency([card for card in cards if card.state == TaskState.OPEN])[:SHOWN_PER_LANE],
        in_work=[card for card in cards if card.state in (TaskState.PICKING, TaskState.PICKED)],
        on_shelf=[card for card in cards if card.state == TaskState.PACKED][:SHOWN_PER_LANE],
        pickers=[Picker(s.user_id, s.user.name or s.user.phone, s.started_at, s.break_since) for s in shifts],
    )


def _by_urgency(cards: list[Card]) -> list[Card]:
    """As "next" takes them."""
    by_id = {card.id: card for card in cards}
    waits = [
        queueing.Waiting(
            id=card.id, due_s=card.slack_s, work_s=card.rest_s, pinned=card.pinned, rider_waiting=card.rider_here,
            frozen="frozen" in card.zones,
        )
        for card in cards
    ]  # fmt: skip
    return [by_id[order.id] for order in queueing.ranked(waits)]  # type: ignore[index]  # ids of cards


@dataclass(frozen=True, slots=True)
class Later:
    """An order for a slot: the store begins with it at `release_at`."""

    order_id: UUID
    number: str
    release_at: datetime
    starts_at: datetime
    ends_at: datetime
    units: int
    is_gift: bool

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def later(*, store_id: int, limit: int = SHOWN_PER_LANE) -> list[Later]:
    """Orders that wait for their slot at this store, the first to begin with first. One statement."""
    waiting = Order.objects.for_later().filter(store_id=store_id).order_by("release_at", "pk")
    columns = ("pk", "number", "release_at", "promised_from", "promised_by", "units", "is_gift")
    rows: Any = waiting.annotate(units=Coalesce(Sum("lines__qty"), 0)).values_list(*columns)
    return [Later(*row) for row in rows[:limit]]


def in_hand(*, picker_id: int) -> PickTask | None:
    """The task this picker is working on."""
    held = PickTask.objects.filter(picker_id=picker_id, state__in=[TaskState.PICKING, TaskState.PICKED])
    return held.select_related("store", "order").first()


def on_shift(*, picker_id: int, store_id: int) -> bool:
    return PickerShift.objects.filter(user_id=picker_id, store_id=store_id, ended_at=None).exists()


def task_of(*, task_id: UUID, store_id: int | None = None) -> PickTask:
    """The task with its order and store. Raises NoSuchTask, also for another store's."""
    tasks = PickTask.objects.select_related("order", "store", "picker").filter(pk=task_id)
    found = (tasks if store_id is None else tasks.filter(store_id=store_id)).first()
    if found is None:
        raise NoSuchTask("There is no such pick task in this store.")
    return found


def lines_of(task: PickTask) -> list[PickLine]:
    """Its lines along the walk, with products. One statement."""
    return list(task.lines.select_related("product", "product__category", "order_line").order_by("walk", "id"))


@dataclass(frozen=True, slots=True)
class Instead:
    """What may come instead of a line: the shelf's row, units free, its bin, how much dearer a unit is (paise)."""

    row: ShelfRow
    free: int
    bin: str
    dearer_paise: int
    barcode: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "sku": self.row.sku,
            "codes": [code for code in (self.barcode, self.row.sku) if code],
            "name": self.row.name,
            "name_hi": self.row.name_hi,
            "pack": self.row.pack,
            "image": self.row.image,
            "images": pictures.sizes_dict(self.row.image),
            "price_paise": self.row.price_paise,
            "dearer_paise": self.dearer_paise,
            "free": self.free,
            "bin": self.bin,
        }


def instead_of(line: PickLine, *, store_id: int, limit: int = 4) -> list[Instead]:
    """What the customer allows instead of a line, most like it first: same category, on the shelf, with free units,
    within the line's cap, not in the order already. Empty when no substitute is wanted. At most four statements."""
    agreed: OrderLine = line.order_line
    if agreed.consent != Consent.SUBSTITUTE:
        return []
    row = goods.shelf_rows(store_id=store_id, product_ids=[line.product_id]).get(line.product_id)
    if row is None:
        return []
    taken = set(OrderLine.objects.filter(order_id=agreed.order_id).values_list("product_id", flat=True))
    most_paise = agreed.unit_price_paise + agreed.substitute_up_to_paise
    like = wanted.similar(store_id=store_id, row=row, limit=ASKED_FOR)
    fitting = [it.row for it in like if it.row.product_id not in taken and it.row.price_paise <= most_paise]
    there = Stock.objects.at(store_id).free().filter(product_id__in=[it.product_id for it in fitting])
    places = {stock.product_id: stock for stock in there.select_related("bin", "product")}
    found = [
        Instead(
            it,
            stock.free,
            stock.bin.code if stock.bin else "",
            it.price_paise - agreed.unit_price_paise,
            stock.product.barcode or "",
        )
        for it in fitting
        if (stock := places.get(it.product_id)) is not None
    ]
    return found[:limit]


def hands(*, store_id: int) -> dict[str, str]:
    """By person: a mark of what they have in hand in this store, another one whenever that is something else (an order
    more or less, its tote, its rider at the shelf, a line somebody else fetches). Two statements."""
    live = [TaskState.PICKING, TaskState.PICKED]
    columns = ("pk", "picker_id", "tote", "order__rider_here_at")
    found: dict[int, list[str]] = {}
    rows = PickTask.objects.filter(store_id=store_id, state__in=live).values_list(*columns).order_by("tote", "pk")
    for pk, picker_id, tote, here_at in rows:
        found.setdefault(picker_id or 0, []).append(f"{pk}{tote}{here_at is not None}")
    helped = PickLine.objects.filter(task__store_id=store_id, task__state__in=live, helper__isnull=False, done_at=None)
    people = ("pk", "task__picker_id", "helper_id")
    for pk, picker_id, helper_id in helped.values_list(*people).order_by("pk"):
        for person in (picker_id, helper_id):
            found.setdefault(person or 0, []).append(str(pk))
    return {str(person): f"{crc32(' '.join(marks).encode()):08x}" for person, marks in found.items()}


def totes_of(*, picker_id: int) -> int:
    """How many totes this person on shift takes on a walk. One statement."""
    shift = PickerShift.objects.filter(user_id=picker_id, ended_at=None).values_list("totes", flat=True)
    return shift.first() or 1


def why_together(*, order_id: UUID, since: datetime) -> dict[str, Any] | None:
    """What `WalkBegun` said of this order's walk, when it began at or after `since`. One statement."""
    begun = Event.objects.filter(subject=f"order:{order_id}", code="fulfillment.WalkBegun", at__gte=since)
    return begun.order_by("-pk").values_list("payload", flat=True).first()


@dataclass(frozen=True, slots=True)
class Walk:
    """Where a picker is in a task: the line to find now, the ones after it, what is done."""

    lines: Sequence[PickLine]
    current: PickLine | None
    following: PickLine | None
    done: int
    units: int
    units_done: int

    @property
    def percent(self) -> int:
        return round(100 * self.units_done / self.units) if self.units else 0


def walk_of(lines: Sequence[PickLine]) -> Walk:
    still = [line for line in lines if line.done_at is None]
    return Walk(
        lines=lines,
        current=still[0] if still else None,
        following=still[1] if len(still) > 1 else None,
        done=len(lines) - len(still),
        units=sum(line.qty for line in lines),
        units_done=sum(line.picked_qty + line.short_qty for line in lines),
    )


@dataclass(frozen=True, slots=True)
class ComingBack:
    """Bags that have to be unpacked. `kind`: "undelivered" (a rider brings them) or "cancelled" (on the shelf)."""

    kind: str
    order_id: UUID
    task_id: UUID
    number: str
    bags: int
    rider_name: str
    slot: str
    why: str
    since: datetime
    is_cold: bool = False
    bags_in: int = 0
    """Scanned in by the store so far; `bags` of them: the rider is free."""


def coming_back(*, store_id: int, now: datetime) -> list[ComingBack]:
    """Undelivered orders whose goods nobody has received, cold ones first, then cancelled ones still on the shelf. Two
    statements."""
    received = Evidence.objects.filter(order=OuterRef("pk"), kind=GOODS_BACK)
    undelivered = (
        Order.objects.filter(
            ~Exists(received),
            store_id=store_id,
            status__in=[Status.UNDELIVERED, Status.REFUNDED],
            picked_up_at__isnull=False,
            delivered_at=None,
            status_at__gt=now - RETURNS_FOR,
        )
        .annotate(
            task_id=F("pick_task__pk"),
            is_cold=Exists(
                OrderLine.objects.filter(order=OuterRef("pk"), product__zone__in=[Zone.CHILLED, Zone.FROZEN])
            ),
            bags_in=Count("evidence", filter=Q(evidence__kind=BAG_BACK)),
        )
        .order_by("-is_cold", "status_at")
    )
    found = [
        ComingBack(
            kind="undelivered",
            order_id=order.pk,
            task_id=order.task_id,
            number=order.number,
            bags=len(order.bag_codes),
            rider_name=order.rider_name,
            slot="",
            why=order.cancel_reason,
            since=order.status_at,
            is_cold=order.is_cold,
            bags_in=order.bags_in,
        )
        for order in undelivered
        if order.task_id
    ]
    on_shelf = PickTask.objects.filter(store_id=store_id, state=TaskState.CANCELLED, slot__isnull=False)
    found += [
        ComingBack(
            kind="cancelled",
            order_id=task.order_id,
            task_id=task.pk,
            number=task.order.number,
            bags=len(task.order.bag_codes),
            rider_name="",
            slot=task.slot.code,
            why=task.order.cancel_reason,
            since=task.order.status_at,
        )
        for task in on_shelf.select_related("order", "slot").order_by("slot__code")
    ]
    return found


def stock_rows(*, store_id: int, words: str, limit: int = 20) -> list[Stock]:
    """Stock rows for a barcode, SKU, bin code or words of a name; what is nearly gone when nothing is asked."""
    rows = Stock.objects.at(store_id).select_related("product", "bin")
    words = words.strip()
    if not words:
        return list(rows.filter(free__lte=3).order_by("free", "product__name")[:limit])
    exact = rows.filter(Q(product__barcode=words) | Q(product__sku__iexact=words) | Q(bin__code__iexact=words))
    if found := list(exact.order_by("product__name")[:limit]):
        return found
    hits = [hit.product_id for hit in search_shelf(store_id=store_id, q=words, limit=limit)]
    by_product = {row.product_id: row for row in rows.filter(product_id__in=hits)}
    found = [by_product[product_id] for product_id in hits if product_id in by_product]
    return found or list(rows.filter(product__name__icontains=words).order_by("product__name")[:limit])


_ON_A_CARD = (
    *("state", "due_at", "opened_at", "pinned", "tote", "work_s", "order__number", "order__rider_name"),
    *("order__rider_id_ref", "order__rider_here_at", "order__bag_codes", "picker__name", "picker__phone"),
)
"""An order has ten times as many columns."""


def _cards(store_id: int, states: Sequence[str]) -> QuerySet[PickTask]:
    return (
        PickTask.objects.filter(store_id=store_id, state__in=states)
        .select_related("order", "picker")
        .only(*_ON_A_CARD)
        .annotate(
            line_count=Count("lines"),
            unit_count=Coalesce(Sum("lines__qty"), 0),
            done_count=Coalesce(Sum(F("lines__picked_qty") + F("lines__short_qty")), 0),
            zone_names=ArrayAgg("lines__zone", distinct=True, default=[]),
            slot_code=F("order__shelf_slot"),
        )
        .order_by("-pinned", "due_at", "pk")
    )


def _card(task: Any, now: datetime) -> Card:
    order = task.order
    available_s = max(1.0, (task.due_at - task.opened_at).total_seconds())
    return Card(
        id=task.pk,
        order_id=order.pk,
        number=order.number,
        state=task.state,
        due_at=task.due_at,
        opened_at=task.opened_at,
        slack_s=round((task.due_at - now).total_seconds()),
        pinned=task.pinned,
        lines=task.line_count,
        units=task.unit_count,
        done_units=task.done_count,
        zones=sorted(filter(None, task.zone_names), key=lambda zone: pickroute.ZONE_ORDER.get(zone, 9)),
        picker_id=task.picker_id,
        picker_name=(task.picker.name or task.picker.phone) if task.picker else "",
        rider_name=order.rider_name if order.rider_id_ref else "",
        slot=task.slot_code or "",
        rest_s=_rest_s(task),
        rider_here=order.rider_here_at is not None,
        tote=letter(task.tote) if task.state in (TaskState.PICKING, TaskState.PICKED) else "",
        used_percent=max(0, min(100, round(100 * (now - task.opened_at).total_seconds() / available_s))),
        bags=order.bag_codes[0].rpartition("-")[0] if order.bag_codes else "",
    )


def _rest_s(task: Any) -> int:
    """Of the usual work what is not done yet: the lines still to find, and the packing (a fifth of it)."""
    if task.state == TaskState.PACKED or not task.unit_count:
        return 0
    return round(task.work_s * (0.2 + 0.8 * (1 - task.done_count / task.unit_count)))


def numbers_of(*, order_ids: Sequence[str]) -> list[tuple[str, UUID | None]]:
    """Numbers of these orders and their pick tasks, for links. One statement."""
    rows = Order.objects.filter(pk__in=list(order_ids)[:100]).order_by("placed_at")
    return list(rows.values_list("number", "pick_task__pk"))
