"""The review queue: which listing of another shop is which product of ours, decided one by one or many at once."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from blinkit.kernel.admin import ReadOnly
from blinkit.kernel.errors import Refusal
from blinkit.kernel.money import rupees
from catalog.admin.confirm import ask_then
from catalog.market import Listing, Match, MatchModel, MatchState
from catalog.matching import describe
from catalog.models import Product, ShelfItem
from catalog.services import matching

SHOWN_REASONS = 4
DECISIONS = {
    "accept": MatchState.ACCEPTED,
    "family": MatchState.FAMILY,
    "reject": MatchState.REJECTED,
}
KEYS = (("accept", _("The same"), "a"), ("family", _("Same, other pack"), "f"), ("reject", _("Another"), "r"))


class Where(admin.SimpleListFilter):
    """Waiting ones unless another state is chosen."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("all", _("All")), *((s.value, s.label) for s in MatchState if s != MatchState.WAITING)]

    def choices(self, changelist: Any) -> Any:
        waiting = {"selected": self.value() is None, "query_string": changelist.get_query_string(remove=["state"])}
        yield waiting | {"display": MatchState.WAITING.label}
        for value, label in self.lookup_choices:
            query = changelist.get_query_string({"state": value})
            yield {"selected": self.value() == value, "query_string": query, "display": label}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Match]) -> QuerySet[Match]:
        chosen = self.value()
        if chosen == "all":
            return queryset
        return queryset.filter(state=chosen or MatchState.WAITING)


