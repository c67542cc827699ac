"""Settlement files against our books: each line is matched, kept and posted once; what differs is said.

What a gateway has paid out leaves its clearing account for the bank; fees and the GST on them stay between. What we
have no reason for waits on `suspense:<gateway>` (payments/ledger.py), so that the clearing account is what it still
owes us.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q

from blinkit.kernel import metrics
from blinkit.kernel.money import BASIS_POINTS, rupees
from payments import ledger
from payments.ledger import Posting
from payments.models import Attempt, AttemptState, Refund, RefundState
from payments.settlement_files import BadFile, Line, SettlementFile
from payments.settlements import LineKind, Problem, SettlementLine

CHUNK = 5_000
MOST_MISSING = 1_000
SAMPLE = 500
ROUNDING_PAISE = 1
"""A fee may be rounded up."""

_Watch = Callable[[Sequence[Line]], Iterable[Line]]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to look into."""

    problem: str
    line_id: str
    settlement_id: str
    found_paise: int
    detail: str


@dataclass(slots=True)
class Outcome:
    lines: int = 0
    new: int = 0
    net_paise: int = 0
    """Of the new lines: what went into the bank."""
    fee_paise: int = 0
    tax_paise: int = 0
    findings: list[Finding] = field(default_factory=list)
    missing: int = 0

    @property
    def counts(self) -> dict[str, int]:
        return dict(Counter(finding.problem for finding in self.findings))


def import_settlement(
    *,
    gateway: str,
    file: SettlementFile,
    now: datetime,
    unit: str | None = None,
    after_days: int = 3,
    watch: _Watch = iter,
) -> Outcome:
    """Match, keep and post every line of a file, all or nothing; what is known already changes nothing and is told
    again.

    `unit` ("rupees" or "paise") is what the file's figures are in; without it the file's own word holds, and where it
    has none our captures tell. Eight statements per 5,000 lines. `missing` are captures and refunds older than
    `after_days` that no file has named. Raises BadFile when the unit can't be told.
    """
    scale = _scale(gateway, file, unit)
    out = Outcome(lines=len(file.lines))
    with transaction.atomic():
        _one_at_a_time(gateway)
        seen: set[str] = set()
        lines = iter(watch(file.lines))
        while chunk := list(islice(lines, CHUNK)):
            _import_chunk(gateway, chunk, scale, seen, out, now=now)
        _add_missing(gateway, out, before=now - timedelta(days=after_days))
    for problem, count in out.counts.items():
        metrics.count("settlement_differences_total", count, gateway=gateway, problem=problem)
    return out


