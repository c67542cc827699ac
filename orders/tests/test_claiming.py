"""The rules of claims: plain Python, no database."""

import ast
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders import claiming
from orders.claiming import Facts, History, Kind, Outcome, Policy, decide, score, still_paid

POLICY = Policy()
REGULAR = History(orders=20, spent_paise=1_000_000)
MISSING = Facts(
    kind=Kind.MISSING, amount_paise=5_000, qty=1, billed_qty=1, scanned_qty=1, bags_complete=True, handed_over="code",
    history=REGULAR,
)  # fmt: skip


def past(**history) -> Facts:
    return replace(MISSING, history=replace(REGULAR, **history))


BIG = replace(MISSING, amount_paise=40_000)


def test_a_small_missing_item_of_a_regular_is_refunded_on_their_word():
    made = decide(MISSING, POLICY)
    assert (made.outcome, made.rule, made.refund_paise) == (Outcome.REFUND, "small-amount", 5_000)
    assert made.sentence == "₹50 goes back the way you paid."
    assert decide(replace(MISSING, paid_in_cash=True), POLICY).sentence == "₹50 is in your wallet now."


def test_a_dear_one_that_was_scanned_and_handed_over_with_the_code_goes_to_a_person():
    made = decide(BIG, POLICY)
    assert (made.outcome, made.rule, made.refund_paise) == (Outcome.ASK, "scanned-and-handed-over", 0)


@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        (replace(BIG, handed_over="door"), "left-at-door"),
        (replace(BIG, kind=Kind.DAMAGED, has_photo=True), "photo"),
        (replace(BIG, billed_qty=2, scanned_qty=1), "fewer-scanned"),
        (Facts(kind=Kind.LATE, amount_paise=2_500, late_s=15 * 60, history=REGULAR), "late"),
    ],
)
def test_what_evidence_or_a_photo_says_is_refunded_at_once(facts, rule):
    made = decide(facts, POLICY)
    assert (made.outcome, made.rule, made.refund_paise) == (Outcome.REFUND, rule, facts.amount_paise)


@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        (replace(MISSING, refunded_order_paise=POLICY.order_paise - 4_999), "over-order-limit"),
        (past(refunded_30d_paise=POLICY.days30_paise - 4_999), "over-30-day-limit"),
        (past(refunded_paise=250_000 - 4_999), "over-share-of-spending"),
        (past(claims_30d=POLICY.claims_30d), "many-claims"),
        (past(orders=4, claims=3, refused=3, missing_handed_over=3), "unusual-history"),
        (replace(MISSING, kind=Kind.RIDER), "rider"),
        (replace(MISSING, kind=Kind.PAYMENT), "payment"),
        (replace(MISSING, kind=Kind.NEVER_CAME), "never-came"),
    ],
)  # fmt: skip
def test_beyond_a_limit_or_about_people_a_person_decides(facts, rule):
    made = decide(facts, POLICY)
    assert (made.outcome, made.rule, made.refund_paise) == (Outcome.ASK, rule, 0)


def test_one_paisa_within_each_limit_still_goes_back():
    assert decide(replace(MISSING, refunded_order_paise=POLICY.order_paise - 5_000), POLICY).outcome == Outcome.REFUND
    history = replace(REGULAR, refunded_30d_paise=POLICY.days30_paise - 5_000)
    assert decide(replace(MISSING, history=history), POLICY).outcome == Outcome.REFUND


def test_in_time_by_the_promise_is_answered_with_the_fact():
    made = decide(Facts(kind=Kind.LATE, amount_paise=2_500, late_s=300), POLICY)
    assert (made.outcome, made.rule) == (Outcome.NO, "in-time")
    assert "5 minutes" in made.sentence


def test_nothing_left_to_give_back_is_said():
    assert decide(replace(MISSING, amount_paise=0), POLICY).rule == "nothing-left"


history = st.builds(
    History,
    orders=st.integers(0, 60),
    spent_paise=st.integers(0, 5_000_000),
    claims=st.integers(0, 40),
    claims_30d=st.integers(0, 10),
    refused=st.integers(0, 10),
    refunded_paise=st.integers(0, 500_000),
    refunded_30d_paise=st.integers(0, 200_000),
    missing_handed_over=st.integers(0, 10),
)
facts = st.builds(
    Facts,
    kind=st.sampled_from(list(Kind)),
    amount_paise=st.integers(0, 200_000),
    qty=st.integers(0, 5),
    billed_qty=st.integers(0, 5),
    scanned_qty=st.none() | st.integers(0, 5),
    handed_over=st.sampled_from(["", "code", "door"]),
    has_photo=st.booleans(),
    late_s=st.integers(0, 7200),
    credited_paise=st.integers(0, 10_000),
    refunded_order_paise=st.integers(0, 60_000),
    history=history,
)


@given(facts)
def test_never_more_than_was_paid_and_never_over_the_limit_per_order(known):
    made = decide(known, POLICY)
    assert 0 <= made.refund_paise <= known.amount_paise
    assert (made.refund_paise > 0) == (made.outcome == Outcome.REFUND)
    assert made.refund_paise <= POLICY.order_paise
    assert made.rule and made.sentence
    assert decide(known, POLICY) == made


@given(history)
def test_the_score_is_the_sum_of_its_parts_and_more_refusals_never_lower_it(past):
    made = score(past)
    assert made.points == min(100, sum(part.points for part in made.parts))
    assert score(replace(past, refused=past.refused + 1)).points >= made.points
    assert score(replace(past, refunded_paise=past.refunded_paise + 10_000)).points >= made.points


def test_an_ordinary_customer_scores_nothing():
    assert score(History(orders=40, spent_paise=2_000_000, claims=2, refunded_paise=6_000)).points == 0


@given(st.integers(1, 20), st.integers(0, 100_000), st.data())
def test_units_claimed_one_after_the_other_are_worth_the_line_to_the_paisa(units, paid, data):
    gone = refunded = 0
    while gone < units:
        qty = data.draw(st.integers(1, units - gone))
        refunded += still_paid(paid_paise=paid, units=units, before=gone, qty=qty, refunded_paise=refunded)
        gone += qty
    assert refunded == paid


def test_more_units_than_the_line_has_is_a_bug():
    with pytest.raises(ValueError, match="units"):
        still_paid(paid_paise=100, units=2, before=1, qty=2)


def test_the_rules_are_plain_python():
    for path in Path(claiming.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert not [name for name in names if name.startswith(("django", "rest_framework"))], path
