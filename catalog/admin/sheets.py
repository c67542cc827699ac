"""A sheet of products in the administration: upload, see what would change, confirm."""

from __future__ import annotations

import secrets
from typing import Any

from django import forms
from django.contrib import messages
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from blinkit.kernel.errors import Refusal
from catalog.admin.confirm import actor
from catalog.importing.rows import NotThisFormat
from catalog.importing.sheets import MOST_BYTES, SheetPlan, plan_sheet
from catalog.models import Store
from catalog.services.goods import apply_sheet

KEPT_S = 1800
"""A preview may be confirmed for so long."""
SHOWN_AT_MOST = 500


class Upload(forms.Form):
    import_file = forms.FileField(label="CSV or XLSX", widget=UnfoldAdminFileFieldWidget)
    store = forms.ModelChoiceField(
        Store.objects.filter(is_active=True).order_by("code"),
        required=False,
        widget=UnfoldAdminSelectWidget,
        empty_label="no prices in it",
        help_text="Whose shelf the column price_paise is for.",
    )


class Confirm(forms.Form):
    sheet = forms.CharField(widget=forms.HiddenInput)
    digest = forms.CharField(widget=forms.HiddenInput)
    reason = forms.CharField(
        max_length=120, widget=UnfoldAdminTextInputWidget, help_text="Written beside every price that changes."
    )
    all_or_nothing = forms.BooleanField(
        required=False, initial=True, widget=UnfoldBooleanWidget, label="Nothing at all if a row is refused"
    )


def may(request: HttpRequest) -> bool:
    """Prices, products and new ones: only who may do all three one by one may do them by the thousand."""
    return request.user.has_perms(("catalog.add_product", "catalog.change_product", "catalog.change_shelfitem"))


def upload(admin: ModelAdmin, request: HttpRequest) -> HttpResponse:
    """The form, and with a file the preview. Nothing is written."""
    if not may(request):
        raise PermissionDenied
    form = Upload(request.POST or None, request.FILES or None)
    if not form.is_valid():
        return _page(admin, request, form=form)
    file = form.cleaned_data["import_file"]
    if file.size > MOST_BYTES:
        form.add_error("import_file", f"This file is too large: {MOST_BYTES // 1024**2} MB at most.")
        return _page(admin, request, form=form)
    store = form.cleaned_data["store"]
    content = file.read()
    try:
        plan = plan_sheet(content, store_id=store.pk if store else None)
    except NotThisFormat as error:
        form.add_error("import_file", str(error))
        return _page(admin, request, form=form)
    key = secrets.token_urlsafe(16)
    cache.set(_key(request, key), (content, store.pk if store else None), KEPT_S)
    return _page(admin, request, plan=plan, confirm=Confirm(initial={"sheet": key, "digest": plan.digest}))


def process(admin: ModelAdmin, request: HttpRequest) -> HttpResponse:
    """Do what the preview showed, or show it anew when it is no longer so."""
    if not may(request):
        raise PermissionDenied
    form = Confirm(request.POST)
    kept = cache.get(_key(request, request.POST.get("sheet", "")))
    if kept is None:
        messages.error(request, "This preview is over. Upload the sheet again.")
        return HttpResponseRedirect(reverse("admin:catalog_product_import"))
    content, store_id = kept
    if form.is_valid():
        said = form.cleaned_data
        try:
            plan = apply_sheet(
                content=content,
                digest=said["digest"],
                store_id=store_id,
                all_or_nothing=said["all_or_nothing"],
                reason=said["reason"],
                actor=actor(request),
                now=timezone.now(),
            )
        except Refusal as refusal:
            messages.error(request, refusal.detail)
        else:
            cache.delete(_key(request, said["sheet"]))
            messages.success(
                request,
                f"{plan.count('new')} new, {plan.count('changed')} changed, {plan.count('same')} as they were, "
                f"{plan.count('refused')} refused.",
            )
            return HttpResponseRedirect(reverse("admin:catalog_product_changelist"))
    plan = plan_sheet(content, store_id=store_id)
    again = Confirm(initial={**request.POST.dict(), "digest": plan.digest})
    return _page(admin, request, plan=plan, confirm=again)


def _key(request: HttpRequest, key: str) -> str:
    return f"sheet:{request.user.pk}:{key[:40]}"


def _page(
    admin: ModelAdmin,
    request: HttpRequest,
    *,
    form: forms.Form | None = None,
    plan: SheetPlan | None = None,
    confirm: forms.Form | None = None,
) -> HttpResponse:
    kinds = ("new", "changed", "same", "refused")
    lines: list[Any] = []
    if plan is not None:  # refused ones first: they are what has to be mended
        lines = sorted(plan.lines, key=lambda row: ("refused", "changed", "new", "same").index(row.kind))
    context = {
        **admin.admin_site.each_context(request),
        "title": "Import a sheet of products",
        "opts": admin.model._meta,
        "form": form,
        "plan": plan,
        "confirm_form": confirm,
        "counts": [(kind, plan.count(kind)) for kind in kinds] if plan else [],
        "lines": lines[:SHOWN_AT_MOST],
        "more": max(0, len(lines) - SHOWN_AT_MOST),
        "process_url": reverse("admin:catalog_product_process_import"),
    }
    return render(request, "catalog/admin_sheet.html", context)
