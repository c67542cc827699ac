"""The floor in Django Admin: looked at here, moved only through the services."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.shortcuts import render
from django.utils import timezone
from unfold.admin import ModelAdmin

from blinkit.kernel.admin import ReadOnly, ReadOnlyInline
from blinkit.kernel.errors import Refusal
from fulfillment import services
from fulfillment.models import (
    Bag,
    PickerShift,
    PickerStat,
    PickLine,
    PickPace,
    PickTask,
    PlannedShift,
    ShelfSlot,
    TaskState,
)


class PickLineInline(ReadOnlyInline):
    model = PickLine
    fields = readonly_fields = ("walk", "bin_code", "zone", "product", "qty", "picked_qty", "short_qty", "done_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[PickLine]:
        return super().get_queryset(request).select_related("product")


class BagInline(ReadOnlyInline):
    model = Bag
    fields = readonly_fields = ("code", "zone")


class PassOn(forms.Form):
    """Asked before tasks are passed on."""

    picker = forms.ModelChoiceField(
        PickerShift.objects.none(), label="To", empty_label="Back into the queue", required=False
    )

    def __init__(self, *args: Any, store_ids: set[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        on_floor = PickerShift.objects.filter(ended_at=None, store_id__in=store_ids).select_related("user", "store")
        field = self.fields["picker"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = on_floor.order_by("user__name")
        field.label_from_instance = lambda shift: f"{shift.user} ({shift.store.code})"  # type: ignore[method-assign, assignment]


@admin.register(PickTask)
class PickTaskAdmin(ReadOnly):
    list_display = ("order", "store", "state", "picker", "due_at", "line_count", "pinned", "opened_at", "packed_at")
    list_select_related = ("order", "store", "picker")
    list_filter = ("state", "store", "pinned", ("opened_at", admin.DateFieldListFilter))
    search_fields = ("=order__number", "=bags__code", "picker__name", "=picker__phone")
    search_help_text = "Order number, bag code, or the picker's name or phone."
    ordering = ("-opened_at",)
    show_full_result_count = False
    inlines = (PickLineInline, BagInline)
    actions = ("pin", "unpin", "pass_on")

    def get_queryset(self, request: HttpRequest) -> QuerySet[PickTask]:
        return super().get_queryset(request).annotate(lines_in_all=Count("lines", distinct=True))

    @admin.display(description="lines", ordering="lines_in_all")
    def line_count(self, task: Any) -> int:
        return int(task.lines_in_all)

    def has_work_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("fulfillment.change_picktask"))

    @admin.action(description="To the front of the queue", permissions=["work"])
    def pin(self, request: HttpRequest, queryset: QuerySet[PickTask]) -> None:
        self._set_pinned(request, queryset, True)

    @admin.action(description="Back to its place in the queue", permissions=["work"])
    def unpin(self, request: HttpRequest, queryset: QuerySet[PickTask]) -> None:
        self._set_pinned(request, queryset, False)

    @admin.action(description="Pass on…", permissions=["work"])
    def pass_on(self, request: HttpRequest, queryset: QuerySet[PickTask]) -> Any:
        """To a picker who is on the floor, or back into the queue."""
        chosen = list(queryset.select_related("order", "store").order_by("pk"))
        confirmed = request.POST if "confirmed" in request.POST else None
        form = PassOn(confirmed, store_ids={task.store_id for task in chosen})
        if form.is_valid():
            self._pass_on(request, chosen, form.cleaned_data["picker"])
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": "Pass on",
            "sentence": "What is already in the tote goes along.",
            "form": form,
            "chosen": chosen,
            "action": "pass_on",
            "checkbox": ACTION_CHECKBOX_NAME,
            "opts": self.model._meta,
        }
        return render(request, "fulfillment/admin_pass_on.html", context)

    def _pass_on(self, request: HttpRequest, chosen: list[PickTask], shift: PickerShift | None) -> None:
        actor, done = f"user:{request.user.pk}", 0
        for task in chosen:
            try:
                if shift is None:
                    services.give_back(task_id=task.pk, actor=actor, now=timezone.now())
                else:
                    services.reassign(task_id=task.pk, picker_id=shift.user_id, actor=actor, now=timezone.now())
                done += 1
            except Refusal as refusal:
                messages.error(request, f"{task.order}: {refusal.detail}")
        if done:
            messages.success(request, f"{done} passed on.")

    def _set_pinned(self, request: HttpRequest, queryset: QuerySet[PickTask], pinned: bool) -> None:
        waiting = queryset.filter(state=TaskState.OPEN).order_by("pk").values_list("pk", flat=True)
        for task_id in list(waiting):
            services.pin(task_id=task_id, pinned=pinned, actor=f"user:{request.user.pk}", now=timezone.now())
        messages.success(request, "The queue is in its new order. Only waiting orders move.")


@admin.register(PickerShift)
class PickerShiftAdmin(ReadOnly):
    list_display = ("user", "store", "started_at", "ended_at")
    list_select_related = ("user", "store")
    list_filter = ("store", ("ended_at", admin.EmptyFieldListFilter), ("started_at", admin.DateFieldListFilter))
    search_fields = ("user__name", "=user__phone")
    ordering = ("-started_at",)
    actions = ("end_shifts",)

    def has_work_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("fulfillment.change_pickershift"))

    @admin.action(description="End these shifts", permissions=["work"])
    def end_shifts(self, request: HttpRequest, queryset: QuerySet[PickerShift]) -> None:
        for shift in queryset.filter(ended_at=None).select_related("user").order_by("pk"):
            try:
                services.end_shift(picker_id=shift.user_id, now=timezone.now())
                messages.success(request, f"{shift.user} is off the floor.")
            except Refusal as refusal:
                messages.error(request, f"{shift.user}: {refusal.detail}")


@admin.register(PlannedShift)
class PlannedShiftAdmin(ReadOnly):
    """Planned on the screen of the store's people."""

    list_display = ("user", "store", "day", "weekday", "from_time", "to_time")
    list_select_related = ("user", "store")
    list_filter = ("store", "weekday", ("day", admin.DateFieldListFilter))
    search_fields = ("user__name", "=user__phone")
    ordering = ("store", "weekday", "day", "from_time")


