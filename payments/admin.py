"""Money in Django Admin: everything can be looked at, nothing edited; stuck refunds and webhooks can be tried again."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from blinkit.kernel.admin import ReadOnly, ReadOnlyInline
from blinkit.kernel.errors import Refusal
from blinkit.kernel.money import rupees
from payments import admin_gateways as admin_gateways
from payments import admin_payouts as admin_payouts
from payments import admin_settlement as admin_settlement
from payments import admin_wallet as admin_wallet
from payments import services
from payments.models import Account, Attempt, Entry, Payment, Refund, RefundState, Transfer, WebhookReceipt
from payments.statements import statement_of


class AttemptInline(ReadOnlyInline):
    model = Attempt
    fields = readonly_fields = ("gateway", "instrument", "state", "captured", "decline_reason", "created_at")
    show_change_link = True

    @admin.display(description="captured")
    def captured(self, attempt: Attempt) -> str:
        return rupees(attempt.captured_paise)


class RefundInline(ReadOnlyInline):
    model = Refund
    fields = readonly_fields = ("amount", "reason", "state", "tries", "next_try_at", "created_at", "done_at")
    show_change_link = True

    @admin.display(description="amount")
    def amount(self, refund: Refund) -> str:
        return rupees(refund.amount_paise)


class WebhookInline(ReadOnlyInline):
    model = WebhookReceipt
    fields = readonly_fields = ("received_at", "kind", "event_id", "processed_at", "outcome")
    show_change_link = True


class EntryInline(ReadOnlyInline):
    model = Entry
    fields = readonly_fields = ("account", "debit", "credit")

    @admin.display(description="debit")
    def debit(self, entry: Entry) -> str:
        return rupees(entry.amount_paise) if entry.amount_paise > 0 else ""

    @admin.display(description="credit")
    def credit(self, entry: Entry) -> str:
        return rupees(-entry.amount_paise) if entry.amount_paise < 0 else ""


@admin.register(Payment)
class PaymentAdmin(ReadOnly):
    list_display = ("id", "customer", "method", "state", "amount", "captured", "refunded", "created_at")
    list_select_related = ("customer",)
    list_filter = ("state", "method", "created_at")
    search_fields = ("=id", "=ref", "customer__phone", "=attempts__gateway_ref")
    search_help_text = "A payment's or order's whole id, a phone number, or the gateway's reference."
    ordering = ("-id",)
    show_full_result_count = False
    inlines = (AttemptInline, RefundInline)
    change_form_template = "payments/admin_payment.html"
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "customer",
                    "ref",
                    "purpose",
                    "method",
                    "state",
                    "amount",
                    "captured",
                    "refunded",
                    "wallet",
                    "due_by",
                )
            },
        ),
        ("In words", {"fields": ("in_words", "messages_received")}),
    )
    readonly_fields = ("amount", "captured", "refunded", "wallet", "in_words", "messages_received")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        payment = self.get_object(request, object_id)
        more = {} if payment is None else {"money": statement_of(payment.ref)}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **more})

    @admin.display(description="amount", ordering="amount_paise")
    def amount(self, payment: Payment) -> str:
        return rupees(payment.amount_paise)

    @admin.display(description="captured", ordering="captured_paise")
    def captured(self, payment: Payment) -> str:
        return rupees(payment.captured_paise)

    @admin.display(description="refunded", ordering="refunded_paise")
    def refunded(self, payment: Payment) -> str:
        return rupees(payment.refunded_paise)

    @admin.display(description="wallet")
    def wallet(self, payment: Payment) -> str:
        if not payment.wallet_paise:
            return "Not used"
        return f"{rupees(payment.wallet_paise)} paid, {rupees(payment.wallet_returned_paise)} of it back"

    @admin.display(description="statement")
    def in_words(self, payment: Payment) -> SafeString:
        lines = services.statement(payment.ref)
        rows = format_html_join(
            "",
            '<li class="mb-1">{} · {} <b>{}</b></li>',
            (
                (
                    timezone.localtime(line.at).strftime("%d %b %H:%M:%S"),
                    line.text,
                    rupees(line.amount_paise) if line.amount_paise else "",
                )
                for line in lines
            ),
        )
        return format_html("<ol>{}</ol>", rows or "Nothing has happened yet.")

    @admin.display(description="webhooks")
    def messages_received(self, payment: Payment) -> SafeString:
        found = WebhookReceipt.objects.filter(attempt__payment=payment).order_by("id")
        rows = format_html_join(
            "",
            '<li class="mb-1">{} · {} · {} · {}</li>',
            (
                (
                    timezone.localtime(w.received_at).strftime("%d %b %H:%M:%S"),
                    w.kind,
                    w.event_id,
                    w.outcome or "waiting",
                )
                for w in found
            ),
        )
        return format_html("<ol>{}</ol>", rows or "None.")


@admin.register(Attempt)
class AttemptAdmin(ReadOnly):
    list_display = ("id", "payment", "gateway", "instrument", "state", "gateway_ref", "created_at", "settled_at")
    list_filter = ("state", "gateway")
    list_select_related = ("payment",)
    search_fields = ("=id", "=payment__id", "=payment__ref", "=gateway_ref")
    ordering = ("-created_at",)
    show_full_result_count = False
    inlines = (WebhookInline,)


@admin.register(Refund)
class RefundAdmin(ReadOnly):
    list_display = ("id", "payment", "amount", "reason", "state", "tries", "next_try_at", "created_at", "done_at")
    list_filter = ("state",)
    list_select_related = ("payment",)
    search_fields = ("=id", "=payment__id", "=payment__ref", "=gateway_ref", "=key")
    ordering = ("-created_at",)
    show_full_result_count = False
    actions = ("retry",)

    @admin.display(description="amount", ordering="amount_paise")
    def amount(self, refund: Refund) -> str:
        return rupees(refund.amount_paise)

    def has_work_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("payments.change_refund"))

    @admin.action(description="Send to the gateway now", permissions=["work"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Refund]) -> None:
        unfinished = queryset.exclude(state=RefundState.DONE).order_by("pk")
        sent = 0
        for refund in unfinished:
            services.retry_refund(refund_id=refund.pk, now=timezone.now())
            refund.refresh_from_db()
            sent += refund.state in (RefundState.SENT, RefundState.DONE)
        level = messages.SUCCESS if sent == len(unfinished) else messages.WARNING
        self.message_user(request, f"{sent} of {len(unfinished)} refunds are with the gateway now.", level)


@admin.register(WebhookReceipt)
class WebhookReceiptAdmin(ReadOnly):
    list_display = ("id", "gateway", "kind", "event_id", "received_at", "processed_at", "tries", "outcome")
    list_filter = ("gateway", "kind", ("processed_at", admin.EmptyFieldListFilter))
    search_fields = ("=event_id", "=attempt__payment__ref")
    ordering = ("-id",)
    show_full_result_count = False
    actions = ("process_now",)

    def has_work_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("payments.change_webhookreceipt"))

    @admin.action(description="Process now what waits", permissions=["work"])
    def process_now(self, request: HttpRequest, queryset: QuerySet[WebhookReceipt]) -> None:
        for receipt in queryset.filter(processed_at=None).order_by("pk"):
            try:
                outcome = services.retry_webhook(receipt_id=receipt.pk, now=timezone.now())
            except Refusal as refusal:
                self.message_user(request, f"{receipt.event_id}: {refusal.detail}", messages.ERROR)
            else:
                self.message_user(request, f"{receipt.event_id}: {outcome}.", messages.SUCCESS)


@admin.register(Account)
class AccountAdmin(ReadOnly):
    list_display = ("code", "kind", "balance")
    list_filter = ("kind",)
    search_fields = ("code",)
    ordering = ("code",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Account]:
        return super().get_queryset(request).annotate(total=Sum("entries__amount_paise"))

    @admin.display(description="balance (debit positive)", ordering="total")
    def balance(self, account: Any) -> str:
        return rupees(account.total or 0)


@admin.register(Transfer)
class TransferAdmin(ReadOnly):
    list_display = ("id", "at", "kind", "amount", "ref", "memo", "key")
    list_filter = ("kind", "at")
    search_fields = ("=ref", "=key", "=entries__account__code")
    search_help_text = "An order's whole id, a key, or an account's whole code."
    ordering = ("-id",)
    show_full_result_count = False
    inlines = (EntryInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Transfer]:
        return super().get_queryset(request).prefetch_related("entries")

    @admin.display(description="amount")
    def amount(self, transfer: Transfer) -> str:
        return rupees(sum(max(entry.amount_paise, 0) for entry in transfer.entries.all()))
