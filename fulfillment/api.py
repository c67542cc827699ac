"""The floor for programs: shifts, the queue, picking, packing. Scans carry a nonce: re-sent ones count once."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from blinkit.kernel import pictures
from blinkit.kernel.api import MOST_ID, parsed
from blinkit.kernel.idempotency import idempotent
from blinkit.kernel.permissions import HasRole
from blinkit.kernel.schema import ImagesOut
from fulfillment import access, queries, services, walk
from fulfillment.errors import NoSuchTask
from fulfillment.models import MOST_TOTES, Bag, PickLine, PickTask, TaskState
from fulfillment.packing_api import BAGS_HELP, WeightsField, my_id
from fulfillment.services.shifts import LONGEST_BREAK_M, USUAL_BREAK_M

TAGS = ["floor"]
S = serializers


class ShiftOut(S.Serializer[Any]):
    store = S.CharField()
    started_at = S.DateTimeField()


class BreakBody(S.Serializer[Any]):
    minutes = S.IntegerField(min_value=1, max_value=LONGEST_BREAK_M, default=USUAL_BREAK_M, help_text="About how long.")


class BreakOut(S.Serializer[Any]):
    store = S.CharField()
    started_at = S.DateTimeField()
    back_at = S.DateTimeField(help_text="When the person means to be back.")


class CardOut(S.Serializer[Any]):
    id = S.UUIDField()
    order_id = S.UUIDField()
    order_number = S.CharField()
    state = S.ChoiceField(choices=TaskState.choices)
    due_at = S.DateTimeField(help_text="When the bags must stand on the shelf for the promise to hold.")
    slack_s = S.IntegerField(help_text="Seconds until then; negative when late.")
    pinned = S.BooleanField()
    lines = S.IntegerField()
    units = S.IntegerField()
    done_units = S.IntegerField()
    zones = S.ListField(child=S.CharField())
    picker_id = S.IntegerField(allow_null=True)
    picker_name = S.CharField()
    rest_s = S.IntegerField(help_text="Usual seconds of work that are left.")
    rider_name = S.CharField(help_text="The rider who has accepted; empty when none has.")
    rider_here = S.BooleanField(help_text="The rider stands at the shelf.")
    tote = S.CharField(help_text="In which tote of its picker, A to D; empty when not in work.")
    slot = S.CharField(help_text="Place on the handover shelf; empty until packed.")


class PickerOut(S.Serializer[Any]):
    user_id = S.IntegerField()
    name = S.CharField()
    since = S.DateTimeField()


class LaterOut(S.Serializer[Any]):
    order_id = S.UUIDField()
    number = S.CharField()
    release_at = S.DateTimeField(help_text="When its pick task opens.")
    starts_at = S.DateTimeField()
    ends_at = S.DateTimeField()
    units = S.IntegerField()
    is_gift = S.BooleanField()


class QueueOut(S.Serializer[Any]):
    waiting = CardOut(many=True, help_text="The most urgent first.")
    in_work = CardOut(many=True)
    on_shelf = CardOut(many=True)
    pickers = PickerOut(many=True)
    later = LaterOut(many=True, help_text="Orders for a slot, whose time has not come.")


class WeighOut(S.Serializer[Any]):
    wanted_g = S.IntegerField()
    least_g = S.IntegerField()
    most_g = S.IntegerField()


class LineOut(S.Serializer[Any]):
    id = S.IntegerField()
    bin = S.CharField()
    zone = S.CharField()
    sku = S.CharField()
    name = S.CharField()
    pack = S.CharField()
    image = S.CharField()
    images = ImagesOut(allow_null=True)
    barcode = S.CharField(help_text="What the scanner must read: the printed barcode, else the SKU.")
    qty = S.IntegerField()
    picked_qty = S.IntegerField()
    short_qty = S.IntegerField()
    done = S.BooleanField()
    weigh = WeighOut(allow_null=True, help_text="Loose goods: what one pack may weigh.")
    consent = S.CharField(help_text="When it can't be found: refund, substitute or call.")
    substitute_up_to_paise = S.IntegerField(help_text="How much dearer per unit a substitute may be on the shelf.")
    substitute_for = S.IntegerField(allow_null=True, help_text="The pick line it came instead of.")


class InsteadOut(S.Serializer[Any]):
    sku = S.CharField()
    codes = S.ListField(child=S.CharField(), help_text="What the scanner may read: barcode and SKU.")
    name = S.CharField()
    name_hi = S.CharField()
    pack = S.CharField()
    image = S.CharField()
    images = ImagesOut(allow_null=True)
    price_paise = S.IntegerField()
    dearer_paise = S.IntegerField(help_text="Per unit, against the line's price; negative when cheaper.")
    free = S.IntegerField()
    bin = S.CharField()


class InsteadList(S.Serializer[Any]):
    candidates = InsteadOut(many=True, help_text="Most like the line first.")


class SubstituteBody(S.Serializer[Any]):
    line_id = S.IntegerField(min_value=1, max_value=MOST_ID)
    sku = S.CharField(max_length=40)
    qty = S.IntegerField(min_value=1, max_value=1000)
    nonce = S.CharField(max_length=64)


class BagOut(S.Serializer[Any]):
    code = S.CharField()
    zone = S.CharField()
    kind = S.CharField(help_text="ambient, nonfood, chilled or frozen.")
    slot = S.CharField(help_text="The place it stands on.")
    expected_g = S.IntegerField()
    weight_g = S.IntegerField(help_text="As weighed; 0 when it was not.")


class TaskOut(S.Serializer[Any]):
    id = S.UUIDField()
    order_id = S.UUIDField()
    order_number = S.CharField()
    store = S.CharField()
    state = S.ChoiceField(choices=TaskState.choices)
    picker_id = S.IntegerField(allow_null=True)
    due_at = S.DateTimeField()
    lines = LineOut(many=True, help_text="In walking order.")
    suggested_bags = S.DictField(child=S.IntegerField(), help_text="Bags per kind for what is in the tote.")
    bags = BagOut(many=True)
    slot = S.CharField()
    instructions = S.ListField(child=S.CharField())
    is_gift = S.BooleanField(help_text="What is printed with the bags shows no prices.")
    gift_note = S.CharField()
    gift_from = S.CharField()


class OutcomeOut(S.Serializer[Any]):
    line_id = S.IntegerField()
    product_id = S.IntegerField()
    picked_qty = S.IntegerField()
    qty = S.IntegerField()
    line_done = S.BooleanField()
    task_done = S.BooleanField()


class ScanBody(S.Serializer[Any]):
    barcode = S.CharField(
        max_length=128,
        trim_whitespace=False,
        help_text="The code (EAN, GS1, a scale's label), or its last four characters.",
    )
    nonce = S.CharField(max_length=64, help_text="Made by the device for this scan; sent again with the same scan.")
    line_id = S.IntegerField(min_value=1, max_value=MOST_ID, required=False, help_text="Preferred where several fit.")
    tote = S.IntegerField(min_value=1, max_value=MOST_TOTES, required=False, help_text="Which of the picker's totes.")
    grams = S.IntegerField(min_value=1, max_value=100_000, required=False, help_text="Of loose goods.")


class ShortBody(S.Serializer[Any]):
    line_id = S.IntegerField(min_value=1, max_value=MOST_ID)
    qty = S.IntegerField(min_value=1, max_value=1000)
    nonce = S.CharField(max_length=64)


class UndoBody(S.Serializer[Any]):
    line_id = S.IntegerField(min_value=1, max_value=MOST_ID)
    nonce = S.CharField(max_length=64)


class PackBody(S.Serializer[Any]):
    bags = S.DictField(
        child=S.IntegerField(min_value=0, max_value=services.MOST_BAGS),
        required=False,
        help_text=BAGS_HELP,
    )
    weights = WeightsField(required=False, help_text="Grams per bag, in the order they are numbered; 0: not weighed.")
    weight_reason = S.CharField(
        max_length=120, required=False, default="", allow_blank=True, help_text="Why a bag that is off is right."
    )


class PackedOut(S.Serializer[Any]):
    bags = BagOut(many=True)
    slot = S.CharField()


class LotOut(S.Serializer[Any]):
    batch = S.IntegerField()
    lot = S.CharField(help_text="As printed; empty when the goods carry none.")
    until = S.DateField(allow_null=True, help_text="Last day of use.")
    bin = S.CharField(allow_null=True, help_text="Empty: in the product's home place.")
    units = S.IntegerField()
    gone = S.BooleanField(help_text="Off sale meanwhile: recalled or expired.")


class ArtOut(S.Serializer[Any]):
    image = S.CharField(help_text="Its address; empty without one.")
    hue = S.IntegerField()
    icon = S.CharField()


class ToteOut(S.Serializer[Any]):
    task = S.UUIDField()
    order = S.CharField()
    tote = S.CharField(help_text="A to D; empty for an order somebody else packs.")
    state = S.ChoiceField(choices=TaskState.choices)
    due_at = S.DateTimeField()
    due_s = S.IntegerField(help_text="Seconds until the bags must stand on the shelf; negative when late.")
    picker = S.CharField(help_text="Who packs it, when that is somebody else.")
    waits_for_helper = S.BooleanField()
    rider = S.CharField()
    rider_here = S.BooleanField()
    is_gift = S.BooleanField()
    phone = S.CharField(help_text="To call about an open line whose customer wants that; else empty.")


class WalkLineOut(S.Serializer[Any]):
    id = S.IntegerField()
    task = S.UUIDField()
    tote = S.CharField()
    bin = S.CharField()
    zone = S.CharField()
    sku = S.CharField()
    name = S.CharField()
    name_hi = S.CharField()
    pack = S.CharField()
    art = ArtOut()
    codes = S.ListField(child=S.CharField(), help_text="What the scanner may read: barcode and SKU.")
    qty = S.IntegerField()
    picked = S.IntegerField()
    short = S.IntegerField()
    lots = LotOut(many=True, help_text="What is still to be taken, first expired first.")
    elsewhere = LotOut(many=True, help_text="Units of it that nobody holds.")
    weigh = WeighOut(allow_null=True)
    consent = S.CharField()
    refund_paise = S.IntegerField(help_text="About what one missing unit takes off the bill.")
    substitute_up_to_paise = S.IntegerField()
    instead_of = S.IntegerField(allow_null=True, help_text="The line it came instead of.")
    take_out = S.IntegerField(help_text="Units in the tote that were recalled or have expired since.")


class WalkOut(S.Serializer[Any]):
    at = S.DateTimeField()
    totes = ToteOut(many=True)
    lines = WalkLineOut(many=True, help_text="In walking order.")


class ActionBody(S.Serializer[Any]):
    nonce = S.CharField(max_length=64, help_text="Made by the device for this action; sent again with the same action.")
    do = S.ChoiceField(choices=[it.value for it in walk.Do])
    task = S.UUIDField()
    line = S.IntegerField(min_value=1, max_value=MOST_ID, required=False)
    code = S.CharField(max_length=128, required=False, trim_whitespace=False)
    tote = S.ChoiceField(choices=["A", "B", "C", "D"], required=False)
    grams = S.IntegerField(min_value=1, max_value=100_000, required=False)
    qty = S.IntegerField(min_value=1, max_value=1000, required=False)
    sku = S.CharField(max_length=40, required=False)
    batch = S.IntegerField(min_value=1, max_value=MOST_ID, required=False)


class ActionsBody(S.Serializer[Any]):
    actions = S.ListField(child=ActionBody(), min_length=1, max_length=walk.MOST_ACTIONS)


class ResultOut(S.Serializer[Any]):
    nonce = S.CharField()
    ok = S.BooleanField()
    code = S.CharField(help_text="The refusal's, as in /problems/<code>.")
    say = S.CharField(help_text="A sentence for the picker, in their language; of “refused”: what it was.")
    more = S.DictField(help_text="What the refusal carries: wanted, scanned, short, ...")


class ActionsOut(S.Serializer[Any]):
    results = ResultOut(many=True)
    walk = WalkOut()


class TotesBody(S.Serializer[Any]):
    totes = S.IntegerField(
        min_value=1, max_value=MOST_TOTES, required=False, help_text="On one walk. Left out: as the shift says."
    )


class FloorView(APIView):
    """People of the floor; which store is theirs is asked per store."""

    permission_classes = [HasRole.of(*access.EVERYBODY)]


class ShiftStartView(FloorView):
    @extend_schema(tags=TAGS, request=None, responses={201: ShiftOut}, summary="Start a shift in this store")
    @idempotent
    def post(self, request: Request, code: str) -> Response:
        store = access.store_to_work_in(request.user, code)
        shift = services.start_shift(picker_id=my_id(request), store_id=store.pk, now=timezone.now())
        return Response({"store": store.code, "started_at": shift.started_at}, status=status.HTTP_201_CREATED)


class ShiftEndView(FloorView):
    @extend_schema(
        tags=TAGS, request=None, responses={204: OpenApiResponse(description="Ended.")}, summary="End the shift"
    )
    def post(self, request: Request, code: str) -> Response:
        access.store_to_work_in(request.user, code)
        services.end_shift(picker_id=my_id(request), now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class BreakStartView(FloorView):
    @extend_schema(tags=TAGS, request=BreakBody, responses={201: BreakOut}, summary="Begin a break")
    @idempotent
    def post(self, request: Request, code: str) -> Response:
        """No order is given meanwhile. 409 `task-busy` with an order in hand; a break that runs is the answer."""
        store = access.store_to_work_in(request.user, code)
        body = parsed(BreakBody(data=request.data))
        made = services.start_break(picker_id=my_id(request), store_id=store.pk, now=timezone.now(), **body)
        answer = {"store": store.code, "started_at": made.started_at, "back_at": made.back_at}
        return Response(answer, status=status.HTTP_201_CREATED)


class BreakEndView(FloorView):
    @extend_schema(
        tags=TAGS, request=None, responses={204: OpenApiResponse(description="Ended.")}, summary="End the break"
    )
    def post(self, request: Request, code: str) -> Response:
        store = access.store_to_work_in(request.user, code)
        services.end_break(picker_id=my_id(request), store_id=store.pk, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class QueueView(FloorView):
    @extend_schema(tags=TAGS, responses=QueueOut, summary="What waits, what is picked, what stands on the shelf")
    def get(self, request: Request, code: str) -> Response:
        store = access.store_to_see(request.user, code)
        later = [order.as_json() for order in queries.later(store_id=store.pk)]
        return Response({**queries.board(store_id=store.pk, now=timezone.now()).as_json(), "later": later})


class NextView(FloorView):
    @extend_schema(
        tags=TAGS,
        request=TotesBody,
        responses={200: TaskOut, 204: OpenApiResponse(description="Nothing is waiting.")},
        summary="Take the most urgent order; the one in hand when there is one",
    )
    def post(self, request: Request, code: str) -> Response:
        """With several totes, orders that are picked on the same walk without being late come along: see the walk."""
        store = access.store_to_work_in(request.user, code)
        totes = parsed(TotesBody(data=request.data)).get("totes")
        task = services.next_task(store_id=store.pk, picker_id=my_id(request), totes=totes, now=timezone.now())
        if task is None:
            return Response(status=status.HTTP_204_NO_CONTENT)
        return Response(_task_json(queries.task_of(task_id=task.pk)))


class WalkView(FloorView):
    @extend_schema(tags=TAGS, responses=WalkOut, summary="What this picker has in hand: totes, and lines to walk to")
    def get(self, request: Request, code: str) -> Response:
        return Response(self.walk(request, access.store_to_work_in(request.user, code).pk))

    @extend_schema(tags=TAGS, request=ActionsBody, responses=ActionsOut, summary="What the picker did, in order")
    def post(self, request: Request, code: str) -> Response:
        """Actions a device has kept, at most 60: each is judged on its own, and a re-sent one counts once."""
        store = access.store_to_work_in(request.user, code)
        actions = parsed(ActionsBody(data=request.data))["actions"]
        results = walk.take(picker_id=my_id(request), store_id=store.pk, actions=actions, now=timezone.now())
        return Response({"results": results, "walk": self.walk(request, store.pk)})

    @staticmethod
    def walk(request: Request, store_id: int) -> dict[str, Any]:
        return walk.of(picker_id=my_id(request), store_id=store_id, now=timezone.now())


class TaskView(FloorView):
    @extend_schema(tags=TAGS, responses=TaskOut, summary="One pick task with its lines in walking order")
    def get(self, request: Request, task_id: UUID) -> Response:
        task = queries.task_of(task_id=task_id)
        access.store_to_see(request.user, task.store.code)
        return Response(_task_json(task))


class ScanView(FloorView):
    @extend_schema(tags=TAGS, request=ScanBody, responses=OutcomeOut, summary="One unit goes into the tote")
    def post(self, request: Request, task_id: UUID) -> Response:
        body = parsed(ScanBody(data=request.data))
        task = queries.task_of(task_id=_own(request, task_id))
        try:
            outcome = services.scan(task_id=task.pk, picker_id=my_id(request), now=timezone.now(), **body)
        except services.REFUSED_SCANS:
            services.note_refused(picker_id=my_id(request), store_id=task.store_id, now=timezone.now())
            raise
        return Response(outcome.as_json())


class ShortView(FloorView):
    @extend_schema(tags=TAGS, request=ShortBody, responses=OutcomeOut, summary="Units that cannot be found")
    def post(self, request: Request, task_id: UUID) -> Response:
        body = parsed(ShortBody(data=request.data))
        outcome = services.short(task_id=_own(request, task_id), picker_id=my_id(request), now=timezone.now(), **body)
        return Response(outcome.as_json())


class InsteadView(FloorView):
    @extend_schema(tags=TAGS, responses=InsteadList, summary="What may come instead of a line")
    def get(self, request: Request, task_id: UUID, line_id: int) -> Response:
        """Empty unless the customer wants something similar."""
        task = queries.task_of(task_id=task_id)
        access.store_to_see(request.user, task.store.code)
        line = next((line for line in queries.lines_of(task) if line.pk == line_id), None)
        if line is None:
            raise NoSuchTask("This line is not part of the task.")
        found = queries.instead_of(line, store_id=task.store_id)
        return Response({"candidates": [it.as_json() for it in found]})


class SubstituteView(FloorView):
    @extend_schema(tags=TAGS, request=SubstituteBody, responses=OutcomeOut, summary="Something similar comes instead")
    def post(self, request: Request, task_id: UUID) -> Response:
        """Within what the customer allowed, at no more than the bill: 409 `no-substitute` otherwise."""
        body = parsed(SubstituteBody(data=request.data))
        outcome = services.substitute(
            task_id=_own(request, task_id), picker_id=my_id(request), now=timezone.now(), **body
        )
        return Response(outcome.as_json())


class UndoView(FloorView):
    @extend_schema(tags=TAGS, request=UndoBody, responses=OutcomeOut, summary="One scanned unit goes back to its bin")
    def post(self, request: Request, task_id: UUID) -> Response:
        body = parsed(UndoBody(data=request.data))
        outcome = services.put_back(
            task_id=_own(request, task_id), picker_id=my_id(request), now=timezone.now(), **body
        )
        return Response(outcome.as_json())


class PackView(FloorView):
    @extend_schema(tags=TAGS, request=PackBody, responses=PackedOut, summary="Close the bags, get a shelf slot")
    @idempotent
    def post(self, request: Request, task_id: UUID) -> Response:
        """409 `bag-weight-off` (bags) for weights outside the tolerance without a `weight_reason`, 400
        `weight-missing` in a store that weighs every bag, 409 `no-free-slot`."""
        body = parsed(PackBody(data=request.data))
        bags = services.pack(task_id=_own(request, task_id), picker_id=my_id(request), now=timezone.now(), **body)
        order = queries.task_of(task_id=task_id).order
        return Response({"bags": [_bag_json(bag) for bag in bags], "slot": order.shelf_slot})


def _task_json(task: PickTask) -> dict[str, Any]:
    lines = queries.lines_of(task)
    by_order_line = {line.order_line_id: line.pk for line in lines}
    return {
        "id": task.pk,
        "order_id": task.order_id,
        "order_number": task.order.number,
        "store": task.store.code,
        "state": task.state,
        "picker_id": task.picker_id,
        "due_at": task.due_at,
        "lines": [
            {
                "id": line.pk,
                "bin": line.bin_code,
                "zone": line.zone,
                "sku": line.product.sku,
                "name": line.product.name,
                "pack": line.product.pack,
                "image": line.product.image,
                "images": pictures.sizes_dict(line.product.image),
                "barcode": line.product.barcode or line.product.sku,
                "qty": line.qty,
                "picked_qty": line.picked_qty,
                "short_qty": line.short_qty,
                "done": line.done_at is not None,
                "weigh": _weigh(line),
                "consent": line.order_line.consent,
                "substitute_up_to_paise": line.order_line.substitute_up_to_paise,
                "substitute_for": by_order_line.get(line.order_line.substitute_for_id or 0),
            }
            for line in lines
        ],
        "suggested_bags": services.suggested_bags(lines),
        "bags": [_bag_json(bag) for bag in task.bags.order_by("pk")],
        "slot": task.order.shelf_slot,
        "instructions": task.order.instructions,
        "is_gift": task.order.is_gift,
        "gift_note": task.order.gift_note,
        "gift_from": task.order.gift_from,
    }


def _weigh(line: PickLine) -> dict[str, int] | None:
    allowed = services.weight_of(line.product)
    return asdict(allowed) if allowed else None


def _bag_json(bag: Bag) -> dict[str, Any]:
    return {
        "code": bag.code,
        "zone": bag.zone,
        "kind": bag.kind,
        "slot": bag.slot,
        "expected_g": bag.expected_g,
        "weight_g": bag.weight_g,
    }


def _own(request: Request, task_id: UUID) -> UUID:
    """The task, when its store is one this person works in."""
    access.store_to_work_in(request.user, queries.task_of(task_id=task_id).store.code)
    return task_id
