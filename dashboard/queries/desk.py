"""The order desk: finding an order, and everything about one on one page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.errors import BadPhone
from accounts.models import User
from accounts.phones import normalise
from blinkit.kernel.events import TimelineRow, timeline
from blinkit.kernel.said import Said, say
from catalog.models import Product
from dashboard import words
from dashboard.queries.board import TROUBLES, late_today, midnight
from delivery.models import Decision, Job, JobState, OfferedJob, Rider, Shift, Stop, StopState, Trip
from delivery.services.fitting import Barred, barred_from
from delivery.words import WEIGHED, left_of
from fulfillment.models import PickLine, PickTask
from notifications.models import Message
from orders.claims import Claim, Rating
from orders.models import Evidence, Order, OrderLine, Promise, StageTimer
from orders.queries import OUTLOOK_FIELDS, Outlook, order_of, outlooks, with_facts
from orders.queries.claims import claims_of
from orders.queries.money import money_of
from orders.queries.sourced import Choice, choices_of
from orders.risk import STAGE_LABELS
from orders.states import FINISHED, LIVE, STAFF_MAY_CANCEL, Status
from orders.words import charges_of
from payments.models import Payment
from payments.queries import StatementLine, payment_of

PAGE = 60
GROUPS = {
    "live": "All live",
    "late": "Late",
    "later": "For later",
    "no-rider": "Packed, no rider",
    "delivered-today": "Delivered today",
    "late-today": "Delivered late today",
    "cancelled-today": "Cancelled today",
}


def order_list(
    *, now: datetime, q: str = "", state: str = "", store: str = "", before: datetime | None = None
) -> QuerySet[Order]:
    """Orders newest first (late ones: latest first), with store and customer: one statement for PAGE of them.

    `q` is an order number, an id, or a phone as people write it; with `q` the other filters still hold. `state` is one
    of GROUPS or a status.
    """
    found = Order.objects.select_related("store", "customer").order_by("-placed_at", "-id")
    if store:
        found = found.filter(store__code=store)
    if state == "live":
        found = found.filter(status__in=LIVE)
    elif state == "late":
        found = found.late(now=now).order_by("promised_by")
    elif state == "later":
        found = found.for_later().order_by("release_at", "-id")
    elif state == "no-rider":
        found = found.filter(status=Status.PACKED, rider_id_ref=None).order_by("promised_by")
    elif state == "delivered-today":
        found = found.filter(delivered_at__gte=midnight(now))
    elif state == "late-today":
        found = found.filter(late_today(now))
    elif state == "cancelled-today":
        found = found.filter(placed_at__gte=midnight(now), status__in=[Status.CANCELLED, Status.REFUNDED])
    elif state in Status.values:
        found = found.filter(status=state)
    if q.strip():
        found = found.filter(_asked(q.strip()))
    if before is not None:
        found = found.filter(placed_at__lt=before)
    return found


def _asked(q: str) -> Q:
    try:
        return Q(pk=UUID(q))
    except ValueError:
        pass
    asked = Q(number__iexact=q)
    if q.isdigit():
        asked |= Q(number__iendswith=f"-{q}")
    try:
        phone = normalise(q)
    except BadPhone:
        return asked
    return asked | Q(contact_phone=phone) | Q(customer__phone=phone)


@dataclass(frozen=True, slots=True)
class Happened:
    at: datetime
    text: str
    who: str
    mood: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What floor or street wrote down: in words, by whom, and with the names of the goods in its lines."""

    kind: str
    title: str
    at: datetime
    who: str
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Considered:
    """A rider of a round for this order: what it costs with them and what that is made of, or the note that says why
    they cannot have it (then `score_s` is None)."""

    name: str
    is_chosen: bool
    score_s: int | None
    parts: list[tuple[str, int]]
    note: str


@dataclass(frozen=True, slots=True)
class Decided:
    """What a round decided, by which rule, and who was considered. `left`: why the order waits; who may not have it
    stands among the considered, each with their own reason."""

    made: Decision
    left: str
    rule: Said
    considered: list[Considered]


