"""Whom an event concerns and the facts its messages are filled with. One statement per event."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet, Subquery, Sum
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, override

from accounts import services as accounts
from accounts.events import EmailGiven, OtpRequested
from accounts.models import Device, Role, User
from blinkit.kernel.events import DomainEvent
from blinkit.kernel.money import rupees
from blinkit.kernel.words import said
from catalog.events import MarketAlertRaised, WeAreHere
from catalog.market import Listing
from catalog.models import Product, Store, Waitlist
from delivery.events import (
    AppealAnswered,
    AppealSentIn,
    ArrivalDoubted,
    BagsCalledBack,
    BagsLeftUnseen,
    BagsOutgrewRider,
    CashLimitNear,
    ChatFlagged,
    DeductionDecided,
    DeductionDisputed,
    DeductionTold,
    DoorWaitBegun,
    GigCalledOff,
    IncidentTold,
    OfferMade,
    PaperExpiring,
    PaperRejected,
    RescueAsked,
    RiderSuspended,
    RiderUnverified,
    RiderVerified,
    SuspensionOver,
    TargetReached,
    TripGrew,
    TripInTrouble,
    WeekIssued,
)
from delivery.models import Appeal, Gig, Job, Offer, Rider
from delivery.papers import kind_words
from inventory.events import HeldMissingNotice, LowStockNotice
from notifications.events import QuestionTold, WatchStopped
from notifications.models import Preference
from notifications.templates_default import PHRASES
from orders.claims import Claim
from orders.events import (
    BackInStock,
    BooksDiffer,
    ClaimApproved,
    ClaimReceived,
    ClaimRefused,
    HeldBackTold,
    LineRecalled,
    LineShorted,
    LineSubstituted,
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderPickedUp,
    OrderResourced,
    OrderUndelivered,
    PinMoved,
    PriceDropped,
    RecallNotice,
    RiderAtDoor,
    RunningLate,
    StoreAtRisk,
)
from orders.models import Order
from orders.words import to_the_customer
from payments.events import (
    MembershipBegun,
    MembershipEnding,
    PaymentDeclined,
    RefundCompleted,
    RefundStarted,
    WalletCredited,
)
from payments.models import Method


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody to tell. `user_id` is empty for a phone that has no account yet."""

    user_id: int | None
    phone: str
    email: str = ""
    language: str = "en"
    off: frozenset[str] = frozenset()
    has_device: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    person: Person
    words: dict[str, str] = field(default_factory=dict)
    link: str = ""
    also: tuple[Person, ...] = ()
    """Others who are told the same."""
    more: tuple[Facts, ...] = ()
    """Others who are told it in words of their own."""


def facts_of(event: DomainEvent) -> Facts | None:
    """Everything the messages of this event need; None when there is nobody to tell (the order is not there)."""
    build = _BUILDERS[type(event)]
    return build(event)


def known_events() -> frozenset[str]:
    return frozenset(cls.code() for cls in _BUILDERS)


# -- one builder per kind of event ------------------------------------------------------------------------------------


def _sign_in_code(event: OtpRequested) -> Facts:
    row = _people(User.objects.filter(phone=event.phone)).first()
    person = Person(user_id=None, phone=event.phone) if row is None else _person(row)
    return Facts(person=person, words={"code": accounts.otp_code(event.challenge_id), "minutes": "5"})


def _confirm_email(event: EmailGiven) -> Facts | None:
    row = _people(User.objects.filter(pk=event.user_id)).values(*_PERSON_FIELDS, name=F("name")).first()
    if row is None or row["person_email"] != event.email:
        return None  # changed again meanwhile: the later event asks
    person = _person(row)
    url = accounts.email_link(user_id=event.user_id, email=event.email)
    words = {"name": row["name"] or _phrase("you", person.language), "url": url}
    return Facts(person=person, words=words, link="/account/")


