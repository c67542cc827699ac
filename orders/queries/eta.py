"""The learned model in use, read once per process (without one, or with one that can't be read, there is none), and
what came of the last training."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import structlog

from blinkit.kernel import live
from orders.etas import EtaModel
from orders.promise.facts import Corrector, corrector_from
from orders.promise.trees import BadTrees

log = structlog.get_logger(__name__)

NOTED = "eta-training"
"""The fact in Redis: what came of the last training, for a week."""


class Outcome(StrEnum):
    NOT_INSTALLED = "not-installed"
    TOO_FEW = "too-few"
    TAKEN = "taken"
    KEPT_OUT = "kept-out"
    ROLLED_BACK = "rolled-back"


@dataclass(frozen=True, slots=True)
class Training:
    """What makes the promises now (`in_use` "" for the rule of thumb), and what came of the last training; `outcome`
    None when none is known of."""

    in_use: str = ""
    trained_at: datetime | None = None
    outcome: Outcome | None = None
    at: datetime | None = None
    model: str = ""
    orders: int = 0


def training_now() -> Training:
    """One statement and one round trip to Redis; a note that can't be read is none."""
    using = EtaModel.objects.filter(is_active=True).values_list("pk", "trained_at").first()
    in_use, trained_at = ("", None) if using is None else (f"l{using[0]}", using[1])
    noted = live.recall(NOTED) or {}
    try:
        outcome, at = Outcome(noted["outcome"]), datetime.fromisoformat(noted["at"])
        return Training(in_use, trained_at, outcome, at, str(noted.get("model", "")), int(noted.get("orders", 0)))
    except (KeyError, TypeError, ValueError):
        return Training(in_use, trained_at)


_read: dict[int, Corrector | None] = {}


def corrector(model_id: int | None) -> Corrector | None:
    """The model of this number: one statement the first time. A model never changes, so it is kept for good."""
    if model_id is None:
        return None
    if model_id not in _read:
        if len(_read) >= 3:
            _read.clear()
        _read[model_id] = _load(model_id)
    return _read[model_id]


def _load(model_id: int) -> Corrector | None:
    kept = EtaModel.objects.filter(pk=model_id).values_list("kept", flat=True).first()
    try:
        return corrector_from(kept)
    except BadTrees as error:
        log.warning("eta-model-unreadable", model=model_id, why=str(error))
        return None
