"""A picker finds the items of an order, one scan per unit, and says what is not there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q

from blinkit.kernel.errors import Invalid
from blinkit.kernel.said import say
from catalog.models import Product
from fulfillment import scancodes, weighing
from fulfillment.errors import (
    EnoughOfIt,
    ExpiredItem,
    NeedsWeight,
    UnknownBarcode,
    WeightOff,
    WrongItem,
    WrongLot,
    WrongTote,
)
from fulfillment.models import PickLine, PickTask, ScanNonce, TaskState
from fulfillment.scancodes import Code, letter
from fulfillment.services.inside import IN_WORK, hint, lock_task, lock_with_order, need_in_hand
from fulfillment.services.life import end_cancelled, place_of
from inventory import queries as shelves
from inventory import services as stock
from inventory.models import Batch, BatchState
from inventory.queries import LotToPick
from orders import services as orders
from orders.states import Status

REFUSED_SCANS = (WrongItem, UnknownBarcode, EnoughOfIt, ExpiredItem, WrongLot, WrongTote, WeightOff)
"""What counts against the accuracy of a scan; a weight that is still to be said does not."""


@dataclass(frozen=True, slots=True)
class ScanOutcome:
    """What a scan did. `line_done`: nothing of this line is left to find; `task_done`: nor of any other."""

    line_id: int
    product_id: int
    picked_qty: int
    qty: int
    line_done: bool
    task_done: bool

    def as_json(self) -> dict[str, int | bool]:
        return {name: getattr(self, name) for name in self.__slots__}


@transaction.atomic
def scan(
    *,
    task_id: UUID,
    picker_id: int,
    barcode: str,
    nonce: str,
    now: datetime,
    line_id: int | None = None,
    tote: int | None = None,
    grams: int | None = None,
) -> ScanOutcome:
    """One unit goes into the tote. A re-sent scan (same nonce) gives the first answer and counts nothing.

    `barcode` is the printed code (the SKU where a product has none), a GS1 code with lot and expiry, a scale's label,
    or the last four characters. `line_id`: the line in front of the picker, preferred where several fit; `tote`: into
    which of their totes (1 to 4; may be left out with one order in hand); `grams`: of loose goods.

    Raises NotYourTask, UnknownBarcode, WrongItem(wanted, scanned), EnoughOfIt, ExpiredItem, WrongLot, WrongTote,
    NeedsWeight, WeightOff. A refused scan writes nothing (`note_refused` counts it).
    """
    task = lock_task(task_id)
    if (before := _seen(task, picker_id, nonce)) is not None:
        return before
    today = now.astimezone(ZoneInfo(task.store.city.timezone)).date()
    code = scancodes.read(barcode, today=today)
    line = _line_for(task, code, picker_id=picker_id, line_id=line_id)
    _judge_pack(task, line, code, today=today)
    _judge_tote(task, tote, picker_id=picker_id)
    line.grams += _weighed(line.product, code.grams if code.grams is not None else grams)
    line.picked_qty += 1
    return _after(task, line, nonce=nonce, now=now)


@transaction.atomic
def short(*, task_id: UUID, picker_id: int, line_id: int, qty: int, nonce: str, now: datetime) -> ScanOutcome:
    """`qty` units of a line are not there: the bill goes down and the customer is told. Same nonce, same answer.

    When nothing of the whole order is left it is cancelled (by orders) and the task ends. Raises NotYourTask, Invalid.
    """
    task, _order = lock_with_order(task_id)
    if (before := _seen(task, picker_id, nonce)) is not None:
        return before
    line = _open_line(task, line_id, qty)
    order = orders.short_line(
        order_id=task.order_id, order_line_id=line.order_line_id, qty=qty, actor=f"user:{picker_id}", now=now
    )
    line.short_qty += qty
    outcome = _after(task, line, nonce=nonce, now=now)
    if order.status == Status.CANCELLED:
        end_cancelled(task, now=now)
    return outcome


@transaction.atomic
def substitute(
    *, task_id: UUID, picker_id: int, line_id: int, sku: str, qty: int, nonce: str, now: datetime
) -> ScanOutcome:
    """`qty` units of a line are not there, and `sku` comes instead: its own line is next on the walk, to be scanned.

    Same nonce, same answer. Raises NotYourTask, Invalid, UnknownBarcode, and what orders refuse (NoSubstitute, ...).
    """
    task, _order = lock_with_order(task_id)
    if (before := _seen(task, picker_id, nonce)) is not None:
        return before
    line = _open_line(task, line_id, qty)
    product_id = Product.objects.filter(sku=sku).values_list("pk", flat=True).first()
    if product_id is None:
        raise UnknownBarcode("This product is not in the catalogue.")
    new = orders.substitute_line(
        order_id=task.order_id,
        order_line_id=line.order_line_id,
        product_id=product_id,
        qty=qty,
        actor=f"user:{picker_id}",
        now=now,
    )
    place = place_of(new)
    PickLine.objects.create(
        task=task,
        order_line=new,
        product_id=product_id,
        bin_code=place["bin_code"] or "",
        zone=place["bin_zone"] or place["zone"],
        helper_id=line.helper_id,
        walk=line.walk,  # right after the line it stands in for: equal places go by id
        qty=qty,
    )
    line.short_qty += qty
    return _after(task, line, nonce=nonce, now=now)


@transaction.atomic
def other_lot(
    *, task_id: UUID, picker_id: int, line_id: int, batch_id: int, qty: int, nonce: str, now: datetime
) -> ScanOutcome:
    """`qty` units of a line are not in their bin and come from another lot of the same product: its bin is next.

    The product is asked to be counted. Same nonce, same answer. Raises NotYourTask, Invalid, and what inventory refuses
    (OutOfStock, BadQuantity).
    """
    task, _order = lock_with_order(task_id)
    if (before := _seen(task, picker_id, nonce)) is not None:
        return before
    line = _open_line(task, line_id, qty)
    lots = lots_left(shelves.lots_for(ref=task.order_id).get(line.product_id, []), line.picked_qty)
    wanted = qty
    for lot in lots:
        if lot.batch_id != batch_id and (units := min(wanted, lot.qty)) > 0:
            stock.take_other_lot(
                ref=task.order_id, product_id=line.product_id, from_batch_id=lot.batch_id, to_batch_id=batch_id,
                qty=units, actor=f"user:{picker_id}", now=now,
            )  # fmt: skip
            wanted -= units
    bin_code = Batch.objects.filter(pk=batch_id).values_list("bin__code", flat=True).first()
    line.bin_code = bin_code or place_of(line.order_line)["home_bin"] or line.bin_code
    line.save(update_fields=["bin_code"])
    return _after(task, line, nonce=nonce, now=now)


@transaction.atomic
def put_back(*, task_id: UUID, picker_id: int, line_id: int, nonce: str, now: datetime) -> ScanOutcome:
    """Undo: one scanned unit goes back to its bin. Same nonce, same answer. Raises NotYourTask, Invalid."""
    task = lock_task(task_id)
    if (before := _seen(task, picker_id, nonce)) is not None:
        return before
    line = PickLine.objects.filter(task=task, pk=line_id, picked_qty__gt=0).first()
    if line is None:
        raise Invalid("Nothing of this line is in the tote.")
    if picker_id == task.picker_id:
        line.helper_id = None  # whoever helped may have gone
    line.grams -= line.grams // line.picked_qty  # loose goods: one pack of what was weighed
    line.picked_qty -= 1
    if task.state == TaskState.PICKED:
        task.state, task.picked_at = TaskState.PICKING, None
        task.save(update_fields=["state", "picked_at"])
    return _after(task, line, nonce=nonce, now=now)


# -- inside --------------------------------------------------------------------------------------------------------


def lots_left(lots: Iterable[LotToPick], picked: int) -> list[LotToPick]:
    """Of the lots an order holds (first expired first), what is left to take once so many units are in the tote."""
    left: list[LotToPick] = []
    for lot in lots:
        taken = min(picked, lot.qty)
        picked -= taken
        if lot.qty > taken:
            left.append(lot._replace(qty=lot.qty - taken))
    return left


def _seen(task: PickTask, picker_id: int, nonce: str) -> ScanOutcome | None:
    """The answer this action got before; else the task must be in this picker's hands."""
    if not 1 <= len(nonce) <= 64:
        raise Invalid("Each action needs a nonce of 1 to 64 characters.")
    found = ScanNonce.objects.filter(task=task, nonce=nonce).values_list("outcome", flat=True).first()
    if found is not None:
        return ScanOutcome(**found)
    need_in_hand(task, picker_id, or_helps=True)
    return None