@dataclass(slots=True)
class Desk:
    """One order as operations need it. `free_riders` have nothing to do now, each with what bars them from it."""

    order: Order
    lines: list[OrderLine]
    payment: Payment | None
    statement: list[StatementLine]
    timeline: list[Happened]
    task: PickTask | None
    pick_lines: list[PickLine]
    job: Job | None
    offers: list[OfferedJob]
    decisions: list[Decided]
    stops: list[Stop]
    messages: list[Message]
    evidence: list[Proof]
    promise: Promise | None
    claims: list[Claim] = field(default_factory=list)
    rating: Rating | None = None
    choices: list[Choice] = field(default_factory=list)
    free_riders: list[tuple[Rider, Barred]] = field(default_factory=list)
    late_s: int = 0
    outlook: Outlook | None = None
    timers: list[StageTimer] = field(default_factory=list)

    @property
    def is_live(self) -> bool:
        return Status(self.order.status) in LIVE

    @property
    def may_cancel(self) -> bool:
        return Status(self.order.status) in STAFF_MAY_CANCEL

    @property
    def may_assign(self) -> bool:
        return self.job is not None and self.job.state in (JobState.SEEKING, JobState.OFFERED) and self.is_live

    @property
    def asks_sure(self) -> bool:
        return any(barred.against for _rider, barred in self.free_riders)

    @property
    def may_unassign(self) -> bool:
        return any(stop.state == StopState.TO_PICK_UP for stop in self.stops)

    @property
    def on_road(self) -> Stop | None:
        """The stop of the rider who has the bags; None when nobody has."""
        return next((stop for stop in self.stops if stop.state == StopState.ON_BOARD), None)

    @property
    def trouble(self) -> str:
        """What is wrong with the trip that carries or fetches it now; "" when nothing is."""
        under_way = (StopState.TO_PICK_UP, StopState.ON_BOARD)
        stop = next((stop for stop in self.stops if stop.state in under_way and stop.trip.ended_at is None), None)
        return TROUBLES.get(stop.trip.trouble, "") if stop else ""

    @property
    def stages(self) -> list[tuple[StageTimer, Said, int, int]]:
        """Each stage so far with its name, whole minutes taken (0 while it runs) and late against its due time."""
        return [
            (row, STAGE_LABELS[row.stage], _minutes(row.began_at, row.ended_at), _minutes(row.due_at, row.ended_at))
            for row in self.timers
        ]

    @property
    def late_m(self) -> int:
        return self.late_s // 60

    @property
    def bill(self) -> list[tuple[str, int]]:
        items = [("Items", self.order.items_paise)] if self.order.items_paise else []
        return [*items, *charges_of(self.order)]


def desk(*, order_id: UUID, now: datetime) -> Desk:
    """Everything about one order, in at most 27 statements. Raises NoSuchOrder."""
    order = order_of(order_id=order_id, customer_id=None)
    task = PickTask.objects.select_related("picker").filter(order=order).first()
    job = Job.objects.filter(order=order).first()
    offers = list(OfferedJob.objects.filter(job=job).select_related("offer__rider__user").order_by("pk")) if job else []
    decisions = Decision.objects.filter(job=job).select_related("rider__user").order_by("at", "pk") if job else ()
    stops = list(Stop.objects.filter(job=job).select_related("trip__rider__user").order_by("pk")) if job else []
    end = order.delivered_at or (None if Status(order.status) in FINISHED else now)
    happened, proofs = story(order.pk)
    made = Desk(
        order=order,
        lines=list(OrderLine.objects.filter(order=order)),
        payment=payment_of(order.pk),
        statement=money_of(order),
        timeline=happened,
        task=task,
        pick_lines=list(task.lines.select_related("product")) if task else [],
        job=job,
        offers=offers,
        decisions=[_decided(made) for made in decisions],
        stops=stops,
        messages=list(
            Message.objects.filter(user_id=order.customer_id, link=f"/orders/{order.pk}/").order_by("created_at", "pk")
        ),
        evidence=proofs,
        choices=choices_of(order.pk),
        promise=Promise.objects.filter(order=order).order_by("-pk").first(),
        claims=claims_of(order.pk),
        rating=Rating.objects.filter(order=order).first(),
    )
    if end is not None and order.promised_by is not None:
        made.late_s = max(0, int((end - order.promised_by).total_seconds()))
    if made.may_assign and job is not None:
        free = _free_riders(order)
        barred = barred_from([job.pk], free, now=now)
        made.free_riders = [(rider, barred[rider.pk]) for rider in free]
    made.timers = list(StageTimer.objects.filter(order=order).order_by("began_at", "pk"))
    if made.is_live:
        row = with_facts(Order.objects.filter(pk=order.pk)).values(*OUTLOOK_FIELDS).first()
        made.outlook = outlooks([row] if row else [], now=now).get(order.pk)
    return made


