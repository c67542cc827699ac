"""Riders in Django Admin: people are verified and suspended through services, everything else is looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.shortcuts import render
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin, TabularInline

from blinkit.kernel.admin import ReadOnly
from blinkit.kernel.errors import Refusal
from blinkit.kernel.money import rupees
from blinkit.kernel.words import said
from delivery import services
from delivery.models import (
    AreaStore,
    Decision,
    DispatchArea,
    DispatchPolicy,
    Earning,
    Job,
    Offer,
    OfferedJob,
    Rider,
    Shift,
    Stop,
    Trip,
)
from delivery.paying import PARTS as pay_parts
from delivery.riders_admin import masked_papers
from delivery.words import WEIGHED, left_of

PARTS = {name: name.removesuffix("_paise").replace("_", " ") for name in pay_parts}


class WhyForm(forms.Form):
    """Asked before something that the rider reads."""

    reason = forms.CharField(max_length=160, help_text="The rider reads this sentence.")


class SuspendForm(WhyForm):
    """The end and what it rests on are kept with the suspension; the rider reads both."""

    until = forms.DateTimeField(
        required=False,
        label="Until (open when empty)",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )
    evidence = forms.CharField(
        required=False, max_length=2000, label="What it rests on (the rider reads it: name no customer)"
    )


class OnDutyFilter(admin.SimpleListFilter):
    title = "duty"
    parameter_name = "duty"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("on", "On duty"), ("off", "Off duty"), ("paused", "Suspended")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Rider]) -> QuerySet[Rider]:
        shift = Exists(Shift.objects.filter(rider=OuterRef("pk"), ended_at=None))
        if self.value() == "on":
            return queryset.filter(shift)
        if self.value() == "off":
            return queryset.filter(~shift)
        if self.value() == "paused":
            return queryset.exclude(suspended_reason="")
        return queryset


@admin.register(Rider)
class RiderAdmin(ModelAdmin):
    list_display = ("user", "store", "vehicle", "max_bags", "is_verified", "on_duty", "suspended_reason", "seen_at")
    list_select_related = ("user", "store")
    list_filter = (OnDutyFilter, "store", "vehicle", "is_verified")
    search_fields = ("user__name", "=user__phone")
    search_help_text = "Name, or the whole phone number (+91…)."
    autocomplete_fields = ("user",)
    fields = (
        "user", "store", "vehicle", "max_bags", "max_litres", "has_cold_bag", "is_verified", "papers",
        "suspended_reason", "lat", "lng", "seen_at",
    )  # fmt: skip
    readonly_fields = ("is_verified", "papers", "suspended_reason", "lat", "lng", "seen_at")
    actions = ("verify", "suspend", "end_suspension")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Rider]:
        shift = Exists(Shift.objects.filter(rider=OuterRef("pk"), ended_at=None))
        found: QuerySet[Rider] = super().get_queryset(request).annotate(is_on_duty=shift)
        return found

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*self.readonly_fields, "user") if obj else self.readonly_fields

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_work_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("delivery.change_rider"))

    @admin.display(boolean=True, description="on duty")
    def on_duty(self, rider: Rider) -> bool:
        return bool(getattr(rider, "is_on_duty", False))

    @admin.action(description="I saw the missing papers: allow duty for 30 days", permissions=["work"])
    def verify(self, request: HttpRequest, queryset: QuerySet[Rider]) -> None:
        self._each(request, queryset, "allowed to ride while the papers are sent", services.verify)

    @admin.display(description="papers")
    def papers(self, rider: Rider) -> str:
        return masked_papers(rider)

    @admin.action(description="End the suspension", permissions=["work"])
    def end_suspension(self, request: HttpRequest, queryset: QuerySet[Rider]) -> None:
        self._each(request, queryset, "no longer suspended", services.suspend, reason="")

    @admin.action(description="Suspend…", permissions=["work"])
    def suspend(self, request: HttpRequest, queryset: QuerySet[Rider]) -> Any:
        form = SuspendForm(request.POST if "confirmed" in request.POST else None)
        if form.is_valid():
            self._each(request, queryset, "suspended", services.suspend, **form.cleaned_data)
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": "Suspend these riders?",
            "opts": self.model._meta,
            "form": form,
            "chosen": queryset.select_related("user", "store"),
            "checkbox": ACTION_CHECKBOX_NAME,
        }
        return render(request, "delivery/admin_suspend.html", context)

    def _each(
        self, request: HttpRequest, queryset: QuerySet[Rider], done: str, act: Callable[..., Any], **more: Any
    ) -> None:
        for rider in queryset.select_related("user").order_by("pk"):
            try:
                act(rider_id=rider.pk, actor=f"user:{request.user.pk}", now=timezone.now(), **more)
            except Refusal as refusal:
                self.message_user(request, f"{rider}: {refusal.detail}", messages.ERROR)
            else:
                self.message_user(request, f"{rider} is {done}.", messages.SUCCESS)


class StopInline(TabularInline):
    hide_title = True
    model = Stop
    extra = max_num = 0
    fields = readonly_fields = ("rank", "job", "state", "picked_up_at", "arrived_at", "done_at", "why_not")
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Stop]:
        found: QuerySet[Stop] = super().get_queryset(request).select_related("job__order")
        return found

    @admin.display(description="fail reason")
    def why_not(self, stop: Stop) -> str:
        return said(stop.fail_reason)


@admin.register(Trip)
class TripAdmin(ReadOnly):
    list_display = ("id", "rider", "store", "started_at", "at_store_at", "ended_at", "paid_metres")
    list_select_related = ("rider__user", "store")
    list_filter = (("ended_at", admin.EmptyFieldListFilter), "store")
    search_fields = ("rider__user__name", "=rider__user__phone", "=stops__job__order__number")
    search_help_text = "Rider's name or phone, or an order number."
    ordering = ("-started_at",)
    show_full_result_count = False
    inlines = (StopInline,)


def why_table(rows: list[dict[str, Any]]) -> str:
    """Who was considered in a round, the chosen one first, and what bars the others; in the reader's language."""
    if not rows:
        return "–"
    lines = format_html_join(
        "",
        "<tr><td>{}</td><td>{}</td><td>{}</td></tr>",
        (
            (
                row["name"],
                "–" if row["score_s"] is None else f"{row['score_s']} s",
                ", ".join(
                    [f"{said(WEIGHED.get(name, name))} {round(value)} s" for name, value in row["parts"].items()]
                    + [said(note) for note in (row.get("note"),) if note]
                ),
            )
            for row in rows
        ),
    )
    heads = format_html_join("", "<th>{}</th>", ([head] for head in (_("Rider"), _("Costs"), _("Made up of"))))
    return format_html("<table><tr>{}</tr>{}</table>", heads, lines)


