"""Answers kept in each process for a few seconds: what every page needs and changes a few times a month."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from django.conf import settings

T = TypeVar("T")


class BrieflyKept(Generic[T]):
    """The last answer of a read, for `CATALOG_CACHE_S` seconds (15 unless set; 0 asks each time, as tests do), or so
    many `times` as long. At most so many answers, `most`."""

    def __init__(self, read: Callable[..., T], *, times: int = 1, most: int = 2_000) -> None:
        self._read = read
        self._times = times
        self._most = most
        self._kept: dict[tuple[Any, ...], tuple[float, T]] = {}

    def __call__(self, *key: Any) -> T:
        seconds = getattr(settings, "CATALOG_CACHE_S", 0 if getattr(settings, "TESTING", False) else 15)
        kept = self._kept.get(key)
        if kept is not None and time.monotonic() < kept[0]:
            return kept[1]
        if len(self._kept) >= self._most:
            self._kept.clear()
        answer = self._read(*key)
        self._kept[key] = (time.monotonic() + seconds * self._times, answer)
        return answer

    def forget(self) -> None:
        self._kept.clear()
