"""`manage.py draw_states`: the state diagram of docs/states.md from orders/states.py, so that it can't go stale."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from orders.states import CUSTOMER_MAY_CANCEL, NEXT, STAFF_MAY_CANCEL, Status

PAGE = Path(settings.BASE_DIR) / "docs" / "states.md"
BEGIN, END = "<!-- drawn: manage.py draw_states -->", "<!-- /drawn -->"


def drawn() -> str:
    """The generated part: a Mermaid diagram and who may cancel where."""
    arrows = [f"    {old} --> {new}" for old in Status for new in Status if new in NEXT[old]]
    ends = [f"    {status} --> [*]" for status in Status if not NEXT[status]]
    rows = [
        f"| `{status}` | {status.label} | {'yes' if status in CUSTOMER_MAY_CANCEL else 'no'}"
        f" | {'yes' if status in STAFF_MAY_CANCEL else 'no'} |"
        for status in Status
    ]
    diagram = ["```mermaid", "stateDiagram-v2", "    [*] --> PENDING", "    [*] --> CONFIRMED", *arrows, *ends, "```"]
    table = ["| status | said as | customer may cancel | staff may cancel |", "|---|---|---|---|", *rows]
    return "\n".join([BEGIN, "", *diagram, "", *table, "", END])


class Command(BaseCommand):
    help = "Draw the life of an order into docs/states.md from the table the code obeys."

    def handle(self, *args: Any, **options: Any) -> None:
        text = PAGE.read_text(encoding="utf-8")
        before, rest = text.split(BEGIN, 1)
        after = rest.split(END, 1)[1]
        PAGE.write_text(before + drawn() + after, encoding="utf-8")
        self.stdout.write(f"{PAGE.relative_to(settings.BASE_DIR)} is drawn.")