class OfferedInline(TabularInline):
    hide_title = True
    model = OfferedJob
    extra = max_num = 0
    fields = readonly_fields = ("rider", "state", "made_at", "answered_at", "decline_reason", "pay")
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[OfferedJob]:
        found: QuerySet[OfferedJob] = super().get_queryset(request).select_related("offer__rider__user")
        return found

    @admin.display(description="pay")
    def pay(self, one: OfferedJob) -> str:
        return rupees(one.pay_paise)

    @admin.display(description="rider")
    def rider(self, one: OfferedJob) -> str:
        return str(one.offer.rider)

    @admin.display(description="answer")
    def state(self, one: OfferedJob) -> str:
        return str(one.offer.get_state_display())

    @admin.display(description="made at")
    def made_at(self, one: OfferedJob) -> Any:
        return one.offer.made_at

    @admin.display(description="answered at")
    def answered_at(self, one: OfferedJob) -> Any:
        return one.offer.answered_at

    @admin.display(description="reason")
    def decline_reason(self, one: OfferedJob) -> str:
        return said(one.offer.decline_reason)


class DecisionInline(TabularInline):
    hide_title = True
    model = Decision
    extra = max_num = 0
    fields = readonly_fields = ("at", "rider", "waits_because", "candidates")
    can_delete = False
    ordering = ("-at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Decision]:
        found: QuerySet[Decision] = super().get_queryset(request).select_related("rider__user")
        return found

    @admin.display(description="left")
    def waits_because(self, decision: Decision) -> str:
        return said(left_of(decision))

    @admin.display(description="why")
    def candidates(self, decision: Decision) -> str:
        return why_table(decision.why)


@admin.register(DispatchPolicy)
class DispatchPolicyAdmin(ModelAdmin):
    list_display = ("city", "strategy", "auto_accept", "answer_s", "most_jobs", "take_along", "broadcast_after_s")
    list_select_related = ("city",)


class AreaStoreInline(TabularInline):
    hide_title = True
    model = AreaStore
    extra = 0
    autocomplete_fields = ("store",)


@admin.register(DispatchArea)
class DispatchAreaAdmin(ModelAdmin):
    """Stores that share riders; a store that is in none dispatches for itself."""

    list_display = ("name",)
    search_fields = ("name",)
    inlines = (AreaStoreInline,)


@admin.register(Job)
class JobAdmin(ReadOnly):
    list_display = ("order", "store", "state", "bags", "opened_at", "ready_at", "due_at", "said_no")
    list_select_related = ("order", "store")
    list_filter = ("state", "store")
    search_fields = ("=order__number",)
    search_help_text = "The whole order number."
    ordering = ("-opened_at",)
    show_full_result_count = False
    inlines = (OfferedInline, DecisionInline)

    @admin.display(description="said no")
    def said_no(self, job: Job) -> int:
        return len(job.declined_by)


class OfferJobsInline(TabularInline):
    hide_title = True
    model = OfferedJob
    extra = max_num = 0
    fields = readonly_fields = ("rank", "job", "pay_paise", "pay_parts")
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[OfferedJob]:
        found: QuerySet[OfferedJob] = super().get_queryset(request).select_related("job__order")
        return found


@admin.register(Offer)
class OfferAdmin(ReadOnly):
    list_display = ("made_at", "store", "rider", "state", "is_broadcast", "pay", "answered_at", "why_not")
    list_select_related = ("store", "rider__user")
    list_filter = ("state", "is_broadcast", "store")
    search_fields = ("=offered__job__order__number", "rider__user__name")
    ordering = ("-made_at",)
    show_full_result_count = False
    fields = readonly_fields = (
        "store", "rider", "state", "is_broadcast", "pay", "made_at", "expires_at", "answered_at", "why_not",
    )  # fmt: skip
    inlines = (OfferJobsInline,)

    @admin.display(description="decline reason", ordering="decline_reason")
    def why_not(self, offer: Offer) -> str:
        return said(offer.decline_reason)

    @admin.display(description="pay", ordering="pay_paise")
    def pay(self, offer: Offer) -> str:
        return rupees(offer.pay_paise)


@admin.register(Earning)
class EarningAdmin(ReadOnly):
    list_display = ("at", "rider", "order_number", "total", "made_up_of")
    list_select_related = ("rider__user", "stop__job__order")
    list_filter = ("at", "rider__store")
    search_fields = ("rider__user__name", "=stop__job__order__number")
    ordering = ("-at",)
    show_full_result_count = False

    @admin.display(description="order")
    def order_number(self, earning: Earning) -> str:
        return earning.stop.job.order.number

    @admin.display(description="paid", ordering="total_paise")
    def total(self, earning: Earning) -> str:
        return rupees(earning.total_paise)

    @admin.display(description="made up of")
    def made_up_of(self, earning: Earning) -> str:
        return ", ".join(f"{PARTS.get(name, name)} {rupees(paise)}" for name, paise in earning.parts.items() if paise)


from delivery import cash_admin as cash_admin  # noqa: E402
from delivery import pay_admin as pay_admin  # noqa: E402
from delivery import road_admin as road_admin  # noqa: E402