def _open_line(task: PickTask, line_id: int, qty: int) -> PickLine:
    """The line, of which so many units are still to be found. Raises Invalid."""
    line = PickLine.objects.filter(task=task, pk=line_id).first()
    if line is None:
        raise Invalid("This line is not part of the task.")
    left = line.qty - line.picked_qty - line.short_qty
    if not 1 <= qty <= left:
        more = say("Between 1 and {left} units of this line are still to be found.", left=left)
        raise Invalid(more if left else "It is all here.")
    return line


def _line_for(task: PickTask, code: Code, *, picker_id: int, line_id: int | None) -> PickLine:
    """The line this code belongs to: the one in front of the picker if it fits, else the first along the walk."""
    lines = [line for line in task.lines.select_related("product") if _is_for(line, task, picker_id)]
    matches = [line for line in lines if code.fits(barcode=line.product.barcode or "", sku=line.product.sku)]
    if open_matches := [line for line in matches if line.picked_qty + line.short_qty < line.qty]:
        return next((line for line in open_matches if line.pk == line_id), open_matches[0])
    if matches:
        line = matches[0]
        raise EnoughOfIt(
            say("{name}: you have all {n} of it.", name=line.product.name, n=line.picked_qty), line_id=line.pk
        )
    still = [line for line in lines if line.picked_qty + line.short_qty < line.qty]
    wanted = next((line.product.name for line in still if line.pk == line_id), still[0].product.name if still else "")
    if code.tote is not None:
        raise WrongItem(
            say("That is tote {tote}. Scan the item first: {wanted}.", tote=letter(code.tote), wanted=wanted),
            wanted=wanted,
            scanned="",
        )
    known = Product.objects.filter(Q(barcode__in=code.codes) | Q(sku__in=code.codes)).values_list("name", flat=True)
    scanned = known.first() if code.codes and not code.tail else ""
    if not scanned:
        if code.tail:
            raise UnknownBarcode(
                say("No code on your list ends in {tail}. Look at the pack again.", tail=code.tail), wanted=wanted
            )
        raise UnknownBarcode(
            say("This code is not in the catalogue. Scan the barcode on the pack again."), wanted=wanted
        )
    raise WrongItem(
        say("That is {scanned}. Wanted: {wanted}.", scanned=scanned, wanted=wanted or say("nothing more")),
        wanted=wanted,
        scanned=scanned,
    )