def _one_at_a_time(gateway: str) -> None:
    """Whether a line is known, or its payment settled, is asked of what other imports have finished writing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"settlement:{gateway}"])


def _scale(gateway: str, file: SettlementFile, unit: str | None) -> int:
    """Paise per figure. Where neither the caller nor the file tells, the first payments we know do."""
    if known := unit or file.unit:
        return 100 if known == "rupees" else 1
    lines = [line for line in file.lines if line.kind == LineKind.PAYMENT][:SAMPLE]
    attempts, _ = _known(gateway, lines)
    as_paise = as_rupees = 0
    for line in lines:
        attempt = _first(attempts, line)
        if attempt is not None and attempt.captured_paise:
            as_paise += line.figures.amount == attempt.captured_paise
            as_rupees += line.figures.amount * 100 == attempt.captured_paise
    if as_paise == as_rupees:
        raise BadFile("Are the amounts rupees or paise? The file does not tell: say --unit rupees or --unit paise.")
    return 1 if as_paise > as_rupees else 100


def _import_chunk(
    gateway: str, chunk: Sequence[Line], scale: int, seen: set[str], out: Outcome, *, now: datetime
) -> None:
    kept = {
        row.line_id: row
        for row in SettlementLine.objects.filter(gateway=gateway, line_id__in=[line.line_id for line in chunk])
    }
    attempts, refunds = _known(gateway, [line for line in chunk if line.line_id not in kept])
    settled = _settled(attempts, refunds)
    new: list[SettlementLine] = []
    postings: list[Posting] = []
    for line in chunk:
        if line.line_id in seen:
            _find(out, Problem.TWICE, line, "The same line stands in the file twice; it counts once.")
            continue
        seen.add(line.line_id)
        row = kept.get(line.line_id)
        if row is None:
            row, ours_paise, ref = _match(gateway, line, scale, attempts, refunds, settled, now=now)
            new.append(row)
            postings.append(_posting(row, ours_paise, ref))
        if row.problem:
            _find(out, row.problem, line, row.detail, row.amount_paise)
    SettlementLine.objects.bulk_create(new)
    ledger.post_many("settled", postings)
    out.new += len(new)
    out.net_paise += sum(row.net_paise for row in new)
    out.fee_paise += sum(row.fee_paise for row in new)
    out.tax_paise += sum(row.tax_paise for row in new)


def _match(
    gateway: str,
    line: Line,
    scale: int,
    attempts: dict[str, Attempt],
    refunds: dict[str, Refund],
    settled: set[UUID],
    *,
    now: datetime,
) -> tuple[SettlementLine, int, UUID | None]:
    """The row of a new line, what of it leaves the clearing account (paise, negative for a refund), and whose it is."""
    figures = line.figures
    amount, fee, tax, net = (int(x * scale) for x in (figures.amount, figures.fee, figures.tax, figures.net))
    row = SettlementLine(
        gateway=gateway, line_id=line.line_id, settlement_id=line.settlement_id, settled_at=line.settled_at,
        kind=line.kind, word=line.word, amount_paise=amount, fee_paise=fee, tax_paise=tax, net_paise=net,
        imported_at=now,
    )  # fmt: skip
    ours_paise, ref = 0, None
    found: Attempt | Refund | None = None
    if line.kind == LineKind.PAYMENT and (attempt := _first(attempts, line)):
        row.attempt, found = attempt, attempt
        ours_paise = attempt.captured_paise if attempt.state in (AttemptState.CAPTURED, AttemptState.STRAY) else 0
    elif line.kind == LineKind.REFUND and (refund := _first(refunds, line)):
        row.refund, found = refund, refund
        ours_paise = -refund.amount_paise
    is_twice = found is not None and found.pk in settled
    if found is not None:
        settled.add(found.pk)
        ref = found.payment.ref
    row.problem, row.detail = _judge(row, found, ours_paise, is_twice=is_twice)
    return row, 0 if is_twice else ours_paise, ref


def _judge(row: SettlementLine, found: Attempt | Refund | None, ours_paise: int, *, is_twice: bool) -> tuple[str, str]:
    """What differs, the worst first, and a sentence about it."""
    back = row.kind == LineKind.REFUND
    if found is None:
        what = row.word or row.get_kind_display()
        return Problem.UNKNOWN, f"No {'refund' if back else 'payment'} of ours: {what} of {rupees(row.net_paise)}."
    if is_twice:
        return Problem.TWICE, "Another line has settled it already."
    if row.amount_paise != abs(ours_paise):
        if not ours_paise:
            return Problem.AMOUNT, f"We have not captured it: {found}."
        return Problem.AMOUNT, f"We have {rupees(abs(ours_paise))}, the file {rupees(row.amount_paise)}."
    should = (-row.amount_paise if back else row.amount_paise) - row.fee_paise - row.tax_paise
    if row.net_paise != should:
        return Problem.SUM, f"{rupees(should)} should have been paid out, not {rupees(row.net_paise)}."
    most_bp = settings.GATEWAY_FEE_MOST_BP.get(row.gateway, 0)
    most = row.amount_paise * most_bp // BASIS_POINTS + ROUNDING_PAISE
    if row.fee_paise > most:
        return (
            Problem.FEE,
            f"{rupees(row.fee_paise)} of {rupees(row.amount_paise)}; the contract says {most_bp / 100:g} %.",
        )
    return Problem.NONE, ""


def _posting(row: SettlementLine, ours_paise: int, ref: UUID | None) -> Posting:
    rest = row.net_paise + row.fee_paise + row.tax_paise - ours_paise
    entries = {
        ledger.BANK: row.net_paise,
        ledger.fees_account(row.gateway): row.fee_paise,
        ledger.INPUT_GST: row.tax_paise,
        ledger.gateway_account(row.gateway): -ours_paise,
        ledger.suspense_account(row.gateway): -rest,
    }
    return Posting(
        key=f"settled:{row.gateway}:{row.line_id}",
        entries=entries,
        ref=ref,
        memo=f"Settlement {row.settlement_id}: {row.word or row.get_kind_display()}",
        at=row.settled_at,
    )


def _known(gateway: str, lines: Sequence[Line]) -> tuple[dict[str, Attempt], dict[str, Refund]]:
    """Attempts and refunds by every name the lines may call them; two statements."""
    found: list[dict[str, Any]] = []
    kinds = ((LineKind.PAYMENT, Attempt.objects.filter(gateway=gateway)), (LineKind.REFUND, _refunds_of(gateway)))
    for kind, rows in kinds:
        refs = {ref for line in lines if line.kind == kind for ref in line.refs}
        ours = [one for ref in refs if (one := _uuid(ref)) is not None]
        by_name: dict[str, Any] = {}
        if refs:
            for row in rows.filter(Q(gateway_ref__in=refs) | Q(pk__in=ours)).select_related("payment"):
                by_name[row.pk.hex] = row
                if row.gateway_ref:
                    by_name[row.gateway_ref] = row
        found.append(by_name)
    return found[0], found[1]


def _refunds_of(gateway: str) -> Any:
    return Refund.objects.filter(attempt__gateway=gateway)


def _first(known: dict[str, Any], line: Line) -> Any:
    for ref in line.refs:
        ours = _uuid(ref)
        if found := known.get(ref) or (known.get(ours.hex) if ours else None):
            return found
    return None


def _uuid(text: str) -> UUID | None:
    if len(text) not in (32, 36):
        return None
    try:
        return UUID(text)
    except ValueError:
        return None


def _settled(attempts: dict[str, Attempt], refunds: dict[str, Refund]) -> set[UUID]:
    """Which of them a line has settled before."""
    rows = SettlementLine.objects.filter(
        Q(attempt__in={row.pk for row in attempts.values()}) | Q(refund__in={row.pk for row in refunds.values()})
    )
    return {pk for pair in rows.values_list("attempt_id", "refund_id") for pk in pair if pk is not None}


def _add_missing(gateway: str, out: Outcome, *, before: datetime) -> None:
    """What we took or gave back through this gateway long enough ago and no file has named; the oldest first."""
    attempts = Attempt.objects.filter(
        gateway=gateway,
        state__in=[AttemptState.CAPTURED, AttemptState.STRAY],
        captured_paise__gt=0,
        settled_at__lte=before,
        settlement_lines=None,
    ).order_by("settled_at")
    refunds = _refunds_of(gateway).filter(state=RefundState.DONE, done_at__lte=before, settlement_lines=None)
    out.missing = attempts.count() + refunds.count()
    for attempt in attempts[:MOST_MISSING]:
        detail = f"Captured {attempt.settled_at:%d %b %Y} and not paid out."
        out.findings.append(
            Finding("missing", attempt.gateway_ref or str(attempt.pk), "", attempt.captured_paise, detail)
        )
    for refund in refunds.order_by("done_at")[:MOST_MISSING]:
        detail = f"Refunded {refund.done_at:%d %b %Y} and not taken off."
        out.findings.append(Finding("missing", refund.gateway_ref or str(refund.pk), "", -refund.amount_paise, detail))


def _find(out: Outcome, problem: str, line: Line, detail: str, found_paise: int = 0) -> None:
    out.findings.append(Finding(str(problem), line.line_id, line.settlement_id, found_paise, detail))
