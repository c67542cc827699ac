"""Structured logs: one JSON object per line (or coloured lines on a terminal), without secrets or phone numbers."""

import logging
import logging.config
import re
from collections.abc import Mapping, MutableMapping
from typing import Any

import orjson
import structlog

from blinkit.kernel.context import request_id

HIDDEN = "[hidden]"
_SECRET_NAME = re.compile(
    r"otp|password|secret|token|authorization|cookie|session|card|cvv|phone|signature|api_?key|credential",
    re.IGNORECASE,
)
_HARMLESS_NAMES = frozenset({"token_type", "session_count", "card_kind"})
# Values that look like secrets wherever they stand: bearer tokens, JWTs, card numbers, Indian mobile numbers.
_SECRET_VALUE = re.compile(
    r"(?i:bearer\s+)[\w.~+/=-]+"
    r"|eyJ[\w-]{8,}\.[\w-]+\.[\w-]*"
    r"|(?<![\w-])(?:\d{4}[ -]){3}\d{1,7}(?![\w-])|(?<![\w.-])[3-6]\d{12,18}(?![\w.-])"
    r"|(?<![\w.-])(?:\+?91[ -]?|0)?[6-9]\d{4}[ -]?\d{5}(?![\w.-])"
)
_QUICK_LOOK = re.compile(r"\d{4}|eyJ|earer")


def hide(name: str, value: Any) -> Any:
    """The value as it may be written to a log under this name."""
    if _SECRET_NAME.search(name) and name not in _HARMLESS_NAMES:
        return value if value in (None, "", True, False) else HIDDEN
    if isinstance(value, str):
        return _SECRET_VALUE.sub(HIDDEN, value) if _QUICK_LOOK.search(value) else value
    if isinstance(value, Mapping):
        return {str(inner): hide(str(inner), item) for inner, item in value.items()}
    if isinstance(value, list | tuple):
        return [hide("", item) for item in value]
    return value


def redact(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in event.items():
        if name not in ("timestamp", "level", "logger", "exc_info", "_record", "_from_structlog"):
            event[name] = hide(name, value)
    return event


def add_request_id(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if found := request_id.get():
        event.setdefault("request_id", found)
    return event


def to_json(value: Any, **_: Any) -> str:
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def configure(given: Mapping[str, Any]) -> None:
    """Called by Django with settings.LOGGING: {"level": "INFO", "format": "json" | "console"}."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_request_id,
        structlog.stdlib.ExtraAdder(),
    ]
    last: list[Any]
    if given.get("format") == "console":
        last = [redact, structlog.dev.ConsoleRenderer(colors=True)]
    else:
        # The traceback is text by the time it is redacted: it can carry values too.
        last = [structlog.processors.format_exc_info, redact, structlog.processors.JSONRenderer(serializer=to_json)]
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "lines": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": shared,
                    "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
            "root": {"handlers": ["stderr"], "level": given.get("level", "INFO")},
            "loggers": {
                # These speak through the request line or not at all.
                "django.server": {"level": "WARNING", "handlers": [], "propagate": True},
                "django.request": {"level": "ERROR", "handlers": [], "propagate": True},
                "django.channels.server": {"level": "WARNING", "handlers": [], "propagate": True},
                "celery.worker.strategy": {"level": "WARNING"},  # "received" and "succeeded" of every task:
                "celery.app.trace": {"level": "WARNING"},  # the metrics count them
                "daphne": {"level": "WARNING"},
                "asyncio": {"level": "WARNING"},
                "kombu": {"level": "WARNING"},
            },
        }
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared[:-1],
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
