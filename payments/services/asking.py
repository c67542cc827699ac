"""Asking a gateway about one attempt now, rather than waiting for its webhook."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from payments import gateways
from payments.models import Attempt
from payments.services import settling


def ask_about(*, attempt_id: UUID, now: datetime) -> str:
    """What became of an attempt, acted on as its webhook would be. Returns the outcome in words, "" for none yet.

    Raises GatewayDown. The gateway is called outside transactions; repeating is silent.
    """
    gateway, gateway_ref = Attempt.objects.values_list("gateway", "gateway_ref").get(pk=attempt_id)
    if not gateway_ref:
        return ""
    with gateways.guarded(gateway):
        notice = gateways.named(gateway).look_up(gateway_ref=gateway_ref)
    if notice is None:
        return ""
    with transaction.atomic():
        return settling._act(gateway, notice, now=now)
