"""The promise ledger in Django Admin: lawful speeds to edit; what was shown, and the room of each store, to read."""

from __future__ import annotations

from django.contrib import admin
from unfold.admin import ModelAdmin

from blinkit.kernel.admin import ReadOnly
from orders.ledger import PromiseRoom, SafeSpeed, ShownPromise


@admin.register(SafeSpeed)
class SafeSpeedAdmin(ModelAdmin):
    """Without a row the table in catalog/travel holds; a city's own rows replace those of everywhere."""

    list_display = ("whose", "vehicle", "kmh")
    list_select_related = ("city",)
    list_filter = ("city", "vehicle")

    @admin.display(description="where", ordering="city")
    def whose(self, speed: SafeSpeed) -> str:
        return str(speed.city) if speed.city else "Everywhere"


@admin.register(PromiseRoom)
class PromiseRoomAdmin(ReadOnly):
    list_display = ("store", "version", "middle", "end", "kept_percent", "samples", "updated_at")
    list_select_related = ("store",)


@admin.register(ShownPromise)
class ShownPromiseAdmin(ReadOnly):
    list_display = ("shown_at", "page", "store", "area", "from_m", "to_m", "version")
    list_select_related = ("store",)
    list_filter = ("page", "version", "store")
    ordering = ("-shown_at",)
