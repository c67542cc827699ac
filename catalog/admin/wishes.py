"""What goes with what: learned pairs are looked at, pairs of our own are set here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import ModelAdmin

from catalog import services
from catalog.wishes import Affinity, AffinitySource


@admin.register(Affinity)
class AffinityAdmin(ModelAdmin):
    list_display = ("product", "other", "score", "source", "together", "learned_at")
    list_filter = ("source",)
    list_select_related = ("product", "other")
    search_fields = ("product__name", "=product__sku")
    fields = ("product", "other", "score")
    autocomplete_fields = ("product", "other")
    ordering = ("-score", "id")
    show_full_result_count = False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # a pair that is wrong is taken out and set anew

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was learned would be learned again tonight."""
        allowed = super().has_delete_permission(request, obj)
        return allowed and (obj is None or obj.source == AffinitySource.STAFF)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        pair = services.pair_by_hand(
            product_id=obj.product_id, other_id=obj.other_id, score=obj.score, now=timezone.now()
        )
        obj.pk = pair.pk

    def get_actions(self, request: HttpRequest) -> Any:
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions
