"""An action that asks first: a page that names what will happen, to which rows, with a small form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from unfold.admin import ModelAdmin

from blinkit.kernel.errors import Refusal


def actor(request: HttpRequest) -> str:
    return f"user:{request.user.pk}"


def ask_then(
    admin: ModelAdmin,
    request: HttpRequest,
    chosen: QuerySet[Any],
    *,
    action: str,
    form_class: type[forms.Form],
    title: str,
    sentence: str,
    button: str,
    act: Callable[[Any, dict[str, Any]], Any],
) -> HttpResponse | None:
    """Show the form; when it comes back filled in, `act(row, answers)` for each row. A refusal is told, not raised."""
    rows = list(chosen.order_by("pk"))
    form = form_class(request.POST if "confirmed" in request.POST else None)
    if form.is_bound and form.is_valid():
        for row in rows:
            try:
                act(row, form.cleaned_data)
            except Refusal as refusal:
                admin.message_user(request, f"{row}: {refusal.detail}", messages.ERROR)
            else:
                admin.message_user(request, f"{row}: done.", messages.SUCCESS)
        return None
    context = {
        **admin.admin_site.each_context(request),
        "title": title,
        "opts": admin.model._meta,
        "form": form,
        "rows": rows,
        "action": action,
        "sentence": sentence,
        "button": button,
        "checkbox": ACTION_CHECKBOX_NAME,
    }
    return render(request, "catalog/admin_confirm.html", context)
