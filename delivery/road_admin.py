"""The road in Django Admin: a city's policy at the door is edited, incidents and gate notes are looked at.

What customer and rider wrote is read at the order desk alone, where it is written down who did.
"""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from blinkit.kernel.admin import ReadOnly
from delivery.models import BagsReturn, DoorPolicy, GateNote, Incident, IncidentNote
from delivery.services.doors import hide_gates


@admin.register(DoorPolicy)
class DoorPolicyAdmin(ModelAdmin):
    list_display = ("city", "calls_least", "wait_s", "pin_metres", "chat_after_m", "store_wait_s")
    list_select_related = ("city",)
    search_fields = ("city__name",)


class NoteInline(TabularInline):
    hide_title = True
    model = IncidentNote
    extra = max_num = 0
    fields = readonly_fields = ("at", "name", "what", "text")
    can_delete = False


@admin.register(Incident)
class IncidentAdmin(ReadOnly):
    list_display = ("at", "kind", "rider", "seen_at", "handler", "resolved_at")
    list_select_related = ("rider__user", "handler")
    list_filter = ("kind", "rider__store")
    search_fields = ("rider__user__name", "text")
    ordering = ("-at",)
    show_full_result_count = False
    inlines = (NoteInline,)


@admin.register(BagsReturn)
class BagsReturnAdmin(ReadOnly):
    list_display = ("begun_at", "stop", "is_cold", "way_metres", "back_at", "done_at", "is_unseen")
    list_filter = ("is_cold", "is_unseen", "trip__store")
    ordering = ("-begun_at",)
    show_full_result_count = False


@admin.register(GateNote)
class GateNoteAdmin(ReadOnly):
    list_display = ("at", "text", "rider", "is_hidden")
    list_select_related = ("rider__user",)
    list_filter = ("is_hidden", "rider__store")
    search_fields = ("text", "rider__user__name")
    ordering = ("-at",)
    actions = ("hide",)

    def has_work_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("delivery.change_gatenote"))

    @admin.action(description="Take these notes away", permissions=["work"])
    def hide(self, request: HttpRequest, queryset: QuerySet[GateNote]) -> None:
        n = hide_gates(ids=list(queryset.values_list("pk", flat=True)))
        self.message_user(request, f"{n} taken away.")
