"""Synonyms, and searches that found nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import path
from django.utils import timezone
from unfold.admin import ModelAdmin

from blinkit.kernel.admin import ReadOnly
from blinkit.kernel.errors import Refusal
from catalog import services
from catalog.mining import failed_groups
from catalog.models import SearchLog, Synonym
from catalog.search.folding import fold

MOST_SPELLINGS = 20


@admin.register(Synonym)
class SynonymAdmin(ModelAdmin):
    list_display = ("term", "means", "is_approved")
    list_filter = ("is_approved",)
    search_fields = ("term", "means")
    ordering = ("term",)
    actions = ("approve", "withdraw")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # the next update would bring it back: withdraw it instead

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.term, obj.means = fold(obj.term), fold(obj.means)
        super().save_model(request, obj, form, change)
        services.synonyms_changed()

    @admin.action(description="Approve", permissions=["change"])
    def approve(self, request: HttpRequest, queryset: QuerySet[Synonym]) -> None:
        self._approve(request, queryset, approved=True)

    @admin.action(description="Withdraw", permissions=["change"])
    def withdraw(self, request: HttpRequest, queryset: QuerySet[Synonym]) -> None:
        self._approve(request, queryset, approved=False)

    def _approve(self, request: HttpRequest, queryset: QuerySet[Synonym], *, approved: bool) -> None:
        ids = list(queryset.values_list("pk", flat=True))
        services.approve_synonyms(synonym_ids=ids, approved=approved)
        self.message_user(request, f"{len(ids)} synonyms {'approved' if approved else 'withdrawn'}.")


class FoundNothing(admin.SimpleListFilter):
    title = "outcome"
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("nothing", "Found nothing"), ("few", "Found 1 to 3")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[SearchLog]) -> QuerySet[SearchLog]:
        if self.value() == "nothing":
            return queryset.filter(results=0)
        if self.value() == "few":
            return queryset.filter(results__range=(1, 3))
        return queryset


@admin.register(SearchLog)
class SearchLogAdmin(ReadOnly):
    list_display = ("at", "query", "results", "store")
    list_select_related = ("store",)
    list_filter = (FoundNothing, "store")
    search_fields = ("query",)
    ordering = ("results", "-at")
    show_full_result_count = False
    list_before_template = "catalog/admin_failed_searches.html"

    def get_urls(self) -> list[Any]:
        own = [path("mend/", self.admin_site.admin_view(self.mend), name="catalog_searchlog_mend")]
        return own + super().get_urls()

    def mend(self, request: HttpRequest) -> HttpResponse:
        """One click of the failed-search list: `term` (all its spellings) means `means`, or is dismissed."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not request.user.has_perm("catalog.add_synonym"):
            raise PermissionDenied
        terms = [term for term in request.POST.getlist("term")[:MOST_SPELLINGS] if term.strip()]
        means = request.POST.get("means", "")
        try:
            if request.POST.get("dismiss"):
                for term in terms:
                    services.dismiss_search(text=term)
                self.message_user(request, f"{', '.join(terms)}: off the list.")
            else:
                for term in terms:
                    services.mend_search(term=term, means=means)
                self.message_user(request, f"{', '.join(terms)} now finds {means}.")
        except Refusal as refusal:
            self.message_user(request, refusal.detail, level=messages.ERROR)
        return redirect("admin:catalog_searchlog_changelist")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        failed = failed_groups(since=timezone.now() - timedelta(days=30))
        may_mend = request.user.has_perm("catalog.add_synonym")
        return super().changelist_view(
            request, {**(extra_context or {}), "failed_searches": failed, "may_mend": may_mend}
        )
