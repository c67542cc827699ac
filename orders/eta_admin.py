"""Trainings of the promise in Django Admin: how each did and which one is in use. Changed by manage.py train_eta."""

from __future__ import annotations

from django.contrib import admin

from blinkit.kernel.admin import ReadOnly
from orders.etas import EtaModel


@admin.register(EtaModel)
class EtaModelAdmin(ReadOnly):
    list_display = ("__str__", "is_active", "trained_at", "rows", "judged_on", "mae", "kept_percent", "padding", "why")
    fields = (
        "trained_at", "learned_until", "rows", "judged_on", "mae", "kept_percent", "padding", "figures", "is_active",
        "why",
    )  # fmt: skip
    readonly_fields = fields
    list_filter = ("is_active",)
    ordering = ("-pk",)

    @admin.display(description="MAE (min)", ordering="mae_s")
    def mae(self, model: EtaModel) -> str:
        return f"{model.mae_s / 60:.2f}"

    @admin.display(description="padding (min)", ordering="padding_s")
    def padding(self, model: EtaModel) -> str:
        return f"{model.padding_s / 60:.2f}"
