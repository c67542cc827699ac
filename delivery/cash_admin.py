"""Cash in hand in Django Admin: which rider carries how much, and handing it in against a receipt."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from blinkit.kernel.admin import ReadOnly
from blinkit.kernel.errors import Refusal
from blinkit.kernel.money import rupees
from catalog.models import StoreMembership
from delivery.cash import CashInHand
from delivery.services import cashing
from payments import queries as books
from payments.services.cash import RECEIPT_LENGTH

MOST_RUPEES = 1_000_000


class HandIn(forms.Form):
    amount = forms.DecimalField(
        label="Rupees, as counted", min_value=1, max_value=MOST_RUPEES, max_digits=9, decimal_places=2
    )
    receipt = forms.CharField(label="Receipt number", max_length=RECEIPT_LENGTH)
    said = forms.DecimalField(
        label="Rupees, as the rider said (only when it differs)",
        required=False,
        min_value=1,
        max_value=MOST_RUPEES,
        max_digits=9,
        decimal_places=2,
    )

    @property
    def paise(self) -> int:
        return int(self.cleaned_data["amount"] * 100)

    @property
    def said_paise(self) -> int | None:
        said = self.cleaned_data.get("said")
        return None if said is None else int(said * 100)


def at_own_stores(request: HttpRequest, riders: QuerySet[CashInHand]) -> QuerySet[CashInHand]:
    """Who works at stores sees the riders of these; who works at none (the office) sees all."""
    stores = list(StoreMembership.objects.filter(user_id=int(request.user.pk or 0)).values_list("store_id", flat=True))
    return riders.filter(store_id__in=stores) if stores and not request.user.is_superuser else riders


class CarriesFilter(admin.SimpleListFilter):
    title = "cash"
    parameter_name = "cash"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("all", "Every rider")]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        return [{**first, "display": "Carry cash"}, *others]

    def queryset(self, request: HttpRequest, queryset: QuerySet[CashInHand]) -> QuerySet[CashInHand]:
        if self.value() == "all":
            return queryset
        carries: QuerySet[CashInHand] = queryset.alias(cash=books.cash_by_rider("pk")).filter(
            ~Q(cash=0), cash__isnull=False
        )
        return carries


@admin.register(CashInHand)
class CashInHandAdmin(ReadOnly):
    """A rider's page takes the cash: who may not do that only sees how much it is."""

    list_display = ("rider", "phone", "store", "in_hand")
    list_select_related = ("user", "store")
    list_filter = (CarriesFilter, "store")
    search_fields = ("user__name", "=user__phone")
    search_help_text = "Name, or the whole phone number (+91…)."
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[CashInHand]:
        found: QuerySet[CashInHand] = at_own_stores(request, super().get_queryset(request))
        return found.annotate(in_hand_paise=books.cash_by_rider("pk"))

    def get_ordering(self, request: HttpRequest) -> Any:
        return (F("in_hand_paise").desc(nulls_last=True), "pk")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_view_permission(request, obj) or self.has_work_permission(request)

    def has_work_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("delivery.hand_in_cash"))

    @admin.display(description="rider", ordering="user__name")
    def rider(self, rider: CashInHand) -> str:
        return str(rider)

    @admin.display(description="phone")
    def phone(self, rider: CashInHand) -> str:
        return rider.user.phone

    @admin.display(description="in hand", ordering="in_hand_paise")
    def in_hand(self, rider: CashInHand) -> str:
        return rupees(getattr(rider, "in_hand_paise", 0) or 0)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """“Hand in cash…” asks twice: the second page names whose, how much and which receipt."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        pk = int(object_id) if object_id.isascii() and object_id.isdigit() and len(object_id) < 10 else 0
        own = at_own_stores(request, CashInHand.objects.select_related("user", "store"))
        rider = get_object_or_404(own, pk=pk)
        form = HandIn(request.POST or None)
        if request.method == "POST":
            if not self.has_work_permission(request):
                raise PermissionDenied
            if form.is_valid() and "confirmed" in request.POST and self._take(request, rider, form):
                return redirect("admin:delivery_cashinhand_changelist")
        in_hand = books.cash_in_hand(rider.pk)
        asked = form.is_bound and form.is_valid()
        context = {
            **self.admin_site.each_context(request),
            "title": f"Cash of {rider}",
            "opts": self.model._meta,
            "rider": rider,
            "form": form,
            "asked": asked,
            "may": self.has_work_permission(request),
            "in_hand_paise": in_hand,
            "amount_paise": form.paise if asked else 0,
            "differs_paise": form.said_paise - form.paise if asked and form.said_paise else 0,
            "left_paise": in_hand - form.paise if asked else in_hand,
            "hand_ins": books.hand_ins(rider.pk),
        }
        return render(request, "delivery/admin_cash.html", context)

    def _take(self, request: HttpRequest, rider: CashInHand, form: HandIn) -> bool:
        try:
            receipt = cashing.take_at_desk(
                rider_id=rider.pk,
                amount_paise=form.paise,
                said_paise=form.said_paise,
                paper=form.cleaned_data["receipt"],
                actor=f"user:{request.user.pk}",
                now=timezone.now(),
            )
        except Refusal as refusal:
            form.add_error(None, refusal.detail)
            return False
        left = rupees(books.cash_in_hand(rider.pk))
        paper = form.cleaned_data["receipt"]
        words = f"{rupees(form.paise)} of {rider} are handed in against {paper}; {left} in hand."
        self.message_user(request, f"{words} Receipt {receipt.number}.", messages.SUCCESS)
        return True
