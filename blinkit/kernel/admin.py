from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import ModelAdmin, TabularInline

from blinkit.kernel import delivery
from blinkit.kernel.models import Event, Receipt


class ReadOnly(ModelAdmin):
    """Ledgers are looked at, never edited."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyInline(TabularInline):
    """Rows on the page of what they belong to: looked at, never edited."""

    extra = 0
    max_num = 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Event)
class EventAdmin(ReadOnly):
    list_display = ("id", "at", "code", "subject", "actor", "handed_out_at")
    list_filter = (("handed_out_at", admin.EmptyFieldListFilter),)
    search_fields = ("=subject", "=code", "=actor")
    search_help_text = "The whole subject (order:…, user:12), code (orders.OrderMoved) or actor."
    ordering = ("-id",)
    show_full_result_count = False


@admin.register(Receipt)
class ReceiptAdmin(ReadOnly):
    list_display = ("id", "event", "handler", "done_at", "attempts", "next_try_at", "short_error")
    list_filter = (("done_at", admin.EmptyFieldListFilter),)
    list_select_related = ("event",)
    search_fields = ("=handler", "=event__subject")
    ordering = ("-id",)
    show_full_result_count = False
    actions = ("retry_now",)

    @admin.display(description="last error")
    def short_error(self, receipt: Receipt) -> str:
        return receipt.last_error[:80]

    @admin.action(description="Run the failed reactions again now")
    def retry_now(self, request: HttpRequest, queryset: QuerySet[Receipt]) -> None:
        asked = queryset.filter(done_at=None)
        wanted = asked.count()
        done = delivery.retry(receipt_ids=list(asked.values_list("pk", flat=True)), now=timezone.now())
        level = messages.SUCCESS if done == wanted else messages.WARNING
        self.message_user(request, f"{done} of {wanted} reactions are done now.", level)