@admin.register(PickPace)
class PickPaceAdmin(ReadOnly):
    list_display = ("__str__", "store", "picker", "base_s", "line_s", "unit_s", "orders", "learned_at")
    list_select_related = ("store", "picker")
    list_filter = ("store", ("picker", admin.EmptyFieldListFilter))
    search_fields = ("picker__name", "=picker__phone")
    ordering = ("store", "picker")


@admin.register(PickerStat)
class PickerStatAdmin(ReadOnly):
    list_display = ("picker", "store", "day", "tasks", "lines", "units", "pick_s", "pack_s", "refused", "shorted")
    list_select_related = ("picker", "store")
    list_filter = ("store", ("day", admin.DateFieldListFilter))
    search_fields = ("picker__name", "=picker__phone")
    ordering = ("-day", "store", "picker")


@admin.register(ShelfSlot)
class ShelfSlotAdmin(ModelAdmin):
    """Places are added and renamed here; what stands on them the floor decides."""

    list_display = ("code", "store", "zone", "task", "cold_of")
    list_select_related = ("store", "task__order", "cold_of__order")
    list_filter = ("store", "zone", ("task", admin.EmptyFieldListFilter))
    search_fields = ("=code", "=task__order__number")
    ordering = ("store", "code")
    fields = ("store", "code", "zone", "task", "cold_of")
    readonly_fields = ("task", "cold_of")

    def has_delete_permission(self, request: HttpRequest, obj: ShelfSlot | None = None) -> bool:
        return super().has_delete_permission(request, obj) and (
            obj is None or (obj.task_id is None and obj.cold_of_id is None)
        )


# How a store closes its bags has a file of its own; Django finds the administration of an app here.
from fulfillment import packing_admin as packing_admin  # noqa: E402