def _order(
    event: OrderConfirmed
    | OrderResourced
    | OrderPickedUp
    | RiderAtDoor
    | OrderDelivered
    | OrderCancelled
    | OrderUndelivered
    | LineShorted
    | LineRecalled
    | LineSubstituted,
) -> Facts | None:
    facts = _order_facts(event.order_id)
    if facts is None:
        return None
    language = facts.person.language
    if isinstance(event, OrderCancelled | OrderUndelivered):
        with override(language):
            facts.words["reason"] = _sentence(said(to_the_customer(event.reason)))
    if isinstance(event, LineShorted | LineRecalled):
        facts.words["product"] = event.product_name
        facts.words["qty"] = str(event.qty)
        phrase = (
            "refunded" if event.refund_paise else "not_charged_new_total" if facts.words["to_pay"] else "not_charged"
        )
        facts.words["what_happens"] = _phrase(
            phrase, language, amount=rupees(event.refund_paise), total=facts.words["total"]
        )
    if isinstance(event, LineSubstituted):
        phrase = "refunded" if event.refund_paise else "pays_less" if event.less_paise else "same_price"
        amount = rupees(event.refund_paise or event.less_paise)
        facts.words.update(
            product=event.product_name,
            substitute=event.substitute_name,
            qty=str(event.qty),
            what_happens=_phrase(phrase, language, amount=amount),
        )
    return facts


def _recall(event: RecallNotice) -> Facts | None:
    facts = _order_facts(event.order_id)
    if facts is None:
        return None
    facts.words.update(product=event.product_name, reason=_sentence(event.reason))
    facts.words["lot"] = _phrase("lot", facts.person.language, lot=event.lot) if event.lot else ""
    return facts


def _held_back(event: HeldBackTold) -> Facts | None:
    number = Order.objects.filter(pk=event.order_id).values("number")[:1]
    row = _people(User.objects.filter(pk=event.user_id)).values(*_PERSON_FIELDS, number=Subquery(number)).first()
    if row is None:
        return None
    person = _person(row)
    lot = _phrase("lot", person.language, lot=event.lot) if event.lot else ""
    words = {"number": row["number"], "product": event.product_name, "lot": lot}
    return Facts(person=person, words=words, link=f"/ops/orders/{event.order_id}/")


def _we_are_here(event: WeAreHere) -> Facts | None:
    """Somebody on the waiting list; None when they asked to be forgotten meanwhile."""
    name = Store.objects.filter(code=event.store_code).values("name")[:1]
    waiting = Waitlist.objects.filter(pk=event.waitlist_id).annotate(store=Subquery(name))
    row = waiting.values_list("phone", "store").first()
    if row is None or row[1] is None:
        return None
    known = _people(User.objects.filter(phone=row[0])).first()
    person = Person(user_id=None, phone=row[0]) if known is None else _person(known)
    return Facts(person=person, words={"store": row[1]}, link="/")


def _money(event: PaymentDeclined | RefundStarted | RefundCompleted) -> Facts | None:
    if isinstance(event, RefundCompleted) and event.told:
        return None  # what it was refunded for said so
    facts = _order_facts(event.ref)
    if facts is None:
        return None
    if isinstance(event, PaymentDeclined):
        with override(facts.person.language):
            facts.words["reason"] = _sentence(said(event.reason))
    else:
        facts.words["amount"] = rupees(event.amount_paise)
    if isinstance(event, RefundCompleted):
        facts.words["where"] = _phrase("in_wallet" if event.to_wallet else "in_bank", facts.person.language)
    return facts


def _wallet(event: WalletCredited) -> Facts | None:
    row = _people(User.objects.filter(pk=event.customer_id)).first()
    if row is None:
        return None
    person = _person(row)
    words = {
        "amount": rupees(event.amount_paise),
        "because": _phrase(f"because_{event.source}", person.language, reason=_sentence(event.reason)),
        "until": _phrase("spend_until", person.language, day=_day(event.expires_at)) if event.expires_at else "",
    }
    return Facts(person=person, words=words, link="/wallet/")


def _membership(event: MembershipBegun | MembershipEnding) -> Facts | None:
    row = _people(User.objects.filter(pk=event.customer_id)).first()
    if row is None:
        return None
    words = {"until": _day(event.until)}
    if isinstance(event, MembershipBegun):
        words["plan"] = event.plan
    return Facts(person=_person(row), words=words, link="/membership/")


def _claim(event: ClaimReceived | ClaimApproved | ClaimRefused) -> Facts | None:
    facts = _order_facts(event.order_id)
    claim = Claim.objects.select_related("order").filter(pk=event.claim_id).first()
    if facts is None or claim is None:
        return None
    with override(facts.person.language):
        facts.words["reason"] = _sentence(claim.reason or (said(claim.sentence) if claim.state == "refused" else ""))
    if isinstance(event, ClaimApproved):
        facts.words["amount"] = rupees(event.refund_paise)
        at_once = claim.order.payment_method in (Method.COD, Method.WALLET)
        facts.words["where"] = _phrase("in_wallet" if at_once else "as_paid", facts.person.language)
    return replace(facts, link=f"/orders/{event.order_id}/help/")


