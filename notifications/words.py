"""Templates: which words, in which language, filled in."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from functools import cache

import structlog

from blinkit.kernel import metrics
from notifications.models import Template
from notifications.templates_default import defaults

log = structlog.get_logger(__name__)

KEEP_S = 30
"""An edited template is in use everywhere after this long."""
FALLBACK_LANGUAGE = "en"

Key = tuple[str, str, str]

_rows: dict[Key, tuple[str, str] | None] = {}
_read_at = float("-inf")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def render(code: str, channel: str, language: str, words: Mapping[str, str]) -> tuple[str, str] | None:
    """(subject, body) in the person's language, else in English. None when this message is switched off or unknown.

    The row counts; where there is none, the words the software came with. An inactive row switches the message off for
    its language.
    """
    for spoken in dict.fromkeys((language, FALLBACK_LANGUAGE)):
        key = (code, str(channel), spoken)
        rows = _templates()
        found = rows[key] if key in rows else _built_in().get(key)
        if found is not None:
            return fill(found[0], words), fill(found[1], words)
        if key in rows:
            return None  # switched off
    metrics.count("messages_without_template_total", template=code)
    log.error("no words for a message", template=code, channel=str(channel))
    return None


def fill(text: str, words: Mapping[str, str]) -> str:
    """Put words in for {placeholders}; one that is not known becomes nothing. Not str.format: templates are edited by
    people, and format strings reach into objects."""
    filled = _PLACEHOLDER.sub(lambda found: words.get(found[1], ""), text)
    return "\n".join(line.strip() for line in filled.split("\n")).strip()


def placeholders(text: str) -> frozenset[str]:
    return frozenset(_PLACEHOLDER.findall(text))


def forget() -> None:
    """Read the rows anew next time (after an edit, in tests)."""
    global _read_at
    _read_at = float("-inf")


def _templates() -> dict[Key, tuple[str, str] | None]:
    global _rows, _read_at
    if time.monotonic() - _read_at > KEEP_S:
        rows = Template.objects.values_list("code", "channel", "language", "subject", "body", "is_active")
        _rows = {(code, ch, lang): (subject, body) if on else None for code, ch, lang, subject, body, on in rows}
        _read_at = time.monotonic()
    return _rows


@cache
def _built_in() -> dict[Key, tuple[str, str]]:
    return {(words.code, str(words.channel.value), words.language): (words.subject, words.body) for words in defaults()}
