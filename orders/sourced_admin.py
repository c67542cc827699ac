"""Why this store: the stores that were judged for an order, as a table on its page in the administration."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from orders.queries.sourced import Choice, JudgedStore, choices_of


def why_this_store(order_id: UUID) -> SafeString:
    tables = [(_table(choice),) for choice in choices_of(order_id)]
    if not tables:
        return format_html("<p>{}</p>", "Not kept any more: choices are forgotten after 30 days.")
    return format_html_join("", '<div class="mb-4">{}</div>', tables)


def _table(choice: Choice) -> SafeString:
    at = timezone.localtime(choice.at).strftime("%d %b %H:%M:%S")
    head = f"{choice.cause}, {at}" + (f": {choice.why}" if choice.why else "")
    if not choice.stores:
        return format_html("<p><b>{}</b> · {}</p>", head, choice.store)
    rows = format_html_join("", "{}", ((_row(one),) for one in choice.stores))
    return format_html(
        '<p class="mb-1"><b>{}</b></p><table class="w-full text-left"><thead><tr><th>Store</th><th>Seconds to the door'
        "</th><th>Made of</th><th>Against it</th></tr></thead><tbody>{}</tbody></table>{}",
        head,
        rows,
        "" if choice.store else "Nobody could: the order was cancelled and refunded.",
    )


def _row(one: JudgedStore) -> SafeString:
    parts = ", ".join(f"{name} {seconds:+.0f}" for name, seconds in one.parts)
    against = one.reason + (f": {', '.join(one.missing)}" if one.missing else "")
    if one.is_chosen:
        return format_html(
            '<tr class="font-semibold"><td>✓ {} (chosen)</td><td>{}</td><td>{}</td><td>{}</td></tr>',
            one.code, f"{one.score_s:.0f}", parts, against,
        )  # fmt: skip
    return format_html(
        "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
        one.code, f"{one.score_s:.0f}" if one.parts else "", parts, against,
    )  # fmt: skip
