"""Ask: one field, one answer, what was understood as chips, and what people keep of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from blinkit.kernel.errors import Invalid, NotAllowed, Unavailable
from blinkit.kernel.permissions import roles_of
from blinkit.kernel.words import said
from dashboard import cells, charts, files
from dashboard.ask.columns import Column
from dashboard.ask.figures import grouped
from dashboard.ask.suggest import begin
from dashboard.errors import NothingToWatch
from dashboard.links import packed, unpacked
from dashboard.models import QuestionWatch, SavedQuestion
from dashboard.services import asking, saved, watches
from dashboard.services.ask import layer_for
from dashboard.services.asking import Told
from dashboard.web.parts import act, is_htmx, screen, show

LONGEST = 10_000
"""Characters of a question that are handed on: what is longer than one is refused in words, not by the server."""
LONGEST_BESIDE = 500
MOST_EXPORTED, LARGEST_PAGE = 10_000, 500
SHORT = 16
"""Letters of a word that is not broken over two lines."""
LONG = 60
"""Letters of a text that needs a wide column."""
TIMES = frozenset({"time", "date"})


@screen
def ask(request: HttpRequest) -> HttpResponse:
    """The page; with `q` (words) or `u` (what was understood) its answer. htmx gets the answer alone."""
    found = _answer(request)
    context = _page(request, found) | {"saved": None}
    return _answered(request, found, context)


@screen
def suggest(request: HttpRequest) -> HttpResponse:
    """Options of the field's list."""
    found = ideas(request.GET.get("q", "")[:200], who=caller(request))
    return show(request, "dashboard/ask/_ideas.html", {"ideas": found, "page": reverse("ops-ask")})


@screen
def change(request: HttpRequest) -> HttpResponse:
    """One part of what was understood taken away or changed: to the page of the changed question."""
    return redirect(f"{reverse('ops-ask')}?{changed(request)}")


@screen
def export_csv(request: HttpRequest) -> Any:
    found = _for_file(request)
    pieces = files.csv_pieces(columns=found.columns, rows=_all_rows(request, found))
    return _file(pieces, "text/csv; charset=utf-8", f"{_name(found)}.csv")


@screen
def export_excel(request: HttpRequest) -> Any:
    found = _for_file(request)
    now = timezone.localtime(timezone.now())
    notes = [said(found.sentence), _("Asked %(at)s") % {"at": f"{now:%d %b %Y %H:%M}"}, found.sql]
    pieces = files.excel(columns=found.columns, rows=_all_rows(request, found), title=found.title, notes=notes)
    return _file(pieces, files.EXCEL_TYPE, f"{_name(found)}.xlsx")


@act("ops-ask")
def feedback(request: HttpRequest) -> HttpResponse:
    asking.note_feedback(
        log_id=_uuid(request.POST.get("log", "")),
        caller=caller(request),
        helpful=request.POST.get("helpful") == "yes",
        words=request.POST.get("words", ""),
    )
    thanks = _("Thank you. It is read when the words are next looked over.")
    if is_htmx(request):
        return HttpResponse(f'<p class="hint" role="status">{thanks}</p>')
    messages.success(request, thanks)
    return _back(request)


# -- kept -------------------------------------------------------------------------------------------------------------


@act("ops-ask", keep="u")
def save(request: HttpRequest) -> HttpResponse:
    """Keep the question as it was understood."""
    kept = _save(request)
    messages.success(request, _("Saved as “%(title)s”.") % {"title": kept.title})
    return redirect("ops-ask-saved", kept.pk)


@screen
def open_saved(request: HttpRequest, saved_id: UUID) -> HttpResponse:
    """One's own or a shared one, asked now with the rights of who opens it."""
    kept = saved.opened(saved_id=saved_id, user_id=_me(request))
    found = asking.ask(
        kept.understood, caller=caller(request), now=timezone.now(), page=page_of(request), text=kept.text, anew=True
    )
    return _answered(request, found, _page(request, found) | {"saved": kept, "is_mine": kept.owner_id == _me(request)})


@act("ops-ask-saved")
def share(request: HttpRequest, saved_id: UUID) -> HttpResponse:
    is_shared = request.POST.get("shared") == "yes"
    saved.set_shared(saved_id=saved_id, user_id=_me(request), is_shared=is_shared)
    messages.success(
        request, _("Shared: who may ask it can open it.") if is_shared else _("No longer shared: only you open it.")
    )
    return redirect("ops-ask-saved", saved_id)


@act("ops-ask-saved")
def delete(request: HttpRequest, saved_id: UUID) -> HttpResponse:
    saved.delete(saved_id=saved_id, user_id=_me(request))
    messages.success(request, _("Deleted."))
    return redirect("ops-ask")


# -- watched ----------------------------------------------------------------------------------------------------------


