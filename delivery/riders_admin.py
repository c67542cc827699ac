"""Papers to check, gigs, suspensions and appeals in Django Admin. Everything is decided through services; the picture
of a paper is opened by an address that is signed for one person and lasts five minutes."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.timesince import timesince
from unfold.admin import ModelAdmin
from unfold.decorators import display

from blinkit.kernel.admin import ReadOnly
from blinkit.kernel.errors import Refusal
from delivery import files, paperwork, services
from delivery.models import Appeal, Booking, Document, DutyPolicy, Gig, GigPattern, RiderBreak, Suspension
from delivery.papers import AppealState, PaperState
from delivery.services.papers import note_opened

PAPER_COLOURS = {
    PaperState.SUBMITTED.label: "warning",
    PaperState.VERIFIED.label: "success",
    PaperState.REJECTED.label: "danger",
}
APPEAL_COLOURS = {
    AppealState.WAITING.label: "warning",
    AppealState.LIFTED.label: "success",
    AppealState.KEPT.label: "danger",
}


class WaitingFilter(admin.SimpleListFilter):
    """What waits is what is shown first; everything else is one click away."""

    title = "state"
    parameter_name = "show"
    waiting: str = ""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("all", "Everything")]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        return [{**first, "display": "Waiting"}, *others]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset if self.value() == "all" else queryset.filter(state=self.waiting)


class PapersWaiting(WaitingFilter):
    waiting = PaperState.SUBMITTED


class AppealsWaiting(WaitingFilter):
    waiting = AppealState.WAITING


class Decided(ReadOnly):
    """A list of what waits, oldest first; its page shows the matter and takes the decision."""

    permission = ""
    show_full_result_count = False

    def has_work_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(self.permission))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_view_permission(request, obj) or self.has_work_permission(request)

    def signed(self, request: HttpRequest, name: str) -> str:
        """The address of a private file for the person who asks, good for five minutes."""
        if not name or not self.has_work_permission(request):
            return ""
        token = files.token_for(name, user_id=int(request.user.pk))  # type: ignore[arg-type]  # staff
        return f"{reverse(f'admin:{self.model._meta.db_table}_file')}?t={token}"

    def get_urls(self) -> list[Any]:
        name = f"{self.model._meta.db_table}_file"
        return [path("file/", self.admin_site.admin_view(self.file), name=name), *super().get_urls()]

    def file(self, request: HttpRequest) -> HttpResponse:
        """Only for whom the address was made, while they may, and never kept by a browser."""
        if not self.has_work_permission(request):
            raise PermissionDenied
        name = files.name_in(request.GET.get("t", ""), user_id=int(request.user.pk))  # type: ignore[arg-type]
        try:
            body, kind = files.read(name)
        except FileNotFoundError as error:
            raise Http404 from error
        response = HttpResponse(body, content_type=kind)
        response.headers["Cache-Control"] = "private, no-store"
        response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
        response.headers["X-Content-Type-Options"] = "nosniff"
        if kind == "application/pdf":
            response.headers["Content-Disposition"] = 'attachment; filename="paper.pdf"'
        return response

    def row(self, object_id: str, rows: QuerySet[Any]) -> Any:
        try:
            return get_object_or_404(rows, pk=UUID(object_id))
        except ValueError as error:
            raise Http404 from error


class DecideForm(forms.Form):
    """`reason` is needed to refuse; a paper that has an end needs one to be verified."""

    expires_on = forms.DateField(required=False, label="Good until, as on the paper")
    reason = forms.CharField(required=False, max_length=200, label="Why not (the rider reads it)")


@admin.register(Document)
class DocumentAdmin(Decided):
    permission = "delivery.check_document"
    list_display = ("waits", "kind", "rider", "store", "state_label", "number", "expires_on", "bank_said")
    list_select_related = ("rider__user", "rider__store")
    list_filter = (PapersWaiting, "kind", "rider__store")
    search_fields = ("rider__user__name", "=rider__user__phone", "=number_last4")
    search_help_text = "Name, the whole phone number, or the last four of a paper."
    ordering = ("submitted_at",)

    @admin.display(description="since", ordering="submitted_at")
    def waits(self, paper: Document) -> str:
        return timesince(paper.submitted_at, timezone.now())

    @admin.display(description="store")
    def store(self, paper: Document) -> str:
        return paper.rider.store.code

    @display(description="state", ordering="state", label=PAPER_COLOURS)
    def state_label(self, paper: Document) -> str:
        return str(PaperState(paper.state).label)

    @admin.display(description="number")
    def number(self, paper: Document) -> str:
        return paper.masked

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        paper = self.row(object_id, Document.objects.select_related("rider__user", "rider__store", "decided_by"))
        form = DecideForm(request.POST or None, initial={"expires_on": paper.expires_on})
        if request.method == "POST":
            if not self.has_work_permission(request):
                raise PermissionDenied
            if form.is_valid() and self._decide(request, paper, form):
                return redirect("admin:delivery_document_changelist")
        picture = self.signed(request, paper.file)
        if picture and request.method == "GET":
            note_opened(document_id=paper.pk, actor=f"user:{request.user.pk}")
        others = (
            Document.objects.filter(number_print=paper.number_print).exclude(rider=paper.rider).exclude(number_print="")
        )
        context = {
            **self.admin_site.each_context(request),
            "title": str(paper),
            "opts": self.model._meta,
            "paper": paper,
            "form": form,
            "may": self.has_work_permission(request) and paper.state in (PaperState.SUBMITTED, PaperState.VERIFIED),
            "may_verify": paper.state == PaperState.SUBMITTED,
            "picture": picture,
            "is_pdf": paper.file.endswith(".pdf"),
            "needs_date": paper.kind in paperwork.ENDS,
            "others": list(others.select_related("rider__user")[:5]),
            "history": Document.objects.filter(rider=paper.rider, kind=paper.kind)
            .exclude(pk=paper.pk)
            .order_by("-submitted_at")[:10],
        }
        return render(request, "delivery/admin_paper.html", context)

    def _decide(self, request: HttpRequest, paper: Document, form: DecideForm) -> bool:
        actor, now = f"user:{request.user.pk}", timezone.now()
        try:
            if "verify" in request.POST:
                until: date | None = form.cleaned_data["expires_on"]
                services.verify_paper(document_id=paper.pk, actor=actor, expires_on=until, now=now)
                done = f"{paper} is verified."
            else:
                services.reject_paper(document_id=paper.pk, actor=actor, reason=form.cleaned_data["reason"], now=now)
                done = f"{paper} is not accepted; the rider reads why."
        except Refusal as refusal:
            form.add_error(None, refusal.detail)
            return False
        self.message_user(request, done, messages.SUCCESS)
        return True


class AnswerForm(forms.Form):
    answer = forms.CharField(max_length=500, widget=forms.Textarea, label="Our answer (the rider reads it)")


@admin.register(Appeal)
class AppealAdmin(Decided):
    permission = "delivery.decide_appeal"
    list_display = ("waits", "rider", "reason", "text", "state_label")
    list_select_related = ("suspension__rider__user",)
    list_filter = (AppealsWaiting, "suspension__rider__store")
    search_fields = ("suspension__rider__user__name", "=suspension__rider__user__phone")
    ordering = ("sent_at",)

    @admin.display(description="since", ordering="sent_at")
    def waits(self, appeal: Appeal) -> str:
        return timesince(appeal.sent_at, timezone.now())

    @admin.display(description="rider")
    def rider(self, appeal: Appeal) -> str:
        return str(appeal.suspension.rider)

    @admin.display(description="suspended for")
    def reason(self, appeal: Appeal) -> str:
        return appeal.suspension.reason

    @display(description="state", ordering="state", label=APPEAL_COLOURS)
    def state_label(self, appeal: Appeal) -> str:
        return str(AppealState(appeal.state).label)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        appeal = self.row(object_id, Appeal.objects.select_related("suspension__rider__user", "suspension__by"))
        form = AnswerForm(request.POST or None)
        if request.method == "POST":
            if not self.has_work_permission(request):
                raise PermissionDenied
            if form.is_valid() and self._answer(request, appeal, form):
                return redirect("admin:delivery_appeal_changelist")
        context = {
            **self.admin_site.each_context(request),
            "title": str(appeal),
            "opts": self.model._meta,
            "appeal": appeal,
            "form": form,
            "may": self.has_work_permission(request) and appeal.state == AppealState.WAITING,
            "picture": self.signed(request, appeal.photo),
            "history": Suspension.objects.filter(rider=appeal.suspension.rider).order_by("-began_at")[:10],
        }
        return render(request, "delivery/admin_appeal.html", context)

    def _answer(self, request: HttpRequest, appeal: Appeal, form: AnswerForm) -> bool:
        try:
            services.answer_appeal(
                appeal_id=appeal.pk,
                lift="lift" in request.POST,
                answer=form.cleaned_data["answer"],
                actor=f"user:{request.user.pk}",
                now=timezone.now(),
            )
        except Refusal as refusal:
            form.add_error(None, refusal.detail)
            return False
        self.message_user(request, "Answered; the rider is told.", messages.SUCCESS)
        return True


@admin.register(Suspension)
class SuspensionAdmin(ReadOnly):
    list_display = ("rider", "reason", "by", "began_at", "until", "ended_at", "ended_by")
    list_select_related = ("rider__user", "by")
    list_filter = (("ended_at", admin.EmptyFieldListFilter), "rider__store")
    search_fields = ("rider__user__name", "=rider__user__phone")
    ordering = ("-began_at",)
    show_full_result_count = False


class GigForm(forms.ModelForm):
    class Meta:
        model = Gig
        fields = ("store", "starts_at", "ends_at", "places")


@admin.register(Gig)
class GigAdmin(ModelAdmin):
    """Opened and changed through services: the hours stay, places never fall below what is booked."""

    form = GigForm
    list_display = ("store", "starts_at", "ends_at", "booked_of", "called_off_at")
    list_select_related = ("store",)
    list_filter = ("store", "starts_at", ("called_off_at", admin.EmptyFieldListFilter))
    ordering = ("starts_at",)
    date_hierarchy = "starts_at"
    actions = ("call_off",)
    show_full_result_count = False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("store", "starts_at", "ends_at") if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_work_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("delivery.change_gig"))

    @admin.display(description="booked", ordering="booked")
    def booked_of(self, gig: Gig) -> str:
        return f"{gig.booked} of {gig.places}"

    def save_model(self, request: HttpRequest, obj: Gig, form: Any, change: bool) -> None:
        try:
            if change:
                services.change_places(gig_id=obj.pk, places=obj.places)
                return
            made = services.open_gig(
                store_id=obj.store_id,
                starts_at=obj.starts_at,
                ends_at=obj.ends_at,
                places=obj.places,
                now=timezone.now(),
            )
            obj.pk, obj._state.adding = made.pk, False
        except Refusal as refusal:
            self.message_user(request, refusal.detail, messages.ERROR)

    @admin.action(description="Call off…", permissions=["work"])
    def call_off(self, request: HttpRequest, queryset: QuerySet[Gig]) -> Any:
        from delivery.admin import WhyForm

        form = WhyForm(request.POST if "confirmed" in request.POST else None)
        if not form.is_valid():
            context = {
                **self.admin_site.each_context(request),
                "title": "Call off these gigs?",
                "opts": self.model._meta,
                "form": form,
                "chosen": queryset.select_related("store"),
                "checkbox": ACTION_CHECKBOX_NAME,
            }
            return render(request, "delivery/admin_call_off.html", context)
        for gig in queryset.select_related("store").order_by("pk"):
            try:
                services.call_off_gig(
                    gig_id=gig.pk,
                    reason=form.cleaned_data["reason"],
                    actor=f"user:{request.user.pk}",
                    now=timezone.now(),
                )
            except Refusal as refusal:
                self.message_user(request, f"{gig}: {refusal.detail}", messages.ERROR)
            else:
                self.message_user(request, f"{gig} is called off; who booked it is told.", messages.SUCCESS)
        return None


@admin.register(GigPattern)
class GigPatternAdmin(ModelAdmin):
    list_display = ("store", "weekday", "from_time", "to_time", "places", "is_active")
    list_select_related = ("store",)
    list_filter = ("store", "weekday", "is_active")
    ordering = ("store", "weekday", "from_time")

    def save_model(self, request: HttpRequest, obj: GigPattern, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        services.make_gigs(now=timezone.now())


@admin.register(Booking)
class BookingAdmin(ReadOnly):
    list_display = ("rider", "gig", "state", "walk_in", "came_at", "cancelled_at", "is_late")
    list_select_related = ("rider__user", "gig__store")
    list_filter = ("state", "is_late", "walk_in", "gig__store")
    search_fields = ("rider__user__name", "=rider__user__phone")
    ordering = ("-booked_at",)
    show_full_result_count = False


@admin.register(RiderBreak)
class RiderBreakAdmin(ReadOnly):
    list_display = ("rider", "started_at", "back_at", "ended_at")
    list_select_related = ("shift__rider__user",)
    list_filter = (("ended_at", admin.EmptyFieldListFilter),)
    ordering = ("-started_at",)
    show_full_result_count = False

    @admin.display(description="rider")
    def rider(self, it: RiderBreak) -> str:
        return str(it.shift.rider)


@admin.register(DutyPolicy)
class DutyPolicyAdmin(ModelAdmin):
    list_display = ("city", "walk_in", "check_in_metres", "late_cancel_m", "most_hours_a_day", "self_check_needed")
    list_select_related = ("city",)


def masked_papers(rider: Any) -> str:
    """A rider's papers on their own page in Admin."""
    rows = Document.objects.filter(rider=rider).exclude(state=PaperState.REPLACED).order_by("kind", "-submitted_at")
    lines = [
        format_html(
            '<a href="{}">{}</a>: {} {}',
            reverse("admin:delivery_document_change", args=[row.pk]),
            row.get_kind_display(),
            row.get_state_display(),
            row.masked,
        )
        for row in rows
    ]
    return format_html("{}" + "<br>{}" * (len(lines) - 1), *lines) if lines else "–"
