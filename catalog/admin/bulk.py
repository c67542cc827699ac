"""One change for many products: asked, counted, confirmed, done at once."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from blinkit.kernel.errors import Refusal
from catalog.admin.confirm import actor
from catalog.models import Brand, Category, Product, Zone
from catalog.services import goods, listing

MOST_AT_ONCE = 20_000
NAMED_AT_MOST = 20
_ON_OFF = (("", "leave as it is"), ("yes", "sold"), ("no", "no longer sold"))


class Together(forms.Form):
    """What is left empty stays as it is."""

    category = forms.ModelChoiceField(
        Category.objects.order_by("name"), required=False, widget=UnfoldAdminSelectWidget, empty_label="leave as it is"
    )
    brand = forms.ModelChoiceField(
        Brand.objects.order_by("name"), required=False, widget=UnfoldAdminSelectWidget, empty_label="leave as it is"
    )
    gst_percent = forms.DecimalField(
        min_value=0, max_value=40, decimal_places=2, required=False, label="GST in %", widget=UnfoldAdminTextInputWidget
    )
    zone = forms.ChoiceField(
        choices=(("", "leave as it is"), *Zone.choices), required=False, widget=UnfoldAdminSelectWidget
    )
    max_per_order = forms.IntegerField(
        min_value=1, max_value=32_767, required=False, label="Most per order", widget=UnfoldAdminIntegerFieldWidget
    )
    active = forms.ChoiceField(choices=_ON_OFF, required=False, widget=UnfoldAdminSelectWidget)
    publish_at = forms.DateTimeField(
        required=False,
        widget=UnfoldAdminTextInputWidget,
        label="Sold from",
        help_text="2026-12-24 06:00, our time. Until then they are taken off every shelf.",
    )
    unpublish_at = forms.DateTimeField(
        required=False, widget=UnfoldAdminTextInputWidget, label="No longer sold from", help_text="2026-12-26 23:00"
    )
    reason = forms.CharField(max_length=120, required=False, widget=UnfoldAdminTextInputWidget)

    def changes(self) -> dict[str, Any]:
        said = self.cleaned_data
        found = {name: said[name] for name in ("category", "brand", "zone", "max_per_order") if said[name]}
        if said["gst_percent"] is not None:
            found["gst_bp"] = int(said["gst_percent"] * 100)
        if said["active"]:
            found["is_active"] = said["active"] == "yes"
        return found

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        if not self.errors:
            times = [said.get("publish_at"), said.get("unpublish_at")]
            if not self.changes() and not any(times):
                raise forms.ValidationError("Choose what should change.")
            if any(time is not None and time <= timezone.now() for time in times):
                raise forms.ValidationError("Give times that lie ahead.")
            if said.get("publish_at") and said.get("active") == "yes":
                raise forms.ValidationError("Sold now, or from a time on: not both.")
        return said

    def effects(self, ids: list[int]) -> list[str]:
        """What confirming does, each with the number of products that are not so already."""
        told = []
        names = {"gst_bp": "GST", "is_active": "Active", "max_per_order": "Most per order"}
        for name, value in self.changes().items():
            already = Product.objects.filter(pk__in=ids, **{name: value}).count()
            shown = _shown(name, value)
            rest = f"; {already} are so already" if already else ""
            told.append(
                f"{names.get(name, name.capitalize())} becomes “{shown}” for {len(ids) - already} products{rest}"
            )
        said = self.cleaned_data
        if said["publish_at"]:
            told.append(f"{len(ids)} products leave every shelf now and are sold from {_local(said['publish_at'])}")
        if said["unpublish_at"]:
            told.append(f"{len(ids)} products are no longer sold from {_local(said['unpublish_at'])}")
        return told


def _shown(name: str, value: Any) -> str:
    if name == "gst_bp":
        return f"{value / 100:g} %"
    if name == "zone":
        return str(Zone(value).label)
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)


def _local(time: Any) -> str:
    return timezone.localtime(time).strftime("%d %b %Y %H:%M")


def change_together(admin: ModelAdmin, request: HttpRequest, chosen: QuerySet[Product]) -> HttpResponse | None:
    """A form, then a page that names the effect and how many, then the deed. A refusal is told, nothing half done."""
    ids = list(chosen.order_by("pk").values_list("pk", flat=True)[: MOST_AT_ONCE + 1])
    if len(ids) > MOST_AT_ONCE:
        admin.message_user(request, f"At most {MOST_AT_ONCE:,} products at once.", messages.ERROR)
        return None
    asked = "asked" in request.POST
    form = Together(request.POST if asked else None)
    is_sure = asked and form.is_valid()
    if is_sure and "confirmed" in request.POST:
        told = "; ".join(form.effects(ids))
        try:
            _do(request, ids, form)
        except Refusal as refusal:
            admin.message_user(request, refusal.detail, messages.ERROR)
        else:
            admin.message_user(request, f"Done: {told}.", messages.SUCCESS)
        return None
    context = {
        **admin.admin_site.each_context(request),
        "title": "Is this right?" if is_sure else "Change them together",
        "opts": admin.model._meta,
        "form": form,
        "effects": form.effects(ids) if is_sure else [],
        "count": len(ids),
        "some": list(Product.objects.filter(pk__in=ids[:NAMED_AT_MOST]).order_by("pk")),
        "more": max(0, len(ids) - NAMED_AT_MOST),
        "chosen": request.POST.getlist(ACTION_CHECKBOX_NAME),
        "across": request.POST.get("select_across", "0"),
        "checkbox": ACTION_CHECKBOX_NAME,
    }
    return render(request, "catalog/admin_together.html", context)


def _do(request: HttpRequest, ids: list[int], form: Together) -> None:
    now, said = timezone.now(), form.cleaned_data
    with transaction.atomic():
        if changes := form.changes():
            goods.edit_products(product_ids=ids, changes=changes, actor=actor(request), reason=said["reason"], now=now)
        if said["publish_at"] or said["unpublish_at"]:
            listing.schedule(
                product_ids=ids,
                publish_at=said["publish_at"],
                unpublish_at=said["unpublish_at"],
                actor=actor(request),
                now=now,
            )
