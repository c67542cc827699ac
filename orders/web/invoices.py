"""Invoices, credit notes and packing slips: for the customer and for staff, as a page and as a PDF."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from blinkit.kernel.limits import check_limit
from blinkit.kernel.permissions import roles_of
from catalog.models import StoreMembership
from orders import queries
from orders.errors import NoSuchOrder
from orders.invoicing import state_name
from orders.invoicing.gstin import WITHOUT_LEGISLATURE
from orders.models import Order
from orders.queries.invoices import STAFF, DocumentView, credit_note_of, invoice_of
from orders.web.names import hindi_names
from orders.web.shopper import Shopper, customer_of

FLOOR = frozenset({"picker", "store_manager"})
PDFS_PER_HOUR = 120


@never_cache
@login_required
@require_safe
def invoice(request: HttpRequest, order_id: UUID) -> HttpResponse:
    return _page(request, invoice_of(order_id, customer_id=_owner(request)))


@never_cache
@login_required
@require_safe
def invoice_file(request: HttpRequest, order_id: UUID) -> HttpResponse:
    return pdf_response(invoice_of(order_id, customer_id=_owner(request)), user_id=customer_of(request))


@never_cache
@login_required
@require_safe
def credit_note(request: HttpRequest, order_id: UUID, note_id: UUID) -> HttpResponse:
    return _page(request, credit_note_of(order_id, note_id, customer_id=_owner(request)))


@never_cache
@login_required
@require_safe
def credit_note_file(request: HttpRequest, order_id: UUID, note_id: UUID) -> HttpResponse:
    view = credit_note_of(order_id, note_id, customer_id=_owner(request))
    return pdf_response(view, user_id=customer_of(request))


@never_cache
@login_required
@require_safe
def slip(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """What goes with the bags, without prices: for the customer, staff, and the floor of the order's own store."""
    order = queries.order_of(order_id=order_id, customer_id=None)
    if not _may_see_slip(request, order):
        raise NoSuchOrder
    _count(customer_of(request))
    from orders.invoice_pdf import brand_name, slip_pdf  # fpdf takes a third of a second to load

    body = slip_pdf(order, list(order.lines.all()), brand=brand_name(), language=order.customer.language)
    return _file(body, f"slip-{order.number}.pdf")


def pdf_response(view: DocumentView, *, user_id: int) -> HttpResponse:
    """The document as a file to look at; its QR code leads to the page, which asks who is there."""
    _count(user_id)
    from orders.invoice_pdf import brand_name, document_pdf  # fpdf takes a third of a second to load

    document = view.document
    url = settings.SITE_URL.rstrip("/") + page_url(view)
    body = document_pdf(view, url=url, brand=brand_name(), language=document.order.customer.language)
    return _file(body, f"{document.number}.pdf")


def page_url(view: DocumentView) -> str:
    document = view.document
    if document.is_credit_note:
        return reverse("shop-credit-note", args=[document.order_id, document.pk])
    return reverse("shop-invoice", args=[document.order_id])


def _owner(request: HttpRequest) -> int | None:
    """Whose documents this person may look at: their own, or (None) anybody's."""
    return None if STAFF & roles_of(request.user) else customer_of(request)


def _may_see_slip(request: HttpRequest, order: Order) -> bool:
    if _owner(request) in (None, order.customer_id):
        return True
    works_there = StoreMembership.objects.filter(user_id=customer_of(request), store_id=order.store_id)
    return bool(FLOOR & roles_of(request.user)) and works_there.exists()


def _page(request: HttpRequest, view: DocumentView) -> HttpResponse:
    document = view.document
    titles = {
        "tax-invoice": _("Tax invoice"),
        "bill-of-supply": _("Bill of supply"),
        "invoice-cum-bill": _("Invoice-cum-bill of supply"),
        "credit-note": _("Credit note"),
    }
    ways = {"online": _("UPI or card"), "cod": _("Cash at the door"), "wallet": _("Wallet")}
    fees = {
        "delivery": _("Delivery"),
        "handling": _("Handling"),
        "small_cart": _("Small cart"),
        "surge": _("Busy hour"),
    }
    skus = {line.pk: line.order_line.sku for line in view.lines if line.order_line is not None}
    hindi = hindi_names(set(skus.values()))
    named = [(line, fees.get(line.code) or hindi.get(skus.get(line.pk, "")) or line.name) for line in view.lines]
    pdf = "shop-credit-note-pdf" if document.is_credit_note else "shop-invoice-pdf"
    ids = [document.order_id, document.pk] if document.is_credit_note else [document.order_id]
    is_mine = document.order.customer_id == request.user.pk
    context = {
        "view": view,
        "document": document,
        "title": titles[document.title],
        "lines": named,
        "state": state_name(document.place_of_supply),
        "state_tax": "UTGST" if document.place_of_supply in WITHOUT_LEGISLATURE else "SGST",
        "paid": [(ways.get(how, how), paise) for how, paise in view.paid_paise.items()],
        "pdf_url": reverse(pdf, args=ids),
        "is_mine": is_mine,
        "heading": document.number,
        "back": reverse("shop-order", args=[document.order_id]) if is_mine else f"/ops/orders/{document.order_id}/",
        "here": "orders",
        "searchable": "desktop",
    }
    return Shopper(request).render("shop/invoice.html", context)


def _count(user_id: int) -> None:
    check_limit("invoice-pdf", str(user_id), limit=PDFS_PER_HOUR, per_s=3600)


def _file(body: bytes, name: str) -> HttpResponse:
    headers = {
        "Content-Disposition": f'inline; filename="{name}"',
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(body, content_type="application/pdf", headers=headers)
