"""What measuring commands share: a table for people, one JSON object as the last line, progress on standard error."""

import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TextIO, TypeVar

import orjson

T = TypeVar("T")

SPARSE_EVERY_S = 5.0
BAR_EVERY_S = 0.1


def report(
    rows: Sequence[Mapping[str, object]],
    figures: Mapping[str, object],
    *,
    title: str = "",
    out: TextIO | None = None,
) -> None:
    """Print the rows as an aligned table (headings are the keys of the first), then `figures` as one JSON line."""
    out = out or sys.stdout
    if title:
        print(f"\n{title}", file=out)
    if rows:
        headings = list(rows[0])
        cells = [[_cell(row.get(heading, "")) for heading in headings] for row in rows]
        numeric = [all(isinstance(row.get(heading, 0), int | float) for row in rows) for heading in headings]
        widths = [max(len(heading), *(len(line[i]) for line in cells)) for i, heading in enumerate(headings)]

        def aligned(line: Sequence[str]) -> str:
            parts = [
                text.rjust(width) if right else text.ljust(width)
                for text, width, right in zip(line, widths, numeric, strict=True)
            ]
            return "  ".join(parts).rstrip()

        print(aligned(headings), file=out)
        print("  ".join("-" * width for width in widths), file=out)
        for line in cells:
            print(aligned(line), file=out)
        print(file=out)
    print(orjson.dumps(figures, default=str, option=orjson.OPT_NON_STR_KEYS).decode(), file=out, flush=True)


def progress(
    items: Iterable[T], *, total: int | None = None, label: str = "", err: TextIO | None = None
) -> Iterator[T]:
    """Yield the items and show how far it is: a bar on a terminal, else a line every few seconds.

    `total` is taken from the items when they have a length.
    """
    err = err or sys.stderr
    if total is None and hasattr(items, "__len__"):
        total = len(items)  # type: ignore[arg-type]
    on_terminal = err.isatty()
    every_s = BAR_EVERY_S if on_terminal else SPARSE_EVERY_S
    started = shown = time.monotonic()
    done = 0
    for item in items:
        yield item
        done += 1
        now = time.monotonic()
        if now - shown >= every_s:
            shown = now
            _show(err, on_terminal, label, done, total, now - started)
    if on_terminal and shown > started:
        _show(err, on_terminal, label, done, total, time.monotonic() - started)
        print(file=err)


def _show(err: TextIO, on_terminal: bool, label: str, done: int, total: int | None, took_s: float) -> None:
    rate = done / took_s if took_s else 0
    if total:
        share = min(1.0, done / total)
        left_s = (total - done) / rate if rate else 0
        text = f"{label} {share:4.0%}  {done:,}/{total:,}  {left_s:.0f} s left"
        if on_terminal:
            filled = round(share * 30)
            text = (
                f"{label} [{'█' * filled}{'·' * (30 - filled)}] {share:4.0%}  {done:,}/{total:,}  {left_s:.0f} s left"
            )
    else:
        text = f"{label} {done:,}  {rate:,.0f}/s"
    if on_terminal:
        print(f"\r\x1b[K{text.strip()}", end="", file=err, flush=True)
    else:
        print(text.strip(), file=err, flush=True)


def _cell(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.2f}"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value)
