"""Pay in Django Admin: policies and campaigns are written, never changed once they have begun; statements are looked
at; deductions and reviews go through the services and ask twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from unfold.admin import ModelAdmin

from blinkit.kernel.admin import ReadOnly
from blinkit.kernel.errors import Refusal
from blinkit.kernel.money import rupees
from delivery.models import (
    Adjustment,
    Campaign,
    CampaignReward,
    CashLimit,
    CashReceipt,
    Deduction,
    PayPolicy,
    PayReview,
    PaySurge,
    RiderScore,
    WeekStatement,
)
from delivery.services import deductions
from orders.stars import MINIMUM_RATINGS


class BegunStays(ModelAdmin):
    """What has begun is history: receipts point at it."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.starts_at > timezone.now())

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is not None and super().has_delete_permission(request, obj) and obj.starts_at > timezone.now()


class FromNowOn(forms.ModelForm[Any]):
    """A new row never begins in the past: what was paid stays paid as it was."""

    def clean_starts_at(self) -> Any:
        starts_at = self.cleaned_data["starts_at"]
        if starts_at is not None and starts_at < timezone.now():
            raise forms.ValidationError("It has to begin later than now.")
        return starts_at


@admin.register(PayPolicy)
class PayPolicyAdmin(BegunStays):
    form = FromNowOn
    list_display = ("where", "starts_at", "base", "per_km", "long_distance", "waiting", "hour_least", "note")
    list_select_related = ("city",)
    list_filter = ("city",)
    ordering = ("-starts_at",)

    @admin.display(description="where", ordering="city")
    def where(self, policy: PayPolicy) -> str:
        return str(policy.city or "Everywhere")

    @admin.display(description="base · next stop")
    def base(self, policy: PayPolicy) -> str:
        return f"{rupees(policy.base_paise)} · {rupees(policy.next_base_paise)}"

    @admin.display(description="per km")
    def per_km(self, policy: PayPolicy) -> str:
        return f"{rupees(policy.per_km_paise)} beyond {policy.first_metres} m"

    @admin.display(description="long distance")
    def long_distance(self, policy: PayPolicy) -> str:
        return f"+{rupees(policy.long_per_km_paise)} beyond {policy.long_from_metres} m"

    @admin.display(description="waiting")
    def waiting(self, policy: PayPolicy) -> str:
        return f"{rupees(policy.wait_per_min_paise)} a minute beyond {policy.wait_free_s // 60} min"

    @admin.display(description="an hour at least")
    def hour_least(self, policy: PayPolicy) -> str:
        return rupees(policy.hour_least_paise) if policy.hour_least_paise else "–"


@admin.register(PaySurge)
class PaySurgeAdmin(ModelAdmin):
    """What an offer said stays paid, also when its window is taken away."""

    list_display = ("reason", "kind", "more", "city", "store", "weekdays", "from_time", "until_time", "ends_at")
    list_select_related = ("city", "store")
    list_filter = ("kind", "city", "store")

    @admin.display(description="more", ordering="paise")
    def more(self, surge: PaySurge) -> str:
        return rupees(surge.paise)


@admin.register(Campaign)
class CampaignAdmin(BegunStays):
    form = FromNowOn
    list_display = ("name", "deliveries", "reward", "city", "store", "vehicle", "starts_at", "ends_at")
    list_select_related = ("city", "store")
    list_filter = ("city", "store", "vehicle")
    ordering = ("-ends_at",)

    @admin.display(description="reward", ordering="reward_paise")
    def reward(self, campaign: Campaign) -> str:
        return rupees(campaign.reward_paise)


@admin.register(CampaignReward)
class CampaignRewardAdmin(ReadOnly):
    list_display = ("earned_at", "rider", "campaign", "amount")
    list_select_related = ("rider__user", "campaign")
    list_filter = ("earned_at",)
    ordering = ("-earned_at",)
    show_full_result_count = False

    @admin.display(description="paid")
    def amount(self, reward: CampaignReward) -> str:
        return rupees(reward.amount_paise)