def _is_for(line: PickLine, task: PickTask, picker_id: int) -> bool:
    """Whether this picker fetches the line: their own order's, unless somebody helps with it."""
    return (line.helper_id or task.picker_id) == picker_id


def _judge_pack(task: PickTask, line: PickLine, code: Code, *, today: date) -> None:
    """The very pack in the hand, as far as its code says what it is. Raises ExpiredItem, WrongLot."""
    if code.expires_on is not None and code.expires_on < today:
        raise ExpiredItem(
            say("This one was good until {day}. Put it aside and take another.", day=f"{code.expires_on:%d.%m.%Y}"),
            expired_on=code.expires_on.isoformat(),
        )
    if not code.lot:
        return
    lots = shelves.lots_for(ref=task.order_id).get(line.product_id, [])
    ours = [lot for lot in lots if lot.lot == code.lot and lot.state == BatchState.OPEN]
    if ours or not any(lot.lot for lot in lots):
        if not ours and _off_sale(task, line, code.lot):
            raise WrongLot(say("Lot {lot} is off sale. Put it aside.", lot=code.lot), wanted="", scanned=code.lot)
        return
    left = lots_left(lots, line.picked_qty) or lots
    good = [lot for lot in left if lot.state == BatchState.OPEN]
    wanted = (good or left)[0]
    raise WrongLot(
        say(
            "This is lot {scanned}. Take lot {wanted} from {bin}.",
            scanned=code.lot,
            wanted=wanted.lot or "–",
            bin=wanted.bin_code or line.bin_code or "–",
        ),
        wanted=wanted.lot,
        scanned=code.lot,
    )


