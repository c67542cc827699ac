"""API clients in Django Admin: made, their key shown once, revoked; a file of their stock; recalls, read only."""

from __future__ import annotations

import io
from collections import Counter
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminFileFieldWidget

from blinkit.kernel.admin import ReadOnly
from inventory import services
from inventory.models import ApiClient, Recall, SyncMessage
from inventory.services import clients
from inventory.syncfile import COLUMNS, NotThisFile, read

MOST_BYTES = 10 * 1024**2


class Upload(forms.Form):
    file = forms.FileField(
        label="CSV or JSON lines", widget=UnfoldAdminFileFieldWidget, help_text=f"Columns: {', '.join(COLUMNS)}."
    )


@admin.register(ApiClient)
class ApiClientAdmin(ModelAdmin):
    list_display = ("name", "key_start", "may_read", "may_write", "last_used_at", "revoked_at")
    list_filter = ("may_write", ("revoked_at", admin.EmptyFieldListFilter))
    search_fields = ("name", "=key_start")
    ordering = ("name",)
    fields = ("name", "may_read", "may_write", "stores", "per_minute", "key_start", "last_used_at", "revoked_at")
    readonly_fields = ("key_start", "last_used_at", "revoked_at")
    actions = ("revoke", "renew")
    change_form_outer_after_template = "inventory/admin_client_upload.html"

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # what it has said stays known: revoke it

    def has_work_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("inventory.change_apiclient"))

    def save_model(self, request: HttpRequest, obj: ApiClient, form: Any, change: bool) -> None:
        who = f"user:{request.user.pk}"
        if change:
            super().save_model(request, obj, form, change)
            if form.changed_data:
                clients.note_changed(client_id=obj.pk, actor=who)
            return
        made, key = clients.make_client(
            name=obj.name, store_ids=[], may_read=obj.may_read, may_write=obj.may_write, per_minute=obj.per_minute,
            actor=who, now=timezone.now(),
        )  # fmt: skip
        obj.pk, obj.created_at, obj._state = made.pk, made.created_at, made._state
        obj.key_start, obj.key_hash = made.key_start, made.key_hash
        self._show(request, obj, key)

    def _show(self, request: HttpRequest, client: ApiClient, key: str) -> None:
        self.message_user(
            request, f"The key of {client.name}, shown this once: {key} — keep it safe.", messages.WARNING
        )

    @admin.action(description="Revoke the key…", permissions=["work"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiClient]) -> Any:
        def act(client: ApiClient) -> None:
            clients.revoke(client_id=client.pk, actor=f"user:{request.user.pk}", now=timezone.now())
            self.message_user(request, f"{client}: its key works no more.", messages.SUCCESS)

        return self._ask(request, queryset, "revoke", "These programs are refused from now on.", act)

    @admin.action(description="New key…", permissions=["work"])
    def renew(self, request: HttpRequest, queryset: QuerySet[ApiClient]) -> Any:
        def act(client: ApiClient) -> None:
            key = clients.renew_key(client_id=client.pk, actor=f"user:{request.user.pk}", now=timezone.now())
            self._show(request, client, key)

        return self._ask(request, queryset, "renew", "The keys they have now work no more.", act)

    def _ask(self, request: HttpRequest, queryset: QuerySet[ApiClient], action: str, sentence: str, act: Any) -> Any:
        chosen = list(queryset.order_by("pk"))
        if "confirmed" in request.POST:
            for client in chosen:
                act(client)
            return None
        context = {
            **self.admin_site.each_context(request), "title": "Are you sure?", "opts": self.model._meta,
            "form": forms.Form(), "rows": chosen, "action": action, "sentence": sentence, "button": "Yes, do it",
            "checkbox": ACTION_CHECKBOX_NAME,
        }  # fmt: skip
        return render(request, "catalog/admin_confirm.html", context)

    # -- a file ------------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[Any]:
        upload = path(
            "<int:client_id>/upload/", self.admin_site.admin_view(self.upload), name="inventory_apiclient_upload"
        )
        return [upload, *super().get_urls()]

    def upload(self, request: HttpRequest, client_id: int) -> HttpResponse:
        """A file of this client's lines, taken as the API would take them."""
        if not self.has_work_permission(request) or not request.user.has_perm("inventory.change_stock"):
            raise PermissionDenied
        client = get_object_or_404(ApiClient, pk=client_id)
        form = Upload(request.POST or None, request.FILES or None)
        refused: list[tuple[int, str, str]] = []
        counts: Counter[str] = Counter()
        if form.is_valid():
            file = form.cleaned_data["file"]
            if file.size > MOST_BYTES:
                form.add_error("file", f"{MOST_BYTES // 1024**2} MB at most; larger ones with manage.py sync_stock.")
            elif not client.may_write or client.revoked_at is not None:
                form.add_error("file", "This client may not write stock.")
            else:
                try:
                    counts, refused = self._take(client, file)
                except (NotThisFile, UnicodeDecodeError) as error:
                    form.add_error("file", f"This cannot be read: {error}")
        if counts:
            told = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
            self.message_user(request, f"{told}.", messages.WARNING if refused else messages.SUCCESS)
            if not refused:
                return HttpResponseRedirect(reverse("admin:inventory_apiclient_change", args=[client_id]))
        context = {
            **self.admin_site.each_context(request), "title": f"Stock of {client}", "opts": self.model._meta,
            "form": form, "refused": refused, "client": client,
        }  # fmt: skip
        return render(request, "inventory/admin_sync_file.html", context)

    def _take(self, client: ApiClient, file: Any) -> tuple[Counter[str], list[tuple[int, str, str]]]:
        lines = read(io.TextIOWrapper(file, encoding="utf-8-sig", newline=""))
        stores = client.stores.values_list("pk", flat=True)
        outcomes = services.sync(client_id=client.pk, store_ids=stores, lines=lines, now=timezone.now())
        counts: Counter[str] = Counter()
        refused: list[tuple[int, str, str]] = []
        for number, it in enumerate(outcomes, start=1):
            counts[it.result] += 1
            if it.result == "refused" and len(refused) < 200:
                refused.append((number, it.code, it.detail))
        return counts, refused


@admin.register(SyncMessage)
class SyncMessageAdmin(ReadOnly):
    list_display = (
        "at",
        "client",
        "product",
        "store",
        "sequence",
        "kind",
        "units",
        "difference",
        "on_hand",
        "is_stale",
    )
    list_select_related = ("stream__client", "stream__stock__product", "stream__stock__store")
    list_filter = ("kind", "is_stale", "stream__client")
    search_fields = ("=stream__stock__product__sku",)
    ordering = ("-pk",)
    show_full_result_count = False

    @admin.display(description="client")
    def client(self, it: SyncMessage) -> str:
        return it.stream.client.name

    @admin.display(description="product")
    def product(self, it: SyncMessage) -> str:
        return str(it.stream.stock.product)

    @admin.display(description="store")
    def store(self, it: SyncMessage) -> str:
        return it.stream.stock.store.code


@admin.register(Recall)
class RecallAdmin(ReadOnly):
    """Looked at; begun and ended at /ops/recalls/."""

    list_display = ("product", "lot", "reason", "started_at", "actor", "ended_at", "end_reason")
    list_select_related = ("product",)
    list_filter = (("ended_at", admin.EmptyFieldListFilter),)
    search_fields = ("=lot", "=product__sku")
    ordering = ("-pk",)
