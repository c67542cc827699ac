"""`manage.py draw_problems`: docs/problems.md from the refusals of the code, so that none is missing there."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand

from blinkit.kernel.errors import Refusal

PAGE = Path(settings.BASE_DIR) / "docs" / "problems.md"
FIRST = ("blinkit", "accounts", "catalog", "orders", "payments")
HEAD = """# Problems

Every refusal of the API: the last part of a problem's `type`, its status, what it means and what it carries beside the
usual fields ([doors](api.md#what-every-door-keeps)). The list is made of the code by `manage.py draw_problems`. A code
that an app does not know means what its status says: 400 mend the request, 401 exchange the token, 403 not for this
person, 404 not there or somebody else's, 409 read again and decide anew, 429 and 503 again after `Retry-After`.
"""


def refusals() -> list[type[Refusal]]:
    """Each kind of refusal of this project, by code."""
    import_module(settings.ROOT_URLCONF)  # the doors, and with them whatever they may answer
    names = {app.name for app in apps.get_app_configs()} | {"blinkit"}
    found = {
        kind for kind in _below(Refusal) if kind.__module__.split(".")[0] in names and ".tests." not in kind.__module__
    }
    return sorted({kind for kind in found if kind.__qualname__ == kind.__name__}, key=lambda kind: kind.code)


def _below(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    for child in kind.__subclasses__():
        yield child
        yield from _below(child)


def meaning_of(kind: type[Refusal]) -> str:
    """What its class says of itself: a sentence of its own, then its docstring. "" when it says nothing."""
    own = vars(kind)
    told = [str(own.get("default_detail", "")), own.get("__doc__") or ""]
    return " ".join(" ".join(told).split())


def drawn() -> str:
    rows: dict[str, list[str]] = {}
    for kind in refusals():
        room = kind.__module__.split(".")[0]
        rows.setdefault(room, []).append(f"| `{kind.code}` | {kind.status} | {meaning_of(kind).replace('|', '/')} |")
    parts = [HEAD]
    for room in [*FIRST, *sorted(set(rows) - set(FIRST))]:
        title = "Everywhere" if room == "blinkit" else room
        parts += [
            f"\n## {title}\n\n",
            "| code | status | meaning |\n|---|---|---|\n",
            *(f"{row}\n" for row in rows[room]),
        ]
    return "".join(parts)


class Command(BaseCommand):
    help = "Write docs/problems.md: every refusal with its code, its status and its meaning."

    def handle(self, *args: Any, **options: Any) -> None:
        PAGE.write_text(drawn(), encoding="utf-8")
        self.stdout.write(f"{PAGE.relative_to(settings.BASE_DIR)} is written.")