def _offer(event: OfferMade) -> Facts | None:
    if event.rank > 1:
        return None  # told with the first order of the offer
    row = (
        _people(Offer.objects.filter(pk=event.offer_id), "rider__user__")
        .annotate(bags=Sum("offered__job__bags"), distance=Max("offered__job__order__distance_metres"))
        .values(*_PERSON_FIELDS, "pay_paise", "bags", "distance", store=F("store__name"))
        .order_by("pk")
        .first()
    )
    if row is None:
        return None
    person = _person(row)
    words = {
        "store": row["store"],
        "pay": rupees(row["pay_paise"]),
        "distance": f"{row['distance'] / 1000:.1f} km",
        "bags": _phrase("bag" if row["bags"] == 1 else "bags", person.language, bags=str(row["bags"])),
    }
    return Facts(person=person, words=words, link="/rider/")


def _rider_money(
    event: CashLimitNear | TargetReached | DeductionTold | DeductionDecided | WeekIssued,
) -> Facts | None:
    """What a rider is told about pay and cash."""
    row = _people(Rider.objects.filter(pk=event.rider_id), "user__").first()
    if row is None:
        return None
    person = _person(row)
    words: dict[str, str] = {}
    if isinstance(event, CashLimitNear):
        phrase = "cash_full" if event.level >= 100 else "cash_soon"
        words = {"amount": rupees(event.in_hand_paise), "what_happens": _phrase(phrase, person.language)}
        return Facts(person=person, words=words, link="/rider/cash/")
    if isinstance(event, WeekIssued):
        return Facts(person=person, words={"amount": rupees(event.payout_paise)}, link="/rider/earnings/")
    words["amount"] = rupees(event.amount_paise)
    if isinstance(event, TargetReached):
        words["target"] = event.name
    elif isinstance(event, DeductionTold):
        words["reason"] = _sentence(event.reason)
    else:
        phrase = "deduction_stays" if event.counts else "deduction_dropped"
        words["what_happens"] = _phrase(phrase, person.language)
    return Facts(person=person, words=words, link="/rider/earnings/")


def _rider(
    event: RiderVerified
    | RiderUnverified
    | PaperRejected
    | PaperExpiring
    | RiderSuspended
    | SuspensionOver
    | AppealAnswered
    | GigCalledOff,
) -> Facts | None:
    """What happened to a rider's papers, suspension or gig. Two statements where a row has to be read too."""
    row = _people(Rider.objects.filter(pk=event.rider_id), "user__").first()
    if row is None:
        return None
    person = _person(row)
    words: dict[str, str] = {}
    page = "/rider/me/"
    with override(person.language):
        if isinstance(event, RiderUnverified):
            words["papers"] = ", ".join(gettext(word) for word in kind_words(event.kinds))
        if isinstance(event, PaperRejected | PaperExpiring):
            words["paper"] = gettext(kind_words([event.kind])[0])
        if isinstance(event, PaperRejected):
            words["reason"] = _sentence(gettext(event.reason))
        if isinstance(event, PaperExpiring):
            words["day"] = date_format(event.expires_on, "j M Y")
        if isinstance(event, RiderSuspended):
            words["reason"] = _sentence(event.reason)
            words["until"] = _phrase("suspended_until", person.language, day=_day(event.until)) if event.until else ""
        if isinstance(event, AppealAnswered):
            words["answer"] = Appeal.objects.values_list("answer", flat=True).get(pk=event.appeal_id)
        if isinstance(event, GigCalledOff):
            gig = Gig.objects.select_related("store").get(pk=event.gig_id)
            words.update(store=gig.store.name, when=_hours(gig), reason=_sentence(event.reason))
            page = "/rider/gigs/"
    return Facts(person=person, words=words, link=page)


def _hours(gig: Gig) -> str:
    begins, ends = timezone.localtime(gig.starts_at), timezone.localtime(gig.ends_at)
    return f"{date_format(begins, 'j M')}, {begins:%H:%M}–{ends:%H:%M}"


