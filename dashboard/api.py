"""Ask for programs: a question or what was understood in, an answer with its query object, SQL and freshness out."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from blinkit.kernel.api import parsed
from blinkit.kernel.errors import Invalid, NotAllowed
from blinkit.kernel.limits import check_limit, client_address, is_exempt
from blinkit.kernel.permissions import roles_of
from blinkit.kernel.schema import text, whole
from blinkit.kernel.words import with_local
from dashboard import cells
from dashboard.services import asking
from dashboard.services.asking import Told

LONGEST_QUESTION, LONGEST_TYPED = 500, 200
MOST_PAGE = 999
VERDICTS = ["answered", "which", "sorry", "refused", "failed"]


class QueryBody(serializers.Serializer[Any]):
    question = serializers.CharField(max_length=LONGEST_QUESTION, required=False, help_text="In words.")
    understood = serializers.JSONField(
        required=False, help_text="Instead of words: `understood` of an answer or of one of its `readings`."
    )
    page = serializers.IntegerField(min_value=0, max_value=MOST_PAGE, default=0, help_text="From `next_page`.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("question" in attrs) == ("understood" in attrs):
            raise serializers.ValidationError("Send either question or understood.")
        if "understood" in attrs and not isinstance(attrs["understood"], dict):
            raise serializers.ValidationError({"understood": "This is no query object."})
        return attrs


class ColumnOut(serializers.Serializer[Any]):
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field of that name
    kind = serializers.CharField(help_text="paise; bp: hundredths of a percent; seconds; time: RFC 3339; text; …")


class ReadingOut(serializers.Serializer[Any]):
    text = serializers.CharField()
    understood = serializers.JSONField()


class AnswerOut(serializers.Serializer[Any]):
    verdict = serializers.ChoiceField(choices=VERDICTS)
    question = serializers.CharField()
    sentence = serializers.CharField(help_text="The answer in one sentence; empty unless answered.")
    sentence_local = serializers.CharField()
    understood = serializers.JSONField(help_text="The query object; null where nothing was understood.")
    chips = serializers.ListField(child=serializers.CharField(), help_text="`understood` in words, part by part.")
    unused = serializers.ListField(child=serializers.CharField(), help_text="Words nothing was made of.")
    steps = serializers.ListField(child=serializers.CharField())
    columns = ColumnOut(many=True)
    rows = serializers.ListField(child=serializers.ListField())
    total = serializers.IntegerField(allow_null=True, help_text="Rows on all pages; null when they were not counted.")
    next_page = serializers.IntegerField(allow_null=True, help_text="`page` of the rows that follow; null on the last.")
    readings = ReadingOut(many=True, help_text="verdict `which`: ask again with one of these.")
    near = serializers.ListField(child=serializers.CharField(), help_text="verdict `sorry`: questions like it.")
    why = serializers.CharField(help_text="verdict `sorry`, `refused` or `failed`: a sentence.")
    why_local = serializers.CharField()
    sql = serializers.CharField(help_text="What was run; for people who work here alone.")
    fresh_at = serializers.DateTimeField(allow_null=True, help_text="How old the oldest part of it is.")
    cached = serializers.BooleanField()
    by_model = serializers.BooleanField(help_text="Read with the help of a language model.")
    ms = serializers.IntegerField()
    log_id = serializers.UUIDField(allow_null=True, help_text="For /query/feedback/.")


class SuggestOut(serializers.Serializer[Any]):
    questions = serializers.ListField(child=serializers.CharField())


class FeedbackBody(serializers.Serializer[Any]):
    log_id = serializers.UUIDField()
    helpful = serializers.BooleanField()
    words = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")


class AskView(APIView):
    """Open to everybody: what is answered follows the caller's roles. Strangers have a limit of their own."""

    permission_classes = (AllowAny,)
    times = 1
    budget = "ask-public"

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        address = client_address(request._request)
        if getattr(request.user, "pk", None) is None and not is_exempt(address):
            check_limit(self.budget, address, limit=settings.ASK_PUBLIC_PER_MINUTE * self.times, per_s=60)


