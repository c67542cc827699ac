"""Shopping lists, what was bought before, and what is waited for. Every act is a form that posts and redirects."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from blinkit.kernel.errors import Invalid, Refusal
from blinkit.kernel.words import said
from catalog import services as catalog_services
from catalog import wanted
from catalog.models import Product
from catalog.services.wishes import MOST_UNITS
from orders import queries, services
from orders.queries.bought import bought_page
from orders.services import sharing
from orders.web import cards
from orders.web.names import hindi_names
from orders.web.places import not_here
from orders.web.shopper import Shopper, customer_of, is_htmx, next_path


def why_left_out(reason: str) -> str:
    return {
        "not-on-shelf": _("not sold at this store"),
        "sold-out": _("sold out"),
        "few-left": _("only a few left"),
        "too-many-units": _("more than allowed per order"),
        "cart-full": _("the cart is full"),
    }.get(reason, "")


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def lists(request: HttpRequest) -> HttpResponse:
    """All of them; POST makes a new one."""
    shopper, error = Shopper(request), ""
    customer_id = customer_of(request)
    name = request.POST.get("name", "")
    if request.method == "POST":
        try:
            made = catalog_services.save_list(customer_id=customer_id, name=name, now=shopper.now)
        except Refusal as refusal:
            error = said(refusal.detail)
        else:
            return redirect("shop-list", made.pk)
    context = {
        "lists": queries.lists_of(customer_id=customer_id),
        "name": name,
        "error": error,
        **_head(_("Lists"), reverse("shop-account")),
    }
    return shopper.render("shop/lists.html", context, 400 if error else 200)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def one_list(request: HttpRequest, list_id: UUID) -> HttpResponse:
    """One list with today's prices; POST gives it a new name."""
    shopper, error = Shopper(request), ""
    customer_id = customer_of(request)
    if request.method == "POST":
        try:
            catalog_services.save_list(
                customer_id=customer_id, list_id=list_id, name=request.POST.get("name", ""), now=shopper.now
            )
        except Refusal as refusal:
            if refusal.status == 404:
                raise
            error = said(refusal.detail)
        else:
            messages.success(request, _("Kept."))
            return redirect("shop-list", list_id)
    token = sharing.share_token(customer_id=customer_id, list_id=list_id)
    context = {
        **_list_context(shopper, customer_id, list_id),
        "error": error,
        "share_url": request.build_absolute_uri(reverse("shop-shared-list", args=[token])),
        "left_out": request.session.pop(_left_key(list_id), None),
    }
    return shopper.render("shop/list.html", context, 400 if error else 200)


def _list_context(shopper: Shopper, owner_id: int, list_id: UUID) -> dict[str, Any]:
    view = queries.list_view(customer_id=owner_id, list_id=list_id, store_code=shopper.place.store_code)
    hindi = hindi_names({item.sku for item, _card in view.items})
    items: list[dict[str, Any]] = [
        {"item": item, "name": hindi.get(item.sku) or item.name, "card": card, "gone": card is None or card.free <= 0}
        for item, card in view.items
    ]
    total = sum(it["card"].row.price_paise * it["item"].qty for it in items if not it["gone"])
    return {
        "list": view.list,
        "items": items,
        "total_paise": total,
        "some": any(not it["gone"] for it in items),
        **_head(view.list.name, reverse("shop-lists")),
    }


@login_required
@require_POST
def set_item(request: HttpRequest, list_id: UUID) -> HttpResponse:
    """How many of a product stand on the list; 0 takes it off."""
    shopper = Shopper(request)
    _set(request, shopper, list_id)
    if is_htmx(request):
        context = _list_context(shopper, customer_of(request), list_id)
        return shopper.render("shop/list.html#items", context)
    return redirect("shop-list", list_id)


def _set(request: HttpRequest, shopper: Shopper, list_id: UUID) -> None:
    raw = request.POST.get("qty", "1")
    if not (raw.isascii() and raw.isdigit() and len(raw) < 4):
        raise Invalid(_("Say how many."))
    catalog_services.set_list_item(
        customer_id=customer_of(request),
        list_id=list_id,
        sku=request.POST.get("sku", ""),
        qty=min(int(raw), MOST_UNITS),
        now=shopper.now,
    )


@login_required
@require_POST
def delete(request: HttpRequest, list_id: UUID) -> HttpResponse:
    catalog_services.delete_list(customer_id=customer_of(request), list_id=list_id)
    messages.success(request, _("Removed."))
    return redirect("shop-lists")


@login_required
@require_POST
def to_cart(request: HttpRequest, list_id: UUID) -> HttpResponse:
    """The whole list into the cart; what stayed behind and why is said on the list."""
    shopper = Shopper(request)
    added = services.add_list_to_cart(
        customer_id=customer_of(request), list_id=list_id, store_code=shopper.place.store_code, now=shopper.now
    )
    if not added.left_out:
        messages.success(request, _("All of it is in the cart."))
        return redirect("shop-cart")
    hindi = hindi_names({left.sku for left in added.left_out})
    request.session[_left_key(list_id)] = [
        {
            "name": hindi.get(left.sku) or left.name,
            "qty": left.qty,
            "wanted": left.wanted,
            "why": why_left_out(left.reason),
        }
        for left in added.left_out
    ]
    return redirect("shop-list", list_id)