@admin.register(Match)
class MatchAdmin(ReadOnly):
    list_display = ("how_likely", "listing_side", "product_side", "why", "decision")
    list_display_links = None
    list_filter = (Where, "listing__platform", "listing__city", "product__category")
    list_select_related = ("listing__platform", "listing__city", "product__brand", "product__category", "decided_by")
    search_fields = ("listing__name", "product__name", "=product__sku")
    ordering = ("-score", "pk")
    list_per_page = 30
    show_full_result_count = False
    actions = ("accept_all",)
    list_before_template = "catalog/admin_match_queue.html"

    class Media:
        css = {"all": ("css/matches.css",)}  # Django's own form

    def has_work_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("catalog.decide_match"))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_view_permission(request, obj) or self.has_work_permission(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return super().has_module_permission(request) or self.has_work_permission(request)

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        own = [
            path("review/", view(self.review), name="catalog_match_review"),
            path("<int:match_id>/decide/", view(self.decide), name="catalog_match_decide"),
        ]
        return own + super().get_urls()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Match]:
        return with_price(super().get_queryset(request))

    # -- columns -----------------------------------------------------------------------------------------------------

    @admin.display(description=_("likely"), ordering="score")
    def how_likely(self, match: Match) -> str:
        return f"{match.score:.0%}"

    @admin.display(description=_("listing"))
    def listing_side(self, match: Match) -> SafeString:
        return side(*listing_facts(match.listing))

    @admin.display(description=_("our product"))
    def product_side(self, match: Match) -> SafeString:
        return side(*product_facts(match))

    @admin.display(description=_("reasons"))
    def why(self, match: Match) -> SafeString:
        return reasons(match)

    @admin.display(description=_("decision"))
    def decision(self, match: Match) -> Any:
        if match.state != MatchState.WAITING:
            return match.get_state_display()
        url = reverse("admin:catalog_match_decide", args=[match.pk])
        buttons = format_html_join(
            " ",
            '<button type="submit" name="decide" value="{}" formmethod="post" formaction="{}" class="border'
            " border-base-200 dark:border-base-700 rounded-default px-3 py-2 cursor-pointer font-semibold"
            '" style="min-height:44px;min-width:10rem;margin:2px 0;white-space:nowrap" aria-label="{}: {}">{}</button>',
            [(what, url, label, match.listing.name, label) for what, label, _key in KEYS],
        )
        return format_html("<div>{}</div>", buttons)

    # -- acts --------------------------------------------------------------------------------------------------------

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        own = {"may_decide": self.has_work_permission(request), "waiting": waiting().count()}
        return super().changelist_view(request, {**(extra_context or {}), **own})

    def decide(self, request: HttpRequest, match_id: int) -> HttpResponse:
        """One click of the queue or of the review page (`next`: there the next one follows)."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_work_permission(request):
            raise PermissionDenied
        state = DECISIONS.get(request.POST.get("decide", ""))
        if state is None:
            self.message_user(request, _t("Choose one of the three."), messages.ERROR)
        else:
            try:
                match = matching.decide(match_id=match_id, state=state, user_id=_id_of(request), now=timezone.now())
                self.message_user(request, f"{match.listing.name}: {MatchState(match.state).label}.")
            except Refusal as refusal:
                self.message_user(request, refusal.detail, messages.ERROR)
        if request.POST.get("next") == "review":
            after = request.POST.get("after", "")
            return redirect(reverse("admin:catalog_match_review") + (f"?after={after}" if after.isdigit() else ""))
        return redirect("admin:catalog_match_changelist")

    def review(self, request: HttpRequest) -> HttpResponse:
        """One proposal at a time, the likeliest first; `after` leaves some out for later."""
        if not self.has_work_permission(request):
            raise PermissionDenied
        rows = with_price(waiting()).select_related(*self.list_select_related).order_by("-score", "pk")
        given = request.GET.get("after", "")
        skipped = int(given) if given.isdigit() and len(given) < 6 else 0
        left = rows.count()
        match = rows[skipped : skipped + 1].first()
        context = {**self.admin_site.each_context(request), "title": _t("Matches to review"), "opts": Match._meta}
        context |= {"left": left, "skipped": skipped, "match": match, "keys": KEYS}
        if match is not None:
            others = rows.filter(listing=match.listing_id).exclude(pk=match.pk)
            context |= {
                "listing": listing_facts(match.listing), "product": product_facts(match),
                "reasons": [(_reason(what), how) for what, how in match.reasons],
                "others": list(others[: matching.SHOWN]), "percent": f"{match.score:.0%}",
            }  # fmt: skip
        return render(request, "catalog/admin_match_review.html", context)

    @admin.action(description=_("Accept the chosen ones"), permissions=["work"])
    def accept_all(self, request: HttpRequest, queryset: QuerySet[Match]) -> HttpResponse | None:
        def act(match: Match, _answers: dict[str, Any]) -> None:
            matching.decide(match_id=match.pk, state=MatchState.ACCEPTED, user_id=_id_of(request), now=timezone.now())

        return ask_then(
            self, request, queryset.filter(state=MatchState.WAITING), action="accept_all", form_class=forms.Form,
            title=_t("Accept matches"), sentence=_t("Each listing is this product of ours from now on."),
            button=_t("Accept them"), act=act,
        )  # fmt: skip


@admin.register(MatchModel)
class MatchModelAdmin(ReadOnly):
    list_display = ("made_at", "is_used", "accept_from", "review_from", "precision", "recall", "decisions")
    ordering = ("-made_at",)

    @admin.display(description=_("precision"))
    def precision(self, row: MatchModel) -> Any:
        return row.metrics.get("precision")

    @admin.display(description=_("recall"))
    def recall(self, row: MatchModel) -> Any:
        return row.metrics.get("recall")

    @admin.display(description=_("decisions"))
    def decisions(self, row: MatchModel) -> Any:
        return row.metrics.get("decisions")


def with_price(rows: QuerySet[Match]) -> QuerySet[Match]:
    shelf = ShelfItem.objects.filter(product=OuterRef("product"), is_listed=True).order_by("price_paise")
    return rows.annotate(our_paise=Subquery(shelf.values("price_paise")[:1]))


def waiting() -> QuerySet[Match]:
    return Match.objects.filter(state=MatchState.WAITING)


def _id_of(request: HttpRequest) -> int:
    return int(request.user.pk)  # type: ignore[arg-type]  # staff: admin_view lets nobody else in


Facts = tuple[str, str, str, str, str]
"""Who sells it, its name, its pack, its price, and the price per kg, litre or piece."""


def listing_facts(listing: Listing) -> Facts:
    told = describe(listing.name, listing.pack)
    pack = listing.pack or told.pack
    where = f"{listing.platform.name}, {listing.city.name}"
    amount, measure = listing.amount or told.amount, listing.measure or told.measure
    return where, listing.name, pack, rupees(listing.price_paise), per_unit(listing.price_paise, amount, measure)


def product_facts(match: Any) -> Facts:
    """Of a match read `with_price`: what it costs where it is cheapest in our stores, else its MRP."""
    product: Product = match.product
    brand = product.brand.name if product.brand else ""
    told = matching.described_product(product.name, product.pack, product.pack_size, product.pack_unit, brand)
    paise = match.our_paise or product.mrp_paise
    whose = " · ".join(filter(None, [brand, product.category.name]))
    return whose, product.name, product.pack or told.pack, rupees(paise), per_unit(paise, told.amount, told.measure)


def per_unit(paise: int, amount: Any, measure: str) -> str:
    if not amount:
        return _t("amount not told")
    times, unit = {"g": (1000, "kg"), "ml": (1000, "l")}.get(measure, (1, _t("piece")))
    return f"{rupees(round(paise * times / amount))} / {unit}"


def side(whose: str, name: str, pack: str, price: str, unit_price: str) -> SafeString:
    return format_html(
        '<div style="white-space:normal;min-width:9rem"><span class="block opacity-70">{}</span>'
        '<strong class="block">{}</strong><span class="block">{} · {} · {}</span></div>',
        whose, name, pack or "–", price, unit_price,
    )  # fmt: skip


def reasons(match: Match) -> SafeString:
    shown = [(_reason(what), f"{how:+.1f}") for what, how in match.reasons[:SHOWN_REASONS]]
    lines = format_html_join("", '<span class="block">{} <span class="opacity-70">{}</span></span>', shown)
    return format_html('<div style="white-space:nowrap">{}</div>', lines)


_WORDS = {
    "same maker": _("same maker"), "other maker": _("other maker"), "maker not told": _("maker not told"),
    "both loose": _("both loose goods"), "same thing": _("same thing"), "kind of it": _("a kind of it"),
    "near thing": _("near thing"), "other thing": _("other thing"), "words alike": _("words alike"),
    "letters alike": _("letters alike"), "words swapped": _("other words"), "words more": _("more words on one side"),
    "remarks differ": _("remarks differ"), "taste differs": _("another taste"), "colour differs": _("another colour"),
    "form differs": _("another form"), "grade differs": _("another grade"), "size differs": _("another size"),
    "pack same": _("same pack"), "pack differs": _("another pack"), "pack pieces differ": _("another count of packs"),
    "pack not told": _("pack not told"), "pack other measure": _("packs measured otherwise"),
}  # fmt: skip


def _reason(what: str) -> str:
    return str(_WORDS.get(what, what))
