"""Customers and cash in Django Admin: the level, why, and a person's word instead of the rules for a time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import render
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from blinkit.kernel.admin import ReadOnly, ReadOnlyInline
from blinkit.kernel.errors import Refusal
from blinkit.kernel.money import rupees
from orders import services
from orders.queries.trusting import trust_of
from orders.trust import Level
from orders.trusted import CustomerTrust, TrustOverride

RULES_DECIDE = "rules"


class SetLevel(forms.Form):
    """Asked before a level is set by hand."""

    level = forms.ChoiceField(
        choices=[(RULES_DECIDE, "Let the rules decide again"), *((level.value, level.value) for level in Level)]
    )
    days = forms.IntegerField(min_value=1, max_value=365, initial=30, label="For so many days")
    reason = forms.CharField(max_length=160)


class OverrideInline(ReadOnlyInline):
    model = TrustOverride
    fields = readonly_fields = ("level", "reason", "until", "actor", "made_at")
    ordering = ("-id",)


@admin.register(CustomerTrust)
class CustomerTrustAdmin(ReadOnly):
    list_display = ("phone", "name", "joined_at", "set_by_hand")
    search_fields = ("phone", "name")
    search_help_text = "Phone or name."
    ordering = ("-joined_at",)
    show_full_result_count = False
    fields = readonly_fields = ("phone", "name", "joined_at", "level", "why", "limit", "facts")
    inlines = (OverrideInline,)
    actions = ("set_level",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[CustomerTrust]:
        return super().get_queryset(request).prefetch_related("trust_overrides")

    def has_work_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("orders.set_trust"))

    @admin.display(description="set by hand")
    def set_by_hand(self, person: CustomerTrust) -> str:
        now = timezone.now()
        running = [one for one in person.trust_overrides.all() if one.until > now]
        return str(max(running, key=lambda one: one.pk)) if running else ""

    @admin.display(description="level")
    def level(self, person: CustomerTrust) -> str:
        known = trust_of(customer_id=person.pk, now=timezone.now())
        return f"{known.level} (set by hand; the rules say {known.judged.level})" if known.override else known.level

    @admin.display(description="why")
    def why(self, person: CustomerTrust) -> str:
        known = trust_of(customer_id=person.pk, now=timezone.now())
        return known.override_reason if known.override else ", ".join(known.judged.why)

    @admin.display(description="cash up to")
    def limit(self, person: CustomerTrust) -> str:
        level = trust_of(customer_id=person.pk, now=timezone.now()).level
        return f"{rupees(settings.ORDER_COD_LIMITS_PAISE[level.value])}, or what the city allows when that is less"

    @admin.display(description="what the house has seen")
    def facts(self, person: CustomerTrust) -> SafeString:
        seen = trust_of(customer_id=person.pk, now=timezone.now()).history
        rows = (
            ("Orders delivered", seen.delivered),
            ("Cash orders taken at the door, 180 days", seen.cash_taken),
            ("Cash orders not taken at the door, 180 days", seen.cash_refused),
            ("Account, days", seen.account_days),
            ("Phone verified by a code", "yes" if seen.phone_verified else "no"),
            ("Score of the claims, 0 to 100", seen.claims_score),
        )
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}: <b>{}</b></li>", rows))

    @admin.action(description="Set the level by hand…", permissions=["work"])
    def set_level(self, request: HttpRequest, queryset: QuerySet[CustomerTrust]) -> Any:
        """Asks which, why and for how long; written down with who did it."""
        chosen = list(queryset.order_by("pk"))
        form = SetLevel(request.POST if "confirmed" in request.POST else None)
        if form.is_valid():
            self._set(request, chosen, **form.cleaned_data)
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": "How far are they trusted with cash?",
            "opts": self.model._meta,
            "form": form,
            "chosen": chosen,
            "checkbox": ACTION_CHECKBOX_NAME,
        }
        return render(request, "orders/admin_trust.html", context)

    def _set(self, request: HttpRequest, chosen: list[CustomerTrust], *, level: str, days: int, reason: str) -> None:
        now, actor = timezone.now(), f"user:{request.user.pk}"
        for person in chosen:
            try:
                if level == RULES_DECIDE:
                    services.end_trust(customer_id=person.pk, reason=reason, actor=actor, now=now)
                else:
                    until = now + timedelta(days=days)
                    services.set_trust(
                        customer_id=person.pk, level=level, reason=reason, until=until, actor=actor, now=now
                    )
            except Refusal as refusal:
                self.message_user(request, f"{person}: {refusal.detail}", messages.ERROR)
            else:
                self.message_user(request, f"{person}: done.", messages.SUCCESS)