@act("ops-ask", keep="u")
def watch(request: HttpRequest) -> HttpResponse:
    """Keep the question and look at one figure of it from now on: one its answer has, in the unit it has there."""
    now, field = timezone.now(), request.POST.get("field", "").partition(":")[0]
    found = asking.ask(unpacked(request.POST.get("u", "")), caller=caller(request), now=now)
    kind = next((kind for name, _label, kind in watches.watchable(found.columns) if name == field), None)
    if found.verdict == "refused":
        raise NotAllowed(found.why)
    if kind is None:
        raise NothingToWatch()
    above, below = (_bound(request.POST.get(name, ""), kind) for name in ("above", "below"))
    with transaction.atomic():  # what can't be watched is not kept either
        kept = _save(request)
        watches.watch(
            saved_id=kept.pk, user_id=_me(request), field=field, above=above, below=below, every_s=_every(request),
            now=now,
        )  # fmt: skip
    messages.success(request, _("Watched. You are told in the app and by e-mail."))
    return redirect("ops-ask-saved", kept.pk)


@act("ops-ask")
def stop_watch(request: HttpRequest, watch_id: UUID) -> HttpResponse:
    watches.stop(watch_id=watch_id, user_id=_me(request))
    messages.success(request, _("No longer watched."))
    return redirect("ops-ask")


@screen
def alert(request: HttpRequest, alert_id: int) -> HttpResponse:
    """What a watch had to say, with its picture as it was then."""
    found = watches.alert_seen(alert_id=alert_id, user_id=_me(request), now=timezone.now())
    columns = [Column(*one) for one in found.answer["columns"]]
    chart = found.answer.get("chart")
    context = {
        "here": "ask",
        "alert": found,
        "kept": found.watch.question,
        "value": cells.show(found.value, found.answer.get("kind", "")),
        "was": "" if found.was is None else cells.show(found.was, found.answer.get("kind", "")),
        "chart": charts.from_json(chart) if chart else None,
        "columns": columns,
        "figures": [column.name for column in columns if column.is_figure],
        "rows": _shown(columns, found.answer["rows"]),
    }
    return show(request, "dashboard/ask/alert.html", context)


# -- shared with the public page --------------------------------------------------------------------------------------


def caller(request: HttpRequest) -> Any:
    """Who asks, with the rights of their roles."""
    return asking.caller_of(request.user.pk, roles_of(request.user))


def ideas(typed: str, *, who: Any) -> list[str]:
    """What to offer while somebody types; in their language while nothing is typed."""
    if typed.strip():
        return asking.suggest(typed, caller=who)
    return begin(layer_for(who), who.audiences, language=get_language() or "en")


def asked_of(request: HttpRequest) -> str | dict[str, Any] | None:
    """What this address asks: `u` before `q`; None for nothing. Raises Invalid for a damaged link."""
    if link := request.GET.get("u", ""):
        return unpacked(link)
    return request.GET.get("q", "").strip()[:LONGEST] or None


def _typed(request: HttpRequest) -> str:
    """Words that travel beside `u`."""
    return request.GET.get("q", "").strip()[:LONGEST_BESIDE]


