"""The rules, in the order they are asked. Amounts are whole paise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from blinkit.kernel.money import rupees
from blinkit.kernel.said import Said, say
from orders.claiming.abuse import score


class Kind(StrEnum):
    MISSING = "missing"
    WRONG = "wrong"
    DAMAGED = "damaged"
    BAD = "bad"
    NOT_AS_DESCRIBED = "not-as-described"
    NEVER_CAME = "never-came"
    LATE = "late"
    RIDER = "rider"
    PAYMENT = "payment"


LINE_KINDS = (Kind.MISSING, Kind.WRONG, Kind.DAMAGED, Kind.BAD, Kind.NOT_AS_DESCRIBED)
ORDER_KINDS = (Kind.NEVER_CAME, Kind.LATE, Kind.RIDER, Kind.PAYMENT)
PHOTO_NEEDED = frozenset({Kind.DAMAGED, Kind.BAD})


class Outcome(StrEnum):
    REFUND = "refund"
    """At once, the way it was paid; cash into the wallet."""
    ASK = "ask"
    """A person decides."""
    NO = "no"


@dataclass(frozen=True, slots=True)
class Policy:
    """How far the house trusts without asking a person. A replacement is never offered: the money goes back."""

    order_paise: int = 50_000
    """Most that goes back by itself for one order."""
    days30_paise: int = 100_000
    share_bp: int = 2_500
    """Most of what a customer spent in 90 days; `share_floor_paise` is given whatever they spent."""
    share_floor_paise: int = 20_000
    small_paise: int = 15_000
    """Up to this a word is enough, even against a scan: a picker errs as well."""
    claims_30d: int = 4
    score_asks: int = 60
    late_after_m: int = 15
    window_h: int = 24
    perishable_window_h: int = 12
    question_days: int = 7

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class History:
    """A customer's last 90 days (`_30d`: 30), without the claim in question."""

    orders: int = 0
    spent_paise: int = 0
    claims: int = 0
    claims_30d: int = 0
    refused: int = 0
    refunded_paise: int = 0
    refunded_30d_paise: int = 0
    missing_handed_over: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about one claim. `amount_paise` is what the claimed units cost and did not go back yet."""

    kind: Kind
    amount_paise: int
    paid_in_cash: bool = False
    qty: int = 0
    billed_qty: int = 0
    scanned_qty: int | None = None
    """Units of the line the picker scanned; None where nothing was recorded."""
    bags_complete: bool = False
    """The rider scanned every bag at the shelf."""
    handed_over: str = ""
    """ "code": the customer said the door code; "door": left at the door; "" not known."""
    has_photo: bool = False
    late_s: int = 0
    credited_paise: int = 0
    """Given for the delay by itself, into the wallet."""
    refunded_order_paise: int = 0
    """By itself for this order before."""
    history: History = field(default_factory=History)

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "kind": self.kind.value}


@dataclass(frozen=True, slots=True)
class Decision:
    """`rule` is the name of the one that decided; `sentence` is for the customer."""

    outcome: Outcome
    rule: str
    sentence: Said
    refund_paise: int = 0


Rule = Callable[[Facts, Policy], Decision | None]


def decide(facts: Facts, policy: Policy) -> Decision:
    """What happens to this claim. Never refunds more than `amount_paise`; the same facts give the same answer."""
    for rule in RULES:
        made = rule(facts, policy)
        if made is not None:
            return made
    return _ask("for-a-person")


def _ask(rule: str) -> Decision:
    return Decision(Outcome.ASK, rule, say("A person looks at it now. You hear from us within a few hours."))


def _refund(rule: str, facts: Facts) -> Decision:
    amount = rupees(facts.amount_paise)
    if facts.paid_in_cash:
        words = say("{amount} is in your wallet now.", amount=amount)
    else:
        words = say("{amount} goes back the way you paid.", amount=amount)
    return Decision(Outcome.REFUND, rule, words, facts.amount_paise)


def about_people_or_money(facts: Facts, policy: Policy) -> Decision | None:
    """Behaviour, a bill, an order that is said to have never come: no scan answers these."""
    return _ask(facts.kind.value) if facts.kind in (Kind.RIDER, Kind.PAYMENT, Kind.NEVER_CAME) else None


def in_time(facts: Facts, policy: Policy) -> Decision | None:
    if facts.kind != Kind.LATE or facts.late_s >= policy.late_after_m * 60:
        return None
    minutes = facts.late_s // 60
    if minutes:
        words = say(
            "It came {n} minutes after the time we promised. From {least} minutes on the delivery fee goes back.",
            n=minutes,
            least=policy.late_after_m,
        )
    else:
        words = say("Our records say it came within the time we promised.")
    return Decision(Outcome.NO, "in-time", words)


def nothing_left(facts: Facts, policy: Policy) -> Decision | None:
    if facts.amount_paise > 0:
        return None
    if facts.kind == Kind.LATE and facts.credited_paise:
        words = say("{amount} for the delay is in your wallet already.", amount=rupees(facts.credited_paise))
        return Decision(Outcome.NO, "credited-already", words)
    if facts.kind == Kind.LATE:
        return Decision(
            Outcome.NO, "nothing-left", say("You paid no delivery fee, so there is none to give back. Sorry.")
        )
    return Decision(Outcome.NO, "nothing-left", say("You did not pay for this, or all of it went back already."))


def late(facts: Facts, policy: Policy) -> Decision | None:
    return _refund("late", facts) if facts.kind == Kind.LATE else None


def fewer_scanned(facts: Facts, policy: Policy) -> Decision | None:
    """Our own record says it: no limit stands in the way of what we owe, but the one per order."""
    missing = facts.billed_qty - (facts.billed_qty if facts.scanned_qty is None else facts.scanned_qty)
    if facts.kind == Kind.MISSING and 0 < facts.qty <= missing and facts.amount_paise <= policy.order_paise:
        return _refund("fewer-scanned", facts)
    return None


def limits(facts: Facts, policy: Policy) -> Decision | None:
    history, amount = facts.history, facts.amount_paise
    if facts.refunded_order_paise + amount > policy.order_paise:
        return _ask("over-order-limit")
    if history.refunded_30d_paise + amount > policy.days30_paise:
        return _ask("over-30-day-limit")
    share = max(policy.share_floor_paise, history.spent_paise * policy.share_bp // 10_000)
    if history.refunded_paise + amount > share:
        return _ask("over-share-of-spending")
    if history.claims_30d >= policy.claims_30d:
        return _ask("many-claims")
    return None


def unusual(facts: Facts, policy: Policy) -> Decision | None:
    return _ask("unusual-history") if score(facts.history).points >= policy.score_asks else None


def photo(facts: Facts, policy: Policy) -> Decision | None:
    return _refund("photo", facts) if facts.has_photo and facts.kind in LINE_KINDS else None


def left_at_door(facts: Facts, policy: Policy) -> Decision | None:
    """Nobody could look into the bags while the rider was there."""
    return _refund("left-at-door", facts) if facts.handed_over == "door" else None


def small_amount(facts: Facts, policy: Policy) -> Decision | None:
    return _refund("small-amount", facts) if facts.amount_paise <= policy.small_paise else None


def scanned_and_handed_over(facts: Facts, policy: Policy) -> Decision | None:
    if facts.scanned_qty is not None and facts.scanned_qty >= facts.billed_qty and facts.handed_over == "code":
        return _ask("scanned-and-handed-over")
    return None


RULES: tuple[Rule, ...] = (
    about_people_or_money,
    in_time,
    nothing_left,
    fewer_scanned,
    limits,
    late,
    unusual,
    photo,
    left_at_door,
    small_amount,
    scanned_and_handed_over,
)
