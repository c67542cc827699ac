"""What every operation of the OpenAPI schema says besides its own: problems, and the Idempotency-Key where one is
needed."""

from typing import Any, Literal

from drf_spectacular.openapi import AutoSchema as SpectacularAutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from blinkit.kernel.idempotency import HEADER


class AutoSchema(SpectacularAutoSchema):
    def get_override_parameters(self) -> list[Any]:
        handler = getattr(self.view, self.method.lower(), None)
        action = getattr(self.view, str(getattr(self.view, "action", "") or ""), None)
        if getattr(handler, "idempotent", False) or getattr(action, "idempotent", False):
            return [
                OpenApiParameter(
                    HEADER,
                    OpenApiTypes.STR,
                    OpenApiParameter.HEADER,
                    required=True,
                    description="A new value for each new intention; the same value gives the same answer.",
                )
            ]
        return []

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        bodies.setdefault("default", self._problem())
        return bodies

    def _problem(self) -> dict[str, Any]:
        """RFC 9457, inline: one small object that never changes."""
        return {
            "description": "A problem (RFC 9457).",
            "content": {
                "application/problem+json": {
                    "schema": {
                        "type": "object",
                        "properties": {
                            "type": {"type": "string", "examples": ["/problems/out-of-stock"]},
                            "title": {"type": "string"},
                            "status": {"type": "integer"},
                            "detail": {"type": "string"},
                            "request_id": {"type": "string"},
                        },
                        "required": ["type", "title", "status", "detail"],
                        "additionalProperties": True,
                    }
                }
            },
        }