def _back_in_stock(event: BackInStock) -> Facts | None:
    name = Store.objects.filter(code=event.store_code).values("name")[:1]
    row = _people(User.objects.filter(pk=event.customer_id)).values(*_PERSON_FIELDS, store=Subquery(name)).first()
    if row is None or row["store"] is None:
        return None
    words = {"product": event.product_name, "store": row["store"]}
    return Facts(person=_person(row), words=words, link=f"/p/{event.sku}/")


def _shelf_needs_you(event: LowStockNotice | HeldMissingNotice) -> Facts | None:
    store = Store.objects.filter(code=event.store_code).values("name")[:1]
    goods = Product.objects.filter(pk=event.product_id).values("name")[:1]
    people = _people(User.objects.filter(pk=event.user_id))
    row = people.values(*_PERSON_FIELDS, store=Subquery(store), product=Subquery(goods)).first()
    if row is None or row["store"] is None or row["product"] is None:
        return None
    words = {"product": row["product"], "store": row["store"], "n": str(event.n)}
    page = "replenish" if isinstance(event, LowStockNotice) else "counts"
    return Facts(person=_person(row), words=words, link=f"/store/{event.store_code}/{page}/")


def _price_dropped(event: PriceDropped) -> Facts | None:
    name = Store.objects.filter(code=event.store_code).values("name")[:1]
    row = _people(User.objects.filter(pk=event.customer_id)).values(*_PERSON_FIELDS, store=Subquery(name)).first()
    if row is None or row["store"] is None:
        return None
    words = {
        "product": event.product_name,
        "store": row["store"],
        "price": rupees(event.price_paise),
        "before": rupees(event.seen_paise),
    }
    return Facts(person=_person(row), words=words, link=f"/p/{event.sku}/")


def _market_alert(event: MarketAlertRaised) -> Facts | None:
    row = _people(User.objects.filter(pk=event.user_id)).first()
    names = ("name", "pack", "platform__name", "product__sku")
    listing = Listing.objects.filter(pk=event.listing_id).values_list(*names).first()
    if row is None or listing is None:
        return None
    name, pack, platform, sku = listing
    person = _person(row)
    price, language = rupees(event.price_paise), person.language
    if event.kind == "undercut" and event.ours_paise:
        details = _phrase("market_ours", language, ours=rupees(event.ours_paise))
    elif event.was_paise and event.was_paise != event.price_paise:
        details = _phrase("market_was", language, before=rupees(event.was_paise))
    else:
        details = _phrase("market_price", language, price=price)
    words = {
        "product": name if pack and pack.lower() in name.lower() else f"{name} {pack}".strip(),
        "what_happens": _phrase(f"market_{event.kind}", language, price=price, platform=platform),
        "details": details,
        "more": _phrase("market_more", language, n=str(event.hits - 1)) if event.hits > 1 else "",
    }
    return Facts(person=person, words=words, link=f"/p/{sku}/" if sku else "/ops/")


def _books(event: BooksDiffer) -> Facts | None:
    """Everybody in operations and administration."""
    staff = User.objects.filter(grants__role__in=[Role.OPS, Role.ADMIN]).distinct().order_by("pk")
    people = [_person(row) for row in _people(staff)]
    if not people:
        return None
    count = event.stock + event.money + event.orders
    words = {"count": str(count), "night": event.night, "first": event.first}
    return Facts(person=people[0], words=words, link="/admin/", also=tuple(people[1:]))


def _running_late(event: RunningLate) -> Facts | None:
    facts = _order_facts(event.order_id)
    if facts is None:
        return None
    facts.words["from"], facts.words["until"] = _clock(event.from_at), _clock(event.to_at)
    return facts


def _store_at_risk(event: StoreAtRisk) -> Facts | None:
    """Operations, and the managers who work in the store."""
    mine = Q(grants__role=Role.STORE_MANAGER, store_memberships__store__code=event.store_code)
    staff = User.objects.filter(Q(grants__role=Role.OPS) | mine).distinct().order_by("pk")
    name = Store.objects.filter(code=event.store_code).values("name")[:1]
    rows = list(_people(staff).values(*_PERSON_FIELDS, store=Subquery(name)))
    if not rows or rows[0]["store"] is None:
        return None
    first, *rest = [_at_risk(event, _person(row), row["store"]) for row in rows]
    return replace(first, more=tuple(rest))