def _off_sale(task: PickTask, line: PickLine, lot: str) -> bool:
    lots = Batch.objects.filter(stock__store_id=task.store_id, stock__product_id=line.product_id, lot=lot)
    return lots.exclude(state=BatchState.OPEN).exists()


def _judge_tote(task: PickTask, tote: int | None, *, picker_id: int) -> None:
    """Raises WrongTote. Without a word about the tote there must be one order in hand; a helper carries a tote of
    their own."""
    if task.picker_id != picker_id or tote == task.tote:
        return
    if tote is None:
        if PickTask.objects.filter(picker_id=picker_id, state__in=IN_WORK).count() == 1:
            return
        raise WrongTote(
            say("Scan or tap the tote it goes into: {tote}.", tote=letter(task.tote)),
            wanted=letter(task.tote),
            scanned="",
        )
    raise WrongTote(
        say("That is tote {other}. This goes into tote {tote}.", other=letter(tote) or "?", tote=letter(task.tote)),
        wanted=letter(task.tote),
        scanned=letter(tote),
    )


def _weighed(product: Product, grams: int | None) -> int:
    """Grams to note for one unit; 0 for what is not weighed. Raises NeedsWeight, WeightOff."""
    if (allowed := weight_of(product)) is None:
        return 0
    bounds = {"least_g": allowed.least_g, "most_g": allowed.most_g}
    if grams is None:
        raise NeedsWeight(say("Weigh it: {least} to {most} g.", least=allowed.least_g, most=allowed.most_g), **bounds)
    if off := allowed.off_g(grams):
        words = (
            "{grams} g is {off} g too light. Add some." if off < 0 else "{grams} g is {off} g too heavy. Take some out."
        )
        raise WeightOff(say(words, grams=grams, off=abs(off)), grams=grams, **bounds)
    return grams


def weight_of(product: Product) -> weighing.Range | None:
    """Between which weights one pack is right; None for what is not weighed."""
    wanted_g = weighing.wanted_g(product.pack_size, product.pack_unit, product.weight_g) if product.is_weighed else 0
    return weighing.allowed(wanted_g) if wanted_g else None


def _after(task: PickTask, line: PickLine, *, nonce: str, now: datetime) -> ScanOutcome:
    """Save the line and the answer; when it was the last open line, the task is picked."""
    line_done = line.picked_qty + line.short_qty == line.qty
    line.done_at = now if line_done else None
    line.save(update_fields=["picked_qty", "short_qty", "grams", "done_at", "helper"])
    task_done = line_done and not task.lines.filter(done_at=None).exists()
    if task_done and task.state == TaskState.PICKING:
        task.state, task.picked_at = TaskState.PICKED, now
        task.save(update_fields=["state", "picked_at"])
        orders.evidence(order_id=task.order_id, kind="picked", detail={}, actor=f"user:{task.picker_id}", now=now)
    outcome = ScanOutcome(line.pk, line.product_id, line.picked_qty, line.qty, line_done, task_done)
    ScanNonce.objects.create(task=task, nonce=nonce, outcome=outcome.as_json(), at=now)
    hint(task)
    return outcome