def _left_key(list_id: UUID) -> str:
    return f"left-{list_id.hex}"


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """ "Add to list": a sheet where the page has one, else a page of its own. POST adds one unit, to a list or to a new
    one of that name."""
    shopper = Shopper(request)
    customer_id = customer_of(request)
    given = request.POST if request.method == "POST" else request.GET
    product = Product.objects.filter(sku=given.get("sku", ""), is_active=True).first()
    if product is None:
        raise Invalid(_("There is no such product (any more)."))
    error = ""
    if request.method == "POST":
        try:
            name = _add(request, shopper, customer_id, product)
        except Refusal as refusal:
            error = said(refusal.detail)
        else:
            if is_htmx(request):
                return shopper.render("shop/list_add.html#added", {"name": name})
            messages.success(request, _("It is on “%(name)s”.") % {"name": name})
            return redirect(next_path(request, reverse("shop-lists")))
    held = wanted.lists_with(customer_id=customer_id, product_id=product.pk)
    context = {
        "product": product,
        "lists": [(row, held.get(row.id, 0)) for row in queries.lists_of(customer_id=customer_id)],
        "next": next_path(request, reverse("shop-product", args=[product.sku])),
        "error": error,
        **_head(_("Add to a list"), next_path(request, reverse("shop-product", args=[product.sku]))),
    }
    template = "shop/list_add.html#sheet" if is_htmx(request) else "shop/list_add.html"
    return shopper.render(template, context, 400 if error and not is_htmx(request) else 200)


def _add(request: HttpRequest, shopper: Shopper, customer_id: int, product: Product) -> str:
    raw = request.POST.get("list", "")
    if raw:
        try:
            list_id = UUID(raw)
        except ValueError:
            raise Invalid("Choose a list.") from None
    else:
        made = catalog_services.save_list(customer_id=customer_id, name=request.POST.get("name", ""), now=shopper.now)
        list_id = made.pk
    there = wanted.lists_with(customer_id=customer_id, product_id=product.pk).get(list_id, 0)
    qty = min(there + 1, MOST_UNITS)
    catalog_services.set_list_item(customer_id=customer_id, list_id=list_id, sku=product.sku, qty=qty, now=shopper.now)
    return next(row.name for row in queries.lists_of(customer_id=customer_id) if row.id == list_id)


@never_cache
@require_http_methods(["GET", "POST"])
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """Somebody's list, to read; POST keeps a copy of one's own."""
    shopper = Shopper(request)
    list_id = sharing.shared_list_id(token)
    if request.method == "POST":
        if shopper.customer_id is None:
            return redirect(f"{reverse('sign-in')}?next={request.path}")
        made = sharing.copy_shared_list(token=token, customer_id=shopper.customer_id, now=shopper.now)
        messages.success(request, _("It is one of your lists now."))
        return redirect("shop-list", made.pk)
    context = {**_list_context(shopper, wanted.owner_of_list(list_id), list_id), "shared": True, "back": "/"}
    return shopper.render("shop/list_shared.html", context)


@never_cache
@login_required
@require_safe
def buy_again(request: HttpRequest) -> HttpResponse:
    """Everything that was ever brought, the latest first."""
    shopper = Shopper(request)
    if not shopper.place.served:
        return not_here(request)
    page = bought_page(
        customer_id=customer_of(request),
        store_code=shopper.place.store_code,
        cursor=request.GET.get("cursor", "")[:120],
    )
    context = {
        "cards": cards.of_shelf([it.card for it in page.items], shopper.quantities),
        "next_cursor": page.next_cursor,
        "elsewhere": page.elsewhere,
        **_head(_("Buy again"), "/"),
    }
    return shopper.render("shop/buy_again.html#more" if is_htmx(request) else "shop/buy_again.html", context)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def alerts(request: HttpRequest) -> HttpResponse:
    """What is waited for, at every store; POST waits no longer."""
    customer_id = customer_of(request)
    shopper = Shopper(request)
    if request.method == "POST":
        raw = request.POST.get("store", "")
        if raw.isascii() and raw.isdigit() and len(raw) < 10:
            catalog_services.forget_restock(customer_id=customer_id, store_id=int(raw), sku=request.POST.get("sku", ""))
        return redirect("shop-alerts")
    rows = wanted.alerts_of(customer_id=customer_id)
    hindi = hindi_names({row.sku for row in rows})
    context = {
        "alerts": [(row, hindi.get(row.sku) or row.name) for row in rows],
        **_head(_("What you wait for"), reverse("shop-account")),
    }
    return shopper.render("shop/alerts.html", context)


def _head(heading: str, back: str) -> dict[str, Any]:
    return {"heading": heading, "back": back, "searchable": "desktop", "here": "lists"}
