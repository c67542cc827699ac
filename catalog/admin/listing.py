"""Ranges of cities and stores, planned times, and what stores keep off, in Django Admin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import render
from django.utils import timezone
from unfold.admin import ModelAdmin, TabularInline
from unfold.widgets import UnfoldAdminTextInputWidget

from blinkit.kernel.admin import ReadOnly
from catalog.admin.confirm import actor, ask_then
from catalog.models import Assortment, AssortmentRule, AssortmentUse, Category, KeptOff, Schedule
from catalog.services import listing


class RuleInline(TabularInline):
    model = AssortmentRule
    extra = 1
    autocomplete_fields = ("product", "category", "brand")


class UseInline(TabularInline):
    model = AssortmentUse
    extra = 1
    autocomplete_fields = ("city", "store")


@admin.register(Assortment)
class AssortmentAdmin(ModelAdmin):
    """Saving a range changes no shelf: applying it does, after a preview."""

    list_display = ("name", "note")
    search_fields = ("name",)
    inlines = (RuleInline, UseInline)
    actions = ("apply_range",)

    @admin.action(description="Apply to its stores…", permissions=["change"])
    def apply_range(self, request: HttpRequest, queryset: QuerySet[Assortment]) -> Any:
        stores = {store.pk: store for row in queryset for store in listing.stores_of(row.pk)}
        if not request.user.has_perm("catalog.change_shelfitem"):
            self.message_user(request, "You may not change shelves.", messages.ERROR)
            return None
        if "confirmed" in request.POST:
            for store_id, store in sorted(stores.items()):
                done = listing.apply_assortment(store_id=store_id, actor=actor(request), now=timezone.now())
                self.message_user(
                    request,
                    f"{store.code}: {len(done.listed)} listed, {len(done.unlisted)} taken off.",
                    messages.SUCCESS,
                )
            return None
        previews = [
            (store, listing.preview_assortment(store_id=store_id, now=timezone.now()))
            for store_id, store in sorted(stores.items())
        ]
        context = {
            **self.admin_site.each_context(request),
            "title": "What would change on the shelves",
            "opts": self.model._meta,
            "previews": previews,
            "chosen": [row.pk for row in queryset],
            "checkbox": ACTION_CHECKBOX_NAME,
        }
        return render(request, "catalog/admin_assortment.html", context)


@admin.register(Schedule)
class ScheduleAdmin(ReadOnly):
    """What is planned and what was done. Plans are made from products and categories."""

    list_display = ("at", "what", "publish", "done_at", "changed", "actor")
    list_select_related = ("product", "category")
    list_filter = (("done_at", admin.EmptyFieldListFilter), "publish")
    search_fields = ("=product__sku", "product__search_text")
    ordering = ("done_at", "at")
    show_full_result_count = False

    @admin.display(description="product or category")
    def what(self, row: Schedule) -> str:
        return str(row.product or row.category)


@admin.register(KeptOff)
class KeptOffAdmin(ReadOnly):
    list_display = ("product", "store", "actor", "at")
    list_select_related = ("product", "store")
    list_filter = ("store",)
    search_fields = ("=product__sku", "product__search_text")


class Times(forms.Form):
    publish_at = forms.DateTimeField(
        required=False, label="Sold from", widget=UnfoldAdminTextInputWidget, help_text="2026-12-24 06:00, our time"
    )
    unpublish_at = forms.DateTimeField(required=False, label="No longer sold from", widget=UnfoldAdminTextInputWidget)


def plan_categories(page: ModelAdmin, request: HttpRequest, queryset: QuerySet[Category]) -> Any:
    def plan(category: Category, said: dict[str, Any]) -> None:
        listing.schedule(
            category_id=category.pk,
            publish_at=said["publish_at"],
            unpublish_at=said["unpublish_at"],
            actor=actor(request),
            now=timezone.now(),
        )

    return ask_then(
        page,
        request,
        queryset,
        action="plan",
        form_class=Times,
        title="When is it sold?",
        sentence="All products that are in it then. With a beginning they leave every shelf now. Both empty: no plan.",
        button="Plan it",
        act=plan,
    )
