"""Who is shopping, where to, and what is in the cart: read once per page, shared by every storefront template."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from accounts.models import Address
from accounts.templatetags.ui import shop_name
from blinkit.kernel.errors import SignInNeeded
from blinkit.kernel.geo import Point
from blinkit.kernel.words import said
from catalog import queries as goods
from catalog import wanted
from catalog.pricing import Bill
from orders import queries
from orders.queries import CartView, Serviceability
from orders.queries.carts import EMPTY
from orders.services.showing import note_shown
from orders.web import cards, when
from orders.web.cards import Card

PLACE_KEY = "place"
GUEST_KEY = "guest"
REFERRAL_KEY = "ref"


@dataclass(frozen=True)
class Place:
    """Where to, and who delivers there. `chosen` is False while the shop only shows a store it picked itself."""

    label: str
    lat: float
    lng: float
    chosen: bool
    answer: Serviceability
    pinned: bool = False
    """The person put the pin there: not a saved address, a neighbourhood, or our guess."""

    @property
    def point(self) -> Point:
        return Point(self.lat, self.lng)

    @property
    def served(self) -> bool:
        """A store's shelf can be shown, even if the store is closed at this hour."""
        return self.answer.store is not None

    @property
    def store_code(self) -> str:
        return self.answer.store.code if self.answer.store else ""

    @property
    def store_id(self) -> int:
        return self.answer.store.pk if self.answer.store else 0

    @property
    def store_name(self) -> str:
        return self.answer.store.name.removeprefix(f"{shop_name()} ") if self.answer.store else ""

    @property
    def eta_low_m(self) -> int | None:
        return self.answer.eta_from_m

    @property
    def eta_high_m(self) -> int | None:
        return self.answer.eta_to_m

    @property
    def sentence(self) -> str:
        return said(self.answer.sentence)

    @property
    def note(self) -> str:
        """Why the store is not as usual, in its own words."""
        return self.answer.store.mode_reason if self.answer.store and self.mode in ("paused", "rush") else ""

    @property
    def why_long(self) -> str:
        """Why it takes long just now; empty when nothing is unusual."""
        return said(self.answer.eta_why.sentence) if self.answer.eta_why else ""

    @property
    def opens_at(self) -> datetime | None:
        return self.answer.opens_at

    @property
    def mode(self) -> str:
        """ "closed", "paused", "full", "rush" or "" when all is as usual."""
        return self.answer.reason or ("rush" if self.answer.mode == "rush" else "")


@dataclass(frozen=True)
class CartSummary:
    count: int = 0
    items_paise: int = 0
    tip_paise: int = 0
    free_more_paise: int = 0
    cards: list[Card] = field(default_factory=list)
    view: CartView = EMPTY

    @property
    def is_short(self) -> bool:
        """Something in it is not there (any more) in this number."""
        return any(card.short for card in self.cards)

    @property
    def bill(self) -> Bill:
        return self.view.bill


