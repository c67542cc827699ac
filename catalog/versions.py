"""Small tokens in Redis that say whether something may have changed since they were last read."""

from __future__ import annotations

import time

import structlog

from blinkit.kernel.after_commit import gather
from blinkit.kernel.redis_client import client, key

log = structlog.get_logger(__name__)


def read(name: str) -> str:
    """The token; a new one when there is none. "" when Redis does not answer."""
    at = key(f"version:{name}")
    try:
        found = client().get(at)
        if found is None:  # never an old number again, also after Redis lost everything
            client().set(at, _fresh(), nx=True)
            found = client().get(at)
        return str(found or "")
    except Exception as error:
        log.warning("version unknown", name=name, error=repr(error))
        return ""


def bump(name: str) -> None:
    """Change the token after the commit. Never raises."""
    gather(_write, name)


def _write(names: list[str]) -> None:
    try:
        client().mset({key(f"version:{name}"): _fresh() for name in names})
    except Exception as error:
        log.warning("version not changed", names=names, error=repr(error))


def _fresh() -> str:
    return format(time.time_ns(), "x")