class GiveForm(forms.ModelForm[Adjustment]):
    rupees = forms.DecimalField(min_value=1, max_value=deductions.MOST_PAISE // 100, max_digits=7, decimal_places=2)

    class Meta:
        model = Adjustment
        fields = ("rider", "reason", "key")
        help_texts = {"key": "A word for this gift: the same word gives it once."}


@admin.register(Adjustment)
class AdjustmentAdmin(ReadOnly):
    """Added through the service, never changed."""

    form = GiveForm
    list_display = ("at", "rider", "amount", "reason", "actor")
    list_select_related = ("rider__user",)
    search_fields = ("rider__user__name", "=rider__user__phone")
    autocomplete_fields = ("rider",)
    ordering = ("-at",)
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("delivery.add_adjustment"))

    def save_model(self, request: HttpRequest, obj: Adjustment, form: Any, change: bool) -> None:
        made = deductions.adjust(
            rider_id=obj.rider_id,
            amount_paise=int(form.cleaned_data["rupees"] * 100),
            reason=obj.reason,
            key=obj.key,
            actor=f"user:{request.user.pk}",
            now=timezone.now(),
        )
        obj.pk, obj.amount_paise = made.pk, made.amount_paise

    @admin.display(description="amount", ordering="amount_paise")
    def amount(self, one: Adjustment) -> str:
        return rupees(one.amount_paise)


class AskForm(forms.ModelForm[Deduction]):
    rupees = forms.DecimalField(
        min_value=1,
        max_value=deductions.MOST_PAISE // 100,
        max_digits=7,
        decimal_places=2,
        help_text="The rider is told at once and may dispute it for seven days; before that nothing is taken.",
    )

    class Meta:
        model = Deduction
        fields = ("rider", "reason", "evidence")


class WhyForm(forms.Form):
    words = forms.CharField(max_length=160, label="Why (the rider reads it)")


class FoundForm(forms.Form):
    rupees = forms.DecimalField(
        min_value=0, max_value=deductions.MOST_PAISE // 100, max_digits=7, decimal_places=2, label="Rupees given"
    )
    words = forms.CharField(max_length=160, label="What you found (the rider reads it)")


class Decides(ReadOnly):
    """Rows that a person decides, with a reason, after a second page that names the effect."""

    def decide(
        self,
        request: HttpRequest,
        queryset: QuerySet[Any],
        *,
        action: str,
        effect: str,
        button: str,
        form_class: type[forms.Form],
        act: Callable[[Any, dict[str, Any]], Any],
    ) -> HttpResponse | None:
        form = form_class(request.POST if "confirmed" in request.POST else None)
        chosen = queryset.select_related("rider__user").order_by("pk")
        if form.is_valid():
            for one in chosen:
                try:
                    act(one, form.cleaned_data)
                except Refusal as refusal:
                    self.message_user(request, f"{one}: {refusal.detail}", messages.ERROR)
                else:
                    self.message_user(request, f"{one}: done.", messages.SUCCESS)
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": button,
            "opts": self.model._meta,
            "form": form,
            "chosen": chosen,
            "effect": effect,
            "button": button,
            "action": action,
            "checkbox": ACTION_CHECKBOX_NAME,
        }
        return render(request, "delivery/admin_decide.html", context)


@admin.register(Deduction)
class DeductionAdmin(Decides):
    """Asked for here; the rider hears of it. Who asked does not uphold it."""

    form = AskForm
    list_display = ("told_at", "rider", "amount", "reason", "state", "dispute", "dispute_until", "counted_on")
    list_select_related = ("rider__user", "statement")
    list_filter = ("state", "told_at")
    search_fields = ("rider__user__name", "=rider__user__phone")
    autocomplete_fields = ("rider",)
    ordering = ("-told_at",)
    show_full_result_count = False
    actions = ("uphold", "drop")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("delivery.add_deduction"))

    def has_work_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("delivery.decide_deduction"))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_view_permission(request, obj) or self.has_work_permission(request)

    def save_model(self, request: HttpRequest, obj: Deduction, form: Any, change: bool) -> None:
        made = deductions.ask_deduction(
            rider_id=obj.rider_id,
            amount_paise=int(form.cleaned_data["rupees"] * 100),
            reason=obj.reason,
            evidence=obj.evidence,
            actor=f"user:{request.user.pk}",
            now=timezone.now(),
        )
        obj.pk, obj.amount_paise = made.pk, made.amount_paise

    @admin.display(description="amount", ordering="amount_paise")
    def amount(self, one: Deduction) -> str:
        return rupees(one.amount_paise)

    @admin.display(description="counted on")
    def counted_on(self, one: Deduction) -> str:
        return str(one.statement or "–")

    @admin.action(description="Uphold what was disputed…", permissions=["work"])
    def uphold(self, request: HttpRequest, queryset: QuerySet[Deduction]) -> Any:
        return self._decide(request, queryset, counts=True)

    @admin.action(description="Drop…", permissions=["work"])
    def drop(self, request: HttpRequest, queryset: QuerySet[Deduction]) -> Any:
        return self._decide(request, queryset, counts=False)

    def _decide(self, request: HttpRequest, queryset: QuerySet[Deduction], *, counts: bool) -> Any:
        return self.decide(
            request,
            queryset,
            action="uphold" if counts else "drop",
            effect="They are taken off the next statement." if counts else "Nothing is taken.",
            button="Uphold" if counts else "Drop",
            form_class=WhyForm,
            act=lambda one, given: deductions.decide_deduction(
                deduction_id=one.pk,
                counts=counts,
                words=given["words"],
                actor=f"user:{request.user.pk}",
                now=timezone.now(),
            ),
        )


