"""Words are edited here; messages are looked at, and sent again through the service."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import ModelAdmin

from blinkit.kernel.admin import ReadOnly
from blinkit.kernel.errors import Refusal
from notifications import services, words
from notifications.models import Message, Preference, Template
from notifications.templates_default import PLACEHOLDERS


class TemplateForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    class Meta:
        model = Template
        fields = ("code", "channel", "language", "subject", "body", "is_active")

    def clean(self) -> dict[str, Any]:
        """A word nobody fills in would leave a hole in the sentence."""
        cleaned = super().clean() or {}
        known = PLACEHOLDERS.get(cleaned.get("code") or self.instance.code)
        if known is not None:
            used = words.placeholders(f"{cleaned.get('subject', '')} {cleaned.get('body', '')}")
            if unknown := sorted(used - known):
                raise forms.ValidationError(
                    f"Nothing fills in {', '.join(unknown)}. There are: {', '.join(sorted(known))}."
                )
        return cleaned


@admin.register(Template)
class TemplateAdmin(ModelAdmin):
    form = TemplateForm
    list_display = ("code", "channel", "language", "subject", "is_active")
    list_filter = ("channel", "language", "is_active", "code")
    search_fields = ("code", "subject", "body")
    ordering = ("code", "channel", "language")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("code", "channel", "language") if obj is not None else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # switch it off instead; a deleted one would come back with the next release

    def save_model(self, request: HttpRequest, obj: Template, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        words.forget()


@admin.register(Message)
class MessageAdmin(ReadOnly):
    list_display = ("created_at", "to", "channel", "template_code", "subject", "state", "attempts", "error")
    list_filter = ("state", "channel", "template_code", "created_at")
    list_select_related = ("user",)
    search_fields = ("=to", "=user__phone", "link")
    search_help_text = "The whole phone number or address, or part of a link (an order's id)."
    ordering = ("-created_at",)
    show_full_result_count = False
    actions = ("send_again",)
    fields = (
        *("created_at", "user", "to", "channel", "template_code", "subject", "shown_body", "link"),
        *("state", "attempts", "next_try_at", "sent_at", "provider_ref", "error", "key"),
    )

    @admin.display(description="body")
    def shown_body(self, message: Message) -> str:
        return services.BLANKED if message.is_secret and not settings.DEMO_MODE else message.body

    @admin.action(description="Send again")
    def send_again(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        done, refused = 0, ""
        for message in queryset.order_by("pk"):
            try:
                services.resend(message_id=message.pk, now=timezone.now())
                done += 1
            except Refusal as refusal:
                refused = refusal.detail
        self.message_user(request, f"{done} messages are sent again.", messages.SUCCESS if done else messages.WARNING)
        if refused:
            self.message_user(request, refused, messages.WARNING)


@admin.register(Preference)
class PreferenceAdmin(ReadOnly):
    list_display = ("user", "channel", "is_on")
    list_select_related = ("user",)
    list_filter = ("channel", "is_on")
    search_fields = ("user__phone", "user__name")
    show_full_result_count = False