def _decided(made: Decision) -> Decided:
    return Decided(
        made=made,
        left=left_of(made),
        rule=words.rule_of(made.strategy, made.left),
        considered=[
            Considered(
                name=row["name"],
                is_chosen=made.rider_id is not None and row["rider"] == made.rider_id,
                score_s=row["score_s"],
                parts=[(WEIGHED.get(it, it), round(s)) for it, s in row["parts"].items() if abs(s) >= 0.5],
                note=row.get("note", ""),
            )
            for row in made.why
        ],
    )


def _minutes(start: datetime, end: datetime | None) -> int:
    return 0 if end is None else max(0, round((end - start).total_seconds() / 60))


def _free_riders(order: Order) -> list[Rider]:
    mine = OuterRef("pk")
    return list(
        Rider.objects.filter(
            Exists(Shift.objects.working().filter(rider=mine)),
            ~Exists(Trip.objects.filter(rider=mine, ended_at=None)),
            store_id=order.store_id,
            suspended_reason="",
            is_verified=True,
        )
        .select_related("user")
        .order_by("user__name", "pk")
    )


def story(order_id: UUID) -> tuple[list[Happened], list[Proof]]:
    """The event log and the evidence of an order, with names. Five statements at most."""
    rows, kept = timeline(f"order:{order_id}"), list(Evidence.objects.filter(order_id=order_id).order_by("pk"))
    names = names_of({row.actor for row in rows} | {row.actor for row in kept})
    ids = {line["product"] for row in kept for line in row.detail.get("lines", ()) if "product" in line}
    goods = dict(Product.objects.filter(pk__in=ids).values_list("pk", "name")) if ids else {}
    proofs = []
    for row in kept:
        lines = [line | {"name": goods.get(line.get("product"), "–")} for line in row.detail.get("lines", ())]
        detail = row.detail | ({"lines": lines} if lines else {})
        title = words.EVIDENCE.get(row.kind, row.kind)
        proofs.append(Proof(row.kind, title, row.at, names.get(row.actor, row.actor), detail))
    return _happened(rows, names), proofs


def _happened(rows: Iterable[TimelineRow], names: Mapping[str, str]) -> list[Happened]:
    return [
        Happened(
            at=row.at,
            text=words.sentence(row.code, row.payload),
            who=names.get(row.actor, row.actor),
            mood=words.mood(row.code, row.payload),
        )
        for row in rows
    ]


def names_of(actors: Iterable[str]) -> dict[str, str]:
    """Whom "user:12" and "rider:3" mean. Two statements at most."""
    ids: dict[str, list[int]] = {"user": [], "rider": []}
    for actor in actors:
        kind, _colon, number = actor.partition(":")
        if kind in ids and number.isdigit():
            ids[kind].append(int(number))
    names: dict[str, str] = {"system": say("The house")}
    if ids["user"]:
        for pk, name, phone in User.objects.filter(pk__in=ids["user"]).values_list("pk", "name", "phone"):
            names[f"user:{pk}"] = name or phone
    if ids["rider"]:
        riders = Rider.objects.filter(pk__in=ids["rider"])
        for pk, name, phone in riders.values_list("pk", "user__name", "user__phone"):
            names[f"rider:{pk}"] = say("{name} (rider)", name=name or phone)
    return names
