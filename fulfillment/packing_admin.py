"""How a store closes its bags, in Django Admin."""

from __future__ import annotations

from django.contrib import admin
from unfold.admin import ModelAdmin

from fulfillment.packing_rules import PackingRule


@admin.register(PackingRule)
class PackingRuleAdmin(ModelAdmin):
    list_display = ("store", "scale", "label_size")
    list_select_related = ("store",)
    list_filter = ("scale", "label_size")
    search_fields = ("store__code", "store__name")
    ordering = ("store",)