def page_of(request: HttpRequest) -> int:
    text = request.GET.get("page", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0


def changed(request: HttpRequest, *, who: Any = None) -> str:
    """What asks the question after one change, as the little form of a chip wants it: `u`, and the words it came from.
    Raises Invalid."""
    understood = asking.changed(
        unpacked(request.GET.get("u", "")),
        at=request.GET.get("at", "")[:40],
        value=request.GET.get("value", "").strip()[:200],
        typed=request.GET.get("typed", "").strip()[:200],
        gone=request.GET.get("gone") == "yes",
        caller=who or caller(request),
        now=timezone.now(),
    )
    return urlencode({"u": packed(understood), "q": _typed(request), "changed": "yes"})


def view_of(found: Told | None, request: HttpRequest, *, page: str) -> dict[str, Any]:
    """What the answer's template needs beside the answer. `words` stand in the field; where parts were changed by hand
    since, they are not what is asked, and the answer says so (`is_changed`)."""
    words = (found.question if found else "") or _typed(request)
    if found is None:
        return {"found": None, "words": words}
    link = packed(found.understood) if found.understood else ""
    is_changed = bool(words) and request.GET.get("changed") == "yes" and "u" in request.GET
    here = {"u": link, "q": words} | ({"changed": "yes"} if is_changed else {})
    return {
        "found": found,
        "u": link,
        "words": words,
        "is_changed": is_changed,
        "page_url": page,
        "rows": _shown(found.columns, found.named),
        "total": "" if found.total is None else grouped(found.total),
        "figures": [column.name for column in found.columns if column.is_figure],
        "chart": found.chart,
        "fixed_chips": [chip for chip in found.chips if not (chip.can_go or chip.others or chip.takes_words)],
        "free_chips": [chip for chip in found.chips if chip.can_go or chip.others or chip.takes_words],
        "ways": [(way.text, packed(way.understood)) for way in found.ways],
        "next_url": f"{page}?{urlencode(here | {'page': found.page + 1})}" if found.more and link else "",
        "back_url": f"{page}?{urlencode(here | {'page': found.page - 1})}" if found.start else "",
    }


def _answer(request: HttpRequest) -> Told | None:
    asked = asked_of(request)
    if asked is None:
        return None
    return asking.ask(asked, caller=caller(request), now=timezone.now(), page=page_of(request))


def _answered(request: HttpRequest, found: Told | None, context: dict[str, Any]) -> HttpResponse:
    answer = show(request, "dashboard/ask/ask.html#answer" if is_htmx(request) else "dashboard/ask/ask.html", context)
    if is_htmx(request):
        answer["HX-Push-Url"] = request.get_full_path()
    return answer


def _page(request: HttpRequest, found: Told | None) -> dict[str, Any]:
    me = _me(request)
    context = view_of(found, request, page=reverse("ops-ask")) | {
        "here": "ask",
        "can_keep": bool(found and found.verdict == "answered"),
        "change_url": reverse("ops-ask-change"),
        "feedback_url": reverse("ops-ask-feedback"),
    }
    if found and found.verdict == "answered":
        context["watchable"] = watches.watchable(found.columns)
    if not is_htmx(request):
        who = caller(request)
        context |= {
            "mine": saved.mine(user_id=me),
            "shared": [one for one in saved.shared_by_others(user_id=me) if asking.may_ask(one.understood, caller=who)],
            "watched": QuestionWatch.objects.filter(owner_id=me, is_active=True).select_related("question"),
            "news": watches.news_of(user_id=me),
            "ideas": ideas("", who=who),
        }
    return context


def _save(request: HttpRequest) -> SavedQuestion:
    understood = unpacked(request.POST.get("u", ""))
    if not asking.may_ask(understood, caller=caller(request)):
        raise NotAllowed("You may not ask this.")
    return saved.save(
        owner_id=_me(request),
        title=request.POST.get("title", ""),
        text=request.POST.get("q", "") or _("A question"),
        understood=understood,
        now=timezone.now(),
    )


def _for_file(request: HttpRequest) -> Told:
    found = _answer(request)
    if found is not None and found.verdict == "failed":
        raise Unavailable(found.why)
    if found is None or found.verdict != "answered":
        raise Invalid((found.why if found else "") or "Ask a question first.")
    return found


def _all_rows(request: HttpRequest, found: Told) -> Iterator[Any]:
    """Page after page, MOST_EXPORTED rows at most; of "the top 5" these five."""
    who, now, part, rows = caller(request), timezone.now(), found, 0
    if found.more and found.intent == "top":
        yield from found.named
        return
    if found.more and found.understood and not found.page:
        part = asking.ask({**found.understood, "limit": LARGEST_PAGE}, caller=who, now=now)
    while True:
        yield from part.named
        rows += len(part.rows)
        if not part.more or not part.rows or rows >= MOST_EXPORTED or part.understood is None:
            return
        part = asking.ask(part.understood, caller=who, now=now, page=part.page + 1)


def _file(pieces: Iterator[bytes], kind: str, name: str) -> Any:
    return StreamingHttpResponse(
        pieces,
        content_type=kind,
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def _name(found: Told) -> str:
    return slugify(found.title)[:60] or "answer"


def _shown(columns: Sequence[Column], rows: Any) -> list[list[tuple[str, str]]]:
    """Each cell in words, and its class: a figure stands on the right, an instant on one line."""
    return [[_cell(value, column) for value, column in zip(row, columns, strict=True)] for row in rows]


def _cell(value: Any, column: Column) -> tuple[str, str]:
    words = cells.show(value, column.kind)
    if column.is_figure:
        return words, "num"
    if column.kind in TIMES or len(words) <= SHORT:
        return words, "whitespace-nowrap"
    return words, "ask-long" if len(words) > LONG else ""


def _me(request: HttpRequest) -> int:
    return int(request.user.pk or 0)


def _bound(text: str, kind: str) -> float | None:
    """A bound in the field's own unit; None where nothing was typed. Raises Invalid."""
    return float(cells.in_units(text, kind)) if text.strip() else None


def _every(request: HttpRequest) -> int:
    text = request.POST.get("every", "300")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Invalid("This answer is not known.") from None


def _back(request: HttpRequest) -> HttpResponseRedirect:
    link = request.POST.get("u", "")
    return HttpResponseRedirect(f"{reverse('ops-ask')}?{urlencode({'u': link})}" if link else reverse("ops-ask"))
