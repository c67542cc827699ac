"""The learned model in use, read once per process; without one, or with one that can't be read, there is none."""

from __future__ import annotations

import structlog

from orders.etas import EtaModel
from orders.promise.facts import Corrector, corrector_from
from orders.promise.trees import BadTrees

log = structlog.get_logger(__name__)

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