def _at_risk(event: StoreAtRisk, person: Person, store: str) -> Facts:
    orders = _phrase("one_order" if event.orders == 1 else "orders", person.language, n=str(event.orders))
    words = {
        "store": store,
        "orders": orders,
        "minutes": str(max(1, event.late_s // 60)),
        "stage": _phrase(f"slow_{event.stage}", person.language),
    }
    return Facts(person=person, words=words, link=f"/store/{event.store_code}/")


def _rider_waits(event: DoorWaitBegun) -> Facts | None:
    facts = _order_facts(event.order_id)
    if facts is None:
        return None
    facts.words["until"] = _clock(event.waits_until)
    return facts


def _ops_of_order(event: PinMoved | BagsLeftUnseen | BagsOutgrewRider | ChatFlagged) -> Facts | None:
    """Operations, about one order."""
    order = Order.objects.filter(pk=event.order_id)
    staff = User.objects.filter(grants__role=Role.OPS).distinct().order_by("pk")
    here = {"number": Subquery(order.values("number")[:1]), "store": Subquery(order.values("store__name")[:1])}
    rows = list(_people(staff).values(*_PERSON_FIELDS, **here))
    if not rows:
        return None
    words = {"number": rows[0]["number"] or "", "store": rows[0]["store"] or ""}
    if isinstance(event, PinMoved):
        words["metres"] = str(event.by_metres)
    if isinstance(event, BagsOutgrewRider):
        words |= {"rider": event.rider, "bags": str(event.bags)}
    people = [_person(row) for row in rows]
    return Facts(person=people[0], words=words, link=f"/ops/orders/{event.order_id}/", also=tuple(people[1:]))


def _ops_of_rider(
    event: IncidentTold | TripInTrouble | ArrivalDoubted | AppealSentIn | DeductionDisputed,
) -> Facts | None:
    """Operations, about one rider, each in their own language."""
    if isinstance(event, TripInTrouble) and event.rank > 1:
        return None  # told with the first order of the trip
    rider = Rider.objects.filter(pk=event.rider_id)
    staff = User.objects.filter(grants__role=Role.OPS).distinct().order_by("pk")
    here = {"rider": Subquery(rider.values("user__name")[:1]), "store": Subquery(rider.values("store__name")[:1])}
    rows = list(_people(staff).values(*_PERSON_FIELDS, **here))
    if not rows:
        return None
    first, *rest = [
        Facts(
            person=(person := _person(row)),
            words={
                "rider": row["rider"] or _phrase("your_rider", person.language),
                "store": row["store"] or "",
                **_about_rider(event, person.language),
            },
            link=_page_about(event),
        )
        for row in rows
    ]
    return replace(first, more=tuple(rest))


def _about_rider(event: DomainEvent, language: str) -> dict[str, str]:
    if isinstance(event, IncidentTold):
        return {"kind": _phrase(f"incident_{event.kind}", language)}
    if isinstance(event, TripInTrouble):
        carries = "none_on_board" if not event.on_board else "one_on_board" if event.on_board == 1 else "some_on_board"
        return {
            "trouble": _phrase(f"trouble_{event.what}", language),
            "what_to_do": _phrase(carries, language, n=str(event.on_board)),
        }
    if isinstance(event, ArrivalDoubted):
        return {
            "says": _phrase(f"says_{event.where}", language, metres=str(event.metres)),
            "what_to_do": _phrase(f"doubt_{event.where}", language),
        }
    return {}


def _page_about(event: IncidentTold | TripInTrouble | ArrivalDoubted | AppealSentIn | DeductionDisputed) -> str:
    if isinstance(event, IncidentTold):
        return f"/ops/incidents/{event.incident_id}/"
    if isinstance(event, TripInTrouble):
        return f"/ops/riders/{event.rider_id}/"
    if isinstance(event, ArrivalDoubted):
        return f"/ops/orders/{event.order_id}/"
    if isinstance(event, AppealSentIn):
        return f"/admin/delivery/appeal/{event.appeal_id}/change/"
    return f"/admin/delivery/deduction/{event.deduction_id}/change/"


def _called_back(event: BagsCalledBack) -> Facts | None:
    number = Order.objects.filter(pk=event.order_id).values("number")[:1]
    rider = Rider.objects.filter(pk=event.rider_id)
    row = _people(rider, "user__").values(*_PERSON_FIELDS, number=Subquery(number)).first()
    if row is None:
        return None
    person = _person(row)
    with override(person.language):
        words = {"number": row["number"] or "", "reason": _sentence(gettext(event.reason))}
    return Facts(person=person, words=words, link="/rider/")


def _grew(event: TripGrew) -> Facts | None:
    job = Job.objects.filter(order=event.order_id)
    row = (
        _people(User.objects.filter(pk=event.rider_user_id))
        .values(*_PERSON_FIELDS, store=Subquery(job.values("store__name")[:1]), bags=Subquery(job.values("bags")[:1]))
        .first()
    )
    if row is None or row["bags"] is None:
        return None
    person, count = _person(row), row["bags"]
    bags = _phrase("bag" if count == 1 else "bags", person.language, bags=str(count))
    return Facts(
        person=person, words={"store": row["store"], "pay": rupees(event.pay_paise), "bags": bags}, link="/rider/"
    )


def _rescue(event: RescueAsked) -> Facts | None:
    name = Rider.objects.filter(pk=event.from_rider_id).values("user__name")[:1]
    row = _people(User.objects.filter(pk=event.rider_user_id)).values(*_PERSON_FIELDS, rider=Subquery(name)).first()
    if row is None:
        return None
    person = _person(row)
    return Facts(person=person, words={"rider": row["rider"] or _phrase("your_rider", person.language)}, link="/rider/")


def _question(event: QuestionTold | WatchStopped) -> Facts | None:
    row = _people(User.objects.filter(pk=event.user_id)).first()
    if row is None:
        return None
    person = _person(row)
    link = f"/ops/ask/alerts/{event.alert_id}/" if isinstance(event, QuestionTold) else "/ops/ask/"
    words = {"title": event.title, "url": settings.SITE_URL.rstrip("/") + link}
    if isinstance(event, QuestionTold):
        was = _phrase("it_was", person.language, was=event.was) if event.was else ""
        words |= {"value": event.value, "before": was, "sentence": _sentence(event.sentence)}
    else:
        with override(person.language):
            words["reason"] = _sentence(gettext(event.reason))
    return Facts(person=person, words=words, link=link)


_BUILDERS: dict[type[DomainEvent], Callable[[Any], Facts | None]] = {
    OtpRequested: _sign_in_code,
    EmailGiven: _confirm_email,
    OrderConfirmed: _order,
    OrderResourced: _order,
    LineShorted: _order,
    LineRecalled: _order,
    RecallNotice: _recall,
    HeldBackTold: _held_back,
    LineSubstituted: _order,
    WeAreHere: _we_are_here,
    OrderPickedUp: _order,
    RiderAtDoor: _order,
    OrderDelivered: _order,
    OrderCancelled: _order,
    OrderUndelivered: _order,
    PaymentDeclined: _money,
    RefundStarted: _money,
    RefundCompleted: _money,
    WalletCredited: _wallet,
    MembershipBegun: _membership,
    MembershipEnding: _membership,
    OfferMade: _offer,
    CashLimitNear: _rider_money,
    TargetReached: _rider_money,
    DeductionTold: _rider_money,
    DeductionDecided: _rider_money,
    WeekIssued: _rider_money,
    RiderVerified: _rider,
    RiderUnverified: _rider,
    PaperRejected: _rider,
    PaperExpiring: _rider,
    RiderSuspended: _rider,
    SuspensionOver: _rider,
    AppealAnswered: _rider,
    GigCalledOff: _rider,
    BackInStock: _back_in_stock,
    PriceDropped: _price_dropped,
    MarketAlertRaised: _market_alert,
    LowStockNotice: _shelf_needs_you,
    HeldMissingNotice: _shelf_needs_you,
    ClaimReceived: _claim,
    ClaimApproved: _claim,
    ClaimRefused: _claim,
    BooksDiffer: _books,
    RunningLate: _running_late,
    StoreAtRisk: _store_at_risk,
    DoorWaitBegun: _rider_waits,
    PinMoved: _ops_of_order,
    BagsLeftUnseen: _ops_of_order,
    BagsOutgrewRider: _ops_of_order,
    ChatFlagged: _ops_of_order,
    IncidentTold: _ops_of_rider,
    TripInTrouble: _ops_of_rider,
    ArrivalDoubted: _ops_of_rider,
    AppealSentIn: _ops_of_rider,
    DeductionDisputed: _ops_of_rider,
    BagsCalledBack: _called_back,
    RescueAsked: _rescue,
    TripGrew: _grew,
    QuestionTold: _question,
    WatchStopped: _question,
}


# -- shared -----------------------------------------------------------------------------------------------------------

_PERSON_FIELDS = ("person_id", "person_phone", "person_email", "person_language", "person_off", "person_device")


def _people(rows: QuerySet[Any], at: str = "") -> QuerySet[Any, dict[str, Any]]:
    """The rows as dicts with the person found at `at` ("customer__"), their switched-off channels and devices."""
    user_id = OuterRef(f"{at}id")
    off = Preference.objects.filter(user_id=user_id, is_on=False).values("channel")
    return (
        rows.filter(**{f"{at}is_active": True})
        .annotate(  # nothing is said to who is forgotten
            person_id=F(f"{at}id"),
            person_phone=F(f"{at}phone"),
            person_email=F(f"{at}email"),
            person_language=F(f"{at}language"),
            person_off=ArraySubquery(off),
            person_device=Exists(Device.objects.filter(user_id=user_id)),
        )
        .values(*_PERSON_FIELDS)
    )


def _person(row: dict[str, Any]) -> Person:
    return Person(
        user_id=row["person_id"],
        phone=row["person_phone"],
        email=row["person_email"],
        language=row["person_language"],
        off=frozenset(row["person_off"]),
        has_device=row["person_device"],
    )


# The same as _people, written out: every order asks it several times, and building it cost more than running it.
_ORDER_FACTS = """
SELECT u.id AS person_id, u.phone AS person_phone, u.email AS person_email, u.language AS person_language,
    ARRAY(SELECT p.channel FROM notifications_preference AS p WHERE p.user_id = u.id AND NOT p.is_on) AS person_off,
    EXISTS(SELECT 1 FROM accounts_device AS d WHERE d.user_id = u.id) AS person_device,
    o.number, o.total_paise, o.total_paise - o.wallet_paise AS rest_paise, o.payment_method, o.rider_name,
    o.promised_by, o.delivered_at, o.contact_name, o.placed_at, o.slot_id,
    s.name AS store_name
FROM orders_order AS o JOIN accounts_user AS u ON u.id = o.customer_id JOIN catalog_store AS s ON s.id = o.store_id
WHERE o.id = %s
"""


def _order_facts(order_id: UUID) -> Facts | None:
    with connection.cursor() as cursor:
        cursor.execute(_ORDER_FACTS, [order_id])
        found = cursor.fetchone()
        if found is None:
            return None
        row = dict(zip([column.name for column in cursor.description], found, strict=True))
    person = _person(row)
    language = person.language
    total = rupees(row["total_paise"])
    is_cash = row["payment_method"] == "cod" and row["rest_paise"]
    words = {
        "name": row["contact_name"] or _phrase("you", language),
        "number": row["number"],
        "store": row["store_name"],
        "total": total,
        "to_pay": _phrase("pay_rider", language, total=rupees(row["rest_paise"])) if is_cash else "",
        "rider": row["rider_name"] or _phrase("your_rider", language),
        "reason": "",
        "arrives_by": _clock(row["promised_by"], seen_at=row["placed_at"] if row["slot_id"] else None),
        "delivered_at": _clock(row["delivered_at"]),
        "invoice": f"{settings.SITE_URL.rstrip('/')}/orders/{order_id}/invoice/",
    }
    return Facts(person=person, words=words, link=f"/orders/{order_id}/")


def _clock(at: datetime | None, *, seen_at: datetime | None = None) -> str:
    """ "14:05", in the house's time zone, with the date when that is another day than `seen_at`'s; empty for an instant
    not known."""
    if at is None:
        return ""
    local = timezone.localtime(at)
    other_day = seen_at is not None and timezone.localtime(seen_at).date() != local.date()
    day = f"{local:%d/%m}, " if other_day else ""
    return f"{day}{local:%H:%M}"


def _day(at: datetime) -> str:
    """ "5 Dec 2026", in the house's time zone."""
    local = timezone.localtime(at)
    return f"{local.day} {local:%b %Y}"


def _sentence(text: str) -> str:
    """A reason as a sentence of its own."""
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text.endswith((".", "!", "?", "।")) else ".")


def _phrase(name: str, language: str, **words: str) -> str:
    phrases = PHRASES[name]
    return phrases.get(language, phrases["en"]).format(**words)