class QueryView(AskView):
    @extend_schema(
        operation_id="query_get",
        summary="Ask a question",
        tags=["ask"],
        parameters=[
            text("q", longest=LONGEST_QUESTION, required=True, description="In words."),
            whole("page", least=0, most=MOST_PAGE, default=0, description="From `next_page`."),
        ],
        responses={200: AnswerOut, 403: OpenApiResponse(description="not-allowed: this is not for the caller to ask.")},
    )
    def get(self, request: Request) -> Response:
        question = request.query_params.get("q", "").strip()
        page = request.query_params.get("page", "0")
        if not question:
            raise Invalid("q: Ask something.", errors={"q": ["Ask something."]})
        if not (page.isascii() and page.isdigit() and len(page) < 4):
            sentence = f"A whole number from 0 to {MOST_PAGE}."
            raise Invalid(f"page: {sentence}", errors={"page": [sentence]})
        return _answer(request, question, int(page))

    @extend_schema(
        operation_id="query",
        summary="Ask a question, or what was understood of one",
        tags=["ask"],
        request=QueryBody,
        responses={200: AnswerOut, 403: OpenApiResponse(description="not-allowed: this is not for the caller to ask.")},
    )
    def post(self, request: Request) -> Response:
        asked = parsed(QueryBody(data=request.data))
        return _answer(request, asked.get("question") or asked["understood"], asked["page"])


class SuggestView(AskView):
    times = 6
    budget = "ask-public-ideas"

    @extend_schema(
        operation_id="query_suggest",
        summary="Questions that begin like this",
        tags=["ask"],
        parameters=[text("q", longest=LONGEST_TYPED, description="What is typed so far; empty: examples.")],
        responses={200: SuggestOut},
    )
    def get(self, request: Request) -> Response:
        typed = request.query_params.get("q", "")
        if len(typed) > LONGEST_TYPED:
            sentence = f"At most {LONGEST_TYPED} letters."
            raise Invalid(f"q: {sentence}", errors={"q": [sentence]})
        found = asking.suggest(typed, caller=_caller(request))
        return Response({"questions": list(found)})


class FeedbackView(AskView):
    @extend_schema(
        operation_id="query_feedback",
        summary="Say whether an answer was right",
        tags=["ask"],
        request=FeedbackBody,
        responses={204: OpenApiResponse(description="Noted.")},
    )
    def post(self, request: Request) -> Response:
        asking.note_feedback(caller=_caller(request), **parsed(FeedbackBody(data=request.data)))
        return Response(status=204)


@extend_schema(exclude=True)
class QueryAlias(QueryView):
    """The same without the last slash."""


@extend_schema(exclude=True)
class SuggestAlias(SuggestView):
    """The same without the last slash."""


@extend_schema(exclude=True)
class FeedbackAlias(FeedbackView):
    """The same without the last slash."""


def _caller(request: Request) -> Any:
    return asking.caller_of(getattr(request.user, "pk", None), roles_of(request.user))


def _answer(request: Request, asked: str | dict[str, Any], page: int) -> Response:
    found = asking.ask(asked, caller=_caller(request), now=timezone.now(), page=page)
    if not found.is_query:
        raise Invalid(f"understood: {found.why}", errors={"understood": [found.why]})
    if found.verdict == "refused" and isinstance(asked, dict):
        raise NotAllowed(found.why)
    works_here = bool(roles_of(request.user) - {"customer"})
    return Response(with_local(_out(found, with_sql=works_here), keys=("sentence", "why")))


def _out(found: Told, *, with_sql: bool) -> dict[str, Any]:
    return {
        "verdict": found.verdict,
        "question": found.question,
        "sentence": found.sentence,
        "understood": found.understood,
        "chips": [chip.text for chip in found.chips],
        "unused": list(found.unused),
        "steps": list(found.steps),
        "columns": [{"name": column.name, "label": column.label, "kind": column.kind} for column in found.columns],
        "rows": [[cells.as_json(cell) for cell in row] for row in found.rows],
        "total": found.total,
        "next_page": found.page + 1 if found.more else None,
        "readings": [{"text": way.text, "understood": way.understood} for way in found.ways],
        "near": list(found.near),
        "why": found.why,
        "sql": found.sql if with_sql else "",
        "fresh_at": found.fresh_at,
        "cached": found.cached,
        "by_model": found.by_model,
        "ms": found.ms,
        "log_id": found.log_id,
    }
