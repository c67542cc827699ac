"""What the rider's calls have in common."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework.response import Response
from rest_framework.views import APIView

from blinkit.kernel.permissions import HasRole
from delivery import queries, services
from delivery.models import Rider

TAGS = ["rider"]


def fresh(data: Any) -> Response:
    return Response(data, headers={"Cache-Control": "no-store"})


class RiderView(APIView):
    """Base: the signed-in rider."""

    permission_classes = (HasRole.of("rider"),)

    def rider(self) -> Rider:
        return services.rider_of(int(self.request.user.pk))  # type: ignore[arg-type]  # riders only

    def state(self) -> Response:
        return fresh(queries.rider_state(rider=self.rider(), now=timezone.now()))
