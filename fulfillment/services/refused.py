"""Scans that a device has refused by itself, because it knows the walk: they count like those refused here."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q

from blinkit.kernel.said import say
from catalog.models import Product
from fulfillment import scancodes
from fulfillment.models import ScanNonce
from fulfillment.services.inside import lock_task, need_in_hand
from fulfillment.services.pace import note_refused
from fulfillment.services.picking import ScanOutcome


@transaction.atomic
def refused_by_device(
    *, task_id: UUID, picker_id: int, barcode: str, nonce: str, now: datetime, line_id: int | None = None
) -> str:
    """One more refused scan of this task, once per nonce. Nothing is taken, whatever the code is.

    Returns what the scanned thing was and what is wanted, in words; "" when it is not in the catalogue. Raises
    NotYourTask, NoSuchTask.
    """
    task = lock_task(task_id)
    if not ScanNonce.objects.filter(task=task, nonce=nonce).exists():
        need_in_hand(task, picker_id, or_helps=True)
        nothing = ScanOutcome(line_id or 0, 0, 0, 0, False, False)
        ScanNonce.objects.create(task=task, nonce=nonce, outcome=nothing.as_json(), at=now)
        note_refused(picker_id=picker_id, store_id=task.store_id, now=now)
    today = now.astimezone(ZoneInfo(task.store.city.timezone)).date()
    codes = scancodes.read(barcode, today=today).codes
    scanned = Product.objects.filter(Q(barcode__in=codes) | Q(sku__in=codes)).values_list("name", flat=True).first()
    wanted = task.lines.filter(pk=line_id or 0).values_list("product__name", flat=True).first()
    if not scanned or not wanted or scanned == wanted:
        return ""
    return say("That is {scanned}. Wanted: {wanted}.", scanned=scanned, wanted=wanted)
