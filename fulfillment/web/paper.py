"""Pick lists on paper, and what was picked from them entered afterwards."""

from __future__ import annotations

from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from blinkit.kernel.errors import Invalid, Refusal
from blinkit.kernel.words import said
from fulfillment import access, paper, queries, services
from fulfillment.models import TaskState
from fulfillment.web.parts import act, nonce_of, number_of, qr, screen, show

MOST_LINES = 200


@screen
def lists(request: HttpRequest, code: str) -> HttpResponse:
    """All sheets to print; `?find=` (a sheet's QR code, or an order number) leads to its entry."""
    store = access.store_to_see(request.user, code)
    words = request.GET.get("find", "").strip()[:200]
    if words:
        found = paper.find(store_id=store.pk, words=words)
        if found is not None:
            return redirect("floor-paper-sheet", code, found)
        messages.error(request, _("There is no order %(n)s in this store.") % {"n": words[:40]})
    sheets = paper.sheets(store=store)
    context = {
        "here": "paper",
        "sheets": [(sheet, qr(_address(request, code, sheet.task_id), scale=3, border=1)) for sheet in sheets],
        "printed_at": timezone.now(),
        "most": paper.MOST_SHEETS,
    }
    return show(request, "fulfillment/paper.html", store, context)


@screen
def pdf(request: HttpRequest, code: str) -> HttpResponse:
    store = access.store_to_see(request.user, code)
    now = timezone.now()
    from fulfillment import paper_pdf  # fpdf takes a third of a second to load

    page = paper_pdf.sheets_pdf(
        paper.sheets(store=store),
        address_of=lambda sheet: _address(request, code, sheet.task_id),
        printed_at=now,
    )
    name = f"pick-lists-{store.code}-{timezone.localtime(now):%Y%m%d-%H%M}.pdf"
    headers = {"Content-Disposition": f'inline; filename="{name}"'}
    return HttpResponse(page, content_type="application/pdf", headers=headers)


@screen
def sheet(request: HttpRequest, code: str, task_id: UUID) -> HttpResponse:
    """One sheet to enter: every line as found, to be corrected where it was not."""
    store = access.store_to_work_in(request.user, code)
    _work, may_manage = access.standing(request.user, store)
    task = queries.task_of(task_id=task_id, store_id=store.pk)
    if task.state in (TaskState.PACKED, TaskState.HANDED_OVER):
        return redirect("floor-pack", code, task.pk)
    one = paper.sheets(store=store, task_ids=[task.pk])[0]
    board = queries.board(store_id=store.pk, now=timezone.now()) if may_manage else None
    context = {
        "here": "paper",
        "sheet": one,
        "is_cancelled": task.state == TaskState.CANCELLED,
        "is_picked": task.state == TaskState.PICKED,
        "is_mine": task.picker_id == request.user.pk,
        "with_other": bool(task.picker_id) and task.picker_id != request.user.pk and task.state == TaskState.PICKING,
        "pickers": [picker for picker in board.pickers if picker.user_id != request.user.pk] if board else [],
        "nonce": uuid4().hex,
    }
    return show(request, "fulfillment/paper_entry.html", store, context)


@act("floor-paper")
def save(request: HttpRequest, code: str, task_id: UUID) -> HttpResponse:
    store = access.store_to_work_in(request.user, code)
    _work, may_manage = access.standing(request.user, store)
    task = queries.task_of(task_id=task_id, store_id=store.pk)
    me = int(request.user.pk or 0)
    picker = number_of(request, "picker", default=me) if may_manage else me
    try:
        done = services.enter_paper(
            task_id=task.pk, picker_id=picker or me, found=_found(request), nonce=nonce_of(request),
            entered_by=me if may_manage else None, now=timezone.now(),
        )  # fmt: skip
    except Refusal as refusal:
        messages.error(request, said(refusal.detail))
        return redirect("floor-paper-sheet", code, task_id)
    if done.state == TaskState.CANCELLED:
        messages.info(
            request, _("Nothing of %(n)s was found: it is cancelled and refunded.") % {"n": task.order.number}
        )
        return redirect("floor-paper", code)
    messages.success(request, _("%(n)s is entered. Now its bags.") % {"n": task.order.number})
    return redirect("floor-pack", code, task_id) if done.picker_id == me else redirect("floor-paper", code)


def _found(request: HttpRequest) -> dict[int, int]:
    """{pick line id: units in the tote} of the form. Raises Invalid for what is not a whole number."""
    found = {}
    for name, text in list(request.POST.items())[:MOST_LINES]:
        line_id = name.removeprefix("found-")
        if name == line_id or not (line_id.isascii() and line_id.isdigit() and len(line_id) < 16):
            continue
        text = str(text).strip()
        if not (text.isascii() and text.isdigit() and len(text) < 6):
            raise Invalid("Type a whole number of units for every line.")
        found[int(line_id)] = int(text)
    return found


def _address(request: HttpRequest, code: str, task_id: UUID) -> str:
    return request.build_absolute_uri(reverse("floor-paper-sheet", args=[code, task_id]))