class Shopper:
    """The person behind a request. Everything is read when a page first asks for it."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        if code := request.GET.get(REFERRAL_KEY, "")[:12]:  # a friend's link: kept until there is somebody to enter it
            request.session[REFERRAL_KEY] = code
        self.now: datetime = timezone.now()

    @property
    def customer_id(self) -> int | None:
        return self.request.user.pk if self.request.user.is_authenticated else None

    @property
    def guest_token(self) -> UUID | None:
        token = self.request.session.get(GUEST_KEY)
        return UUID(token) if token else None

    def owner(self, *, begin: bool = False) -> dict[str, Any]:
        """Keyword arguments that say whose cart it is; `begin` gives a guest a token."""
        if self.customer_id is not None:
            return {"customer_id": self.customer_id}
        if begin and self.guest_token is None:
            self.request.session[GUEST_KEY] = str(uuid4())
        return {"guest_token": self.guest_token}

    @cached_property
    def place(self) -> Place:
        kept = self.request.session.get(PLACE_KEY)
        label, chosen, pinned = "", True, bool(kept and kept.get("pinned"))
        if kept:
            label, point = kept["label"], Point(kept["lat"], kept["lng"])
        elif address := self._default_address():
            label, point = f"{_(address.label)} · {address.line1}", address.point
        else:
            chosen = False
            stores = goods.active_stores()
            point = queries.typical_door(stores[0]) if stores else Point(12.9716, 77.5946)
            label = stores[0].name.removeprefix(f"{shop_name()} ") if stores else ""
        answer = queries.serviceability(point=point, now=self.now)
        return Place(label=label, lat=point.lat, lng=point.lng, chosen=chosen, answer=answer, pinned=pinned)

    @cached_property
    def cart(self) -> CartSummary:
        if self.customer_id is None and self.guest_token is None:
            return CartSummary()
        later = bool(self.request.session.get(when.SLOT_KEY))
        return self.summarise(queries.cart_view(**self.owner(), to=self.place.point, later=later))

    def summarise(self, view: CartView) -> CartSummary:
        bill = view.bill
        free_from = view.fees.get("free_delivery_from_paise", 0)
        more = free_from - bill.items_paise if bill.items_paise and view.fees.get("delivery_paise") else 0
        return CartSummary(
            count=view.units,
            items_paise=bill.items_paise,
            tip_paise=view.tip_paise,
            free_more_paise=max(0, more),
            cards=cards.of_cart(view.lines),
            view=view,
        )

    @cached_property
    def first_slot(self) -> str:
        """ "tomorrow 07:00" where the store takes no orders now; read when such a page asks."""
        return when.first_slot(self)

    @cached_property
    def quantities(self) -> dict[int, int]:
        return {line.product_id: line.qty for line in self.cart.view.lines}

    @cached_property
    def favourites(self) -> frozenset[str]:
        """SKUs with a full heart; read when a page with hearts asks."""
        return queries.favourite_skus(customer_id=self.customer_id) if self.customer_id is not None else frozenset()

    @cached_property
    def waiting(self) -> frozenset[str]:
        """SKUs the customer waits for at this store; read when the first sold-out card asks."""
        if self.customer_id is None:
            return frozenset()
        return frozenset(wanted.restock_waiting(customer_id=self.customer_id, store_id=self.place.store_id))

    @cached_property
    def watched(self) -> Mapping[str, int]:
        """SKUs whose price the customer watches at this store; read when a page with such a button asks."""
        if self.customer_id is None:
            return {}
        return wanted.prices_watched(customer_id=self.customer_id, store_id=self.place.store_id)

    def choose(self, *, point: Point, label: str, pinned: bool = False) -> None:
        self.request.session[PLACE_KEY] = {"lat": point.lat, "lng": point.lng, "label": label, "pinned": pinned}

    def render(self, template: str, context: dict[str, Any] | None = None, status: int = 200) -> HttpResponse:
        page = template.removeprefix("shop/").partition(".")[0]
        note_shown(self.place.answer, page=page, customer_id=self.customer_id, guest=self.guest_token, now=self.now)
        shared = {"shopper": self, "place": self.place, "cart": self.cart, "bill": self.cart.bill}
        return render(self.request, template, {**shared, **(context or {})}, status=status)

    def _default_address(self) -> Address | None:
        if self.customer_id is None:
            return None
        return Address.objects.filter(user_id=self.customer_id, is_default=True, deleted_at=None).first()


def next_path(request: HttpRequest, otherwise: str = "/") -> str:
    """Where the person was going, when that is on this site."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if safe else otherwise


def customer_of(request: HttpRequest) -> int:
    """The id of the signed-in person. Raises SignInNeeded: a door in front of this asks for a sign-in."""
    if request.user.pk is None:
        raise SignInNeeded
    return request.user.pk


def point_of(form: Mapping[str, Any]) -> Point:
    """The pin of a form, `lat` and `lng` in degrees. Raises ValueError for anything that is no place on Earth."""
    lat, lng = float(form.get("lat", "")), float(form.get("lng", ""))
    if not (-90 <= lat <= 90 and -180 <= lng <= 180):  # also false for nan
        raise ValueError("No such place.")
    return Point(lat, lng)


def is_htmx(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"
