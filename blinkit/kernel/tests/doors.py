"""Views, events and handlers that exist for the kernel's tests only."""

import threading
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404, HttpResponse
from django.urls import path
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView

from blinkit.kernel import events
from blinkit.kernel.errors import Conflict, TooMany, Unavailable
from blinkit.kernel.events import DomainEvent, EventMeta
from blinkit.kernel.idempotency import idempotent
from blinkit.kernel.models import Event
from blinkit.kernel.permissions import HasRole, web_role
from blinkit.kernel.tokens import user_from_token
from blinkit.kernel.urls import web_urls


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Happened(DomainEvent):
    thing: UUID
    at: datetime
    colour: Colour
    sizes: list[int] = field(default_factory=list)
    note: str | None = None


@dataclass(frozen=True)
class Followed(DomainEvent):
    number: int


@dataclass(frozen=True)
class Unheard(DomainEvent):
    number: int


SEEN: list[tuple[str, Any]] = []
FAIL = {"now": False}


def follow(event: Happened, meta: EventMeta) -> None:
    SEEN.append(("follow", event))
    events.record(Followed(number=meta.id), subject=meta.subject)


def shaky(event: Happened, meta: EventMeta) -> None:
    # The write shows that a failing handler leaves nothing behind.
    events.record(Unheard(number=1), subject="shaky")
    if FAIL["now"]:
        raise RuntimeError("not today")
    SEEN.append(("shaky", event))


def end(event: Followed, meta: EventMeta) -> None:
    SEEN.append(("end", event))


REACTIONS = {
    Happened: [f"{__name__}.shaky", f"{__name__}.follow"],
    Followed: [f"{__name__}.end"],
}


class OutOfStock(Conflict):
    code = "out-of-stock"


class TokenAuthentication(BaseAuthentication):
    def authenticate(self, request: Any) -> Any:
        raw = request.headers.get("Authorization", "").removeprefix("Bearer ")
        user = user_from_token(raw) if raw else None
        return None if user is None else (user, raw)

    def authenticate_header(self, request: Any) -> str:
        return "Bearer"


class Input(serializers.Serializer):
    quantity = serializers.IntegerField(min_value=1)


class Door(APIView):
    authentication_classes = [TokenAuthentication]
    permission_classes = [AllowAny]


class Errors(Door):
    def get(self, request: Any, kind: str) -> Response:
        match kind:
            case "refusal":
                raise OutOfStock("Some items just sold out.", short={"sku-1": 2})
            case "http404":
                raise Http404
            case "denied":
                raise PermissionDenied("Not for you.")
            case "database":
                raise OperationalError("gone")
            case "down":
                raise Unavailable("The bank is down.", retry_after_s=7)
            case "bug":
                raise RuntimeError("secret detail")
        return Response({"fine": True})

    def post(self, request: Any, kind: str) -> Response:
        Input(data=request.data).is_valid(raise_exception=True)
        return Response({})


class RidersOnly(Door):
    permission_classes = [HasRole.of("rider", "ops")]

    def get(self, request: Any) -> Response:
        return Response({"id": request.user.id})


GATE = threading.Event()
ENTERED = threading.Semaphore(0)
CALLS: list[str] = []


class Create(Door):
    @idempotent
    def post(self, request: Any, kind: str) -> Response:
        CALLS.append(kind)
        events.record(Unheard(number=request.data.get("n", 0)), subject="created")
        if kind == "refused":
            raise OutOfStock("Sold out.", short={"a": 1})
        if kind == "broken":
            raise RuntimeError("bug")
        if kind == "down":
            raise Unavailable("Down.")
        if kind == "too-many":
            raise TooMany(retry_after_s=600)
        if kind == "slow":
            ENTERED.release()
            GATE.wait(5)
        return Response({"z": 1, "a": Event.objects.count()}, status=201, headers={"Location": "/made/1"})


class CreateUnguarded(Door):
    """The same without a key: the control of the race test."""

    def post(self, request: Any) -> Response:
        events.record(Unheard(number=0), subject="created")
        return Response({"a": Event.objects.count()}, status=201)


def page(request: Any, kind: str) -> HttpResponse:
    if kind == "refusal":
        raise OutOfStock("Some items just sold out.", short={"sku-1": 2})
    if kind == "bug":
        raise RuntimeError("secret detail")
    return HttpResponse("fine")


@web_role("store_manager")
def managers(request: Any) -> HttpResponse:
    return HttpResponse("hello")


handler400 = "blinkit.kernel.problems.bad_request"
handler403 = "blinkit.kernel.problems.forbidden"
handler404 = "blinkit.kernel.problems.not_found"
handler500 = "blinkit.kernel.problems.server_error"

urlpatterns = [
    path("api/v1/errors/<kind>", Errors.as_view()),
    path("api/v1/riders", RidersOnly.as_view()),
    path("api/v1/create/<kind>", Create.as_view()),
    path("api/v1/create-unguarded", CreateUnguarded.as_view()),
    path("api/v1/plain/<kind>", page),
    path("page/<kind>", page),
    path("managers", managers),
    *web_urls,
]
