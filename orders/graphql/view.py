"""POST /graphql: one query as JSON. Signing in, limits, sizes and refusals are those of REST: it is a REST view."""

from __future__ import annotations

from typing import Any

import structlog
from asgiref.sync import async_to_sync
from drf_spectacular.utils import extend_schema
from graphql import GraphQLError
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from strawberry.schema.exceptions import InvalidOperationTypeError
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType

from blinkit.kernel.api import JSONParser, JSONRenderer, parsed
from blinkit.kernel.context import request_id
from blinkit.kernel.errors import Invalid
from blinkit.kernel.problems import OurFault, as_refusal
from blinkit.kernel.words import said
from orders.graphql.loaders import Context
from orders.graphql.schema import schema

log = structlog.get_logger(__name__)

LONGEST_QUERY = 10_000
MOST_BYTES = 32 * 1024


class GraphQLBody(serializers.Serializer[Any]):
    query = serializers.CharField(max_length=LONGEST_QUERY)
    variables = serializers.DictField(required=False, allow_null=True, default=None)
    operationName = serializers.CharField(max_length=100, required=False, allow_null=True, default=None)


class GraphQLParser(JSONParser):
    most_bytes = MOST_BYTES


class GraphQLRenderer(JSONRenderer):
    media_type = "application/graphql-response+json"


class GraphQLView(APIView):
    """JSON by POST only: a form of another site cannot send that, and a session still needs its CSRF token."""

    permission_classes = (AllowAny,)
    parser_classes = (GraphQLParser,)
    renderer_classes = (JSONRenderer, GraphQLRenderer)

    @extend_schema(exclude=True)
    def post(self, request: Request) -> Response:
        """200 with `data`, and `errors` for the parts that were refused; 400 when nothing was run."""
        if isinstance(request.data, list):
            raise Invalid("One query at a time.")
        body = parsed(GraphQLBody(data=request.data))
        result = async_to_sync(_run)(request, body)
        answer: dict[str, Any] = {"data": result.data}
        if result.errors:
            answer["errors"] = [told(error) for error in result.errors]
        if result.extensions:
            answer["extensions"] = result.extensions
        nothing_ran = bool(result.errors) and all(error.path is None for error in result.errors or ())
        if nothing_ran:
            del answer["data"]
        return Response(answer, status=400 if nothing_ran else 200, headers={"Cache-Control": "no-store"})


async def _run(request: Request, body: dict[str, Any]) -> ExecutionResult:
    try:
        return await schema.execute(
            body["query"],
            variable_values=body["variables"],
            operation_name=body["operationName"],
            context_value=Context(request, body["operationName"]),
            allowed_operation_types=[OperationType.QUERY],
        )
    except Exception as error:
        # What strawberry raises for a document without the operation it should run, or with one that writes.
        if type(error).__module__.startswith("strawberry."):
            writes = isinstance(error, InvalidOperationTypeError)
            sentence = (
                "Only queries are answered here: what changes something goes through REST." if writes else str(error)
            )
            refused = GraphQLError(sentence or "There is no such operation in this query.")
            return ExecutionResult(data=None, errors=[refused])
        raise


def told(error: GraphQLError) -> dict[str, Any]:
    """One error as the caller reads it: the code and the sentence of REST; never what a bug says of itself."""
    answer: dict[str, Any] = {"message": error.message}
    if error.locations:
        answer["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    if error.path is not None:
        answer["path"] = error.path
    cause = error.original_error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    if error.path is None or cause is None:
        answer["extensions"] = {"code": "bad-query", **(error.extensions or {})}
        return answer
    refusal = as_refusal(cause)
    if refusal is None:
        log.error("a field of /graphql failed", path=error.path, exc_info=cause)
        refusal = OurFault()
    answer["message"] = said(refusal.detail)
    answer["extensions"] = {
        "code": refusal.code,
        "status": refusal.status,
        **refusal.extra,
        "request_id": request_id.get(),
    }
    return answer