@admin.register(PayReview)
class PayReviewAdmin(Decides):
    list_display = ("opened_at", "kind", "rider", "what", "closed_at", "given", "outcome")
    list_select_related = ("rider__user",)
    list_filter = (("closed_at", admin.EmptyFieldListFilter), "kind")
    ordering = ("-opened_at",)
    show_full_result_count = False
    actions = ("close",)

    def has_work_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("delivery.close_payreview"))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_view_permission(request, obj) or self.has_work_permission(request)

    @admin.display(description="what")
    def what(self, review: PayReview) -> str:
        return ", ".join(
            f"{name.replace('_paise', '').replace('_', ' ')} {rupees(value) if name.endswith('_paise') else value}"
            for name, value in review.facts.items()
        )

    @admin.display(description="given", ordering="given_paise")
    def given(self, review: PayReview) -> str:
        return rupees(review.given_paise) if review.closed_at else "–"

    @admin.action(description="Decide…", permissions=["work"])
    def close(self, request: HttpRequest, queryset: QuerySet[PayReview]) -> Any:
        return self.decide(
            request,
            queryset,
            action="close",
            effect="So much is added to the rider's running week (0: nothing). Nothing is ever taken off here.",
            button="Decide",
            form_class=FoundForm,
            act=lambda one, given: deductions.close_review(
                review_id=one.pk,
                give_paise=int(given["rupees"] * 100),
                outcome=given["words"],
                actor=f"user:{request.user.pk}",
                now=timezone.now(),
            ),
        )


@admin.register(WeekStatement)
class WeekStatementAdmin(ReadOnly):
    list_display = ("number", "rider", "week", "deliveries", "earned", "tips", "targets", "deducted", "payout")
    list_select_related = ("rider__user",)
    list_filter = ("week", "rider__store")
    search_fields = ("rider__user__name", "=rider__user__phone")
    ordering = ("-week", "-payout_paise")
    show_full_result_count = False

    @admin.display(description="earned")
    def earned(self, one: WeekStatement) -> str:
        return rupees(one.earned_paise + one.added_paise)

    @admin.display(description="tips")
    def tips(self, one: WeekStatement) -> str:
        return rupees(one.tips_paise)

    @admin.display(description="targets")
    def targets(self, one: WeekStatement) -> str:
        return rupees(one.targets_paise)

    @admin.display(description="deducted")
    def deducted(self, one: WeekStatement) -> str:
        return rupees(one.deducted_paise)

    @admin.display(description="paid out", ordering="payout_paise")
    def payout(self, one: WeekStatement) -> str:
        return rupees(one.payout_paise)


@admin.register(CashLimit)
class CashLimitAdmin(ModelAdmin):
    list_display = ("whose", "limit")
    list_select_related = ("city", "rider__user")
    autocomplete_fields = ("rider",)

    @admin.display(description="whose")
    def whose(self, one: CashLimit) -> str:
        return str(one.rider or one.city or "Everywhere")

    @admin.display(description="limit", ordering="cash_limit_paise")
    def limit(self, one: CashLimit) -> str:
        return rupees(one.cash_limit_paise)


@admin.register(CashReceipt)
class CashReceiptAdmin(ReadOnly):
    list_display = ("number", "at", "rider", "way", "amount", "key", "actor")
    list_select_related = ("rider__user",)
    list_filter = ("way", "at")
    search_fields = ("=key", "rider__user__name", "=rider__user__phone")
    ordering = ("-pk",)
    show_full_result_count = False

    @admin.display(description="amount", ordering="amount_paise")
    def amount(self, one: CashReceipt) -> str:
        return rupees(one.amount_paise)


@admin.register(RiderScore)
class RiderScoreAdmin(ReadOnly):
    """For looking only: nothing follows from a score by itself."""

    list_display = ("rider", "store", "score", "rating_count")
    list_select_related = ("user", "store")
    list_filter = ("store",)
    search_fields = ("user__name", "=user__phone")
    ordering = ("-rating_count",)
    show_full_result_count = False

    @admin.display(description="rider")
    def rider(self, one: RiderScore) -> str:
        return str(one)

    @admin.display(description="score")
    def score(self, one: RiderScore) -> str:
        stars = one.score.stars
        return f"{stars}" if stars is not None else f"from {MINIMUM_RATINGS} ratings on"
