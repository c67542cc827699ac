"""Questions understood: the golden set, strangers' questions by their hash, dates, refusals, chips, sentences."""

from __future__ import annotations

import json
import math
from datetime import datetime, timedelta
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from django.utils.translation import override

from blinkit.kernel.words import said as in_language
from dashboard.ask import say as saying
from dashboard.ask.chips import apply, describe
from dashboard.ask.dates import ZONE, spans
from dashboard.ask.entities import Selector, told, words_of
from dashboard.ask.form import BadQuery, from_json, to_json
from dashboard.ask.golden import data, judge
from dashboard.ask.layer import Layer, layer
from dashboard.ask.query import Basket, Intent, Query, Understanding, Understood
from dashboard.ask.suggest import IN_HINDI, suggest
from dashboard.ask.tokens import read as tokens_of
from dashboard.ask.understand import understand
from dashboard.queries.lexicon import read as read_lexicon
from dashboard.tests import golden

STAFF = frozenset({"public", "store", "ops", "finance", "admin"})
PUBLIC = frozenset({"public"})
STRANGERS = Path("/work/shared/eval/questions_dev.json")
LEXICON = data.lexicon()


def whole() -> Layer:
    """The layer with operations in it."""
    if "order" not in layer().entities:
        pytest.skip("the layer has no operations yet")
    return layer()


def asked(question: str, audiences: frozenset[str] = STAFF, now: datetime = data.NOW) -> Understanding:
    return understand(question, LEXICON, whole(), now, data.CITY, audiences)


def one(question: str, audiences: frozenset[str] = STAFF) -> Any:
    found = asked(question, audiences)
    assert len(found.readings) == 1, (question, found)
    return found.readings[0].of


def test_golden_questions_are_understood_as_written_down() -> None:
    rows = judge.golden()
    wrong = [row.question for row in rows if judge.verdict(row, asked(row.question)) not in ("right", "honest")]
    assert wrong == []
    groups = [row.group for row in rows]
    assert groups.count("market") >= 60 <= groups.count("operations")
    assert groups.count("refuse") >= 15


def test_strangers_questions_keep_the_bars() -> None:
    """Right of the answerable at least 92 %, wrong at most 2 %. Their texts are not kept here."""
    if not STRANGERS.is_file():
        pytest.skip("the strangers' questions are not on this machine")
    rows = judge.read(STRANGERS.read_text(encoding="utf-8"))
    assert all(row.expect is not None for row in rows)
    result = judge.score((row, judge.verdict(row, asked(row.question))) for row in rows)
    assert result.right_percent >= 92
    assert result.wrong_percent <= 2


@pytest.mark.django_db
def test_answers_equal_those_of_sql_written_by_hand() -> None:
    """Understood, compiled, run on the fixed world; beside it the gold SQL. Rows are compared as multisets: what is
    equal in the order's fields has no order."""
    full = whole()
    compiling = pytest.importorskip("dashboard.ask.compile")
    views, schema = import_module("dashboard.ask.views"), import_module("dashboard.services.ask_schema")
    now = golden.now_today(timezone.now())
    golden.load(now)
    day = now.replace(hour=0, minute=0)
    times = {"now": now, "day": day, "hour": now.replace(minute=0)}
    differ = []
    with connection.cursor() as cursor:
        rights = views.sign(audiences=STAFF, stores=None, until=4_000_000_000, secret=schema.secret())
        cursor.execute("SELECT set_config('ask.rights', %s, true)", [rights])
        for row in judge.golden():
            if not row.sql:
                continue
            query = asked(row.question, now=now).readings[0].of
            assert isinstance(query, Query)
            compiled = compiling.compile_query(query, full)
            cursor.execute(compiled.sql, compiled.params)
            got = cursor.fetchall()[: compiled.limit]
            width = len(query.columns or (*query.dimensions, *query.measures))
            cursor.execute(row.sql, times)
            wanted = cursor.fetchall()
            if query.intent == "why":
                width = 2
            if not _same([found[:width] for found in got], [found[:width] for found in wanted]):
                differ.append((row.question, got[:3], wanted[:3]))
    assert [one[0] for one in differ] == [], differ


def _same(got: list[Any], wanted: list[Any]) -> bool:
    return len(got) == len(wanted) and all(
        all(_near(a, b) for a, b in zip(one, other, strict=True))
        for one, other in zip(sorted(got, key=_key), sorted(wanted, key=_key), strict=True)
    )


def _key(row: Any) -> list[str]:
    return [f"{float(one):020.0f}" if isinstance(one, int | float | Decimal) else str(one) for one in row]


def _near(one: Any, other: Any) -> bool:
    if isinstance(one, int | float | Decimal) and isinstance(other, int | float | Decimal):
        return math.isclose(float(one), float(other), abs_tol=1)
    return bool(one == other)


@pytest.mark.django_db
def test_vocabulary_comes_out_of_the_database_as_it_went_in(django_assert_num_queries: Any) -> None:
    golden.load(data.NOW)
    with django_assert_num_queries(10):
        found = read_lexicon()
    assert set(found.brands) == set(LEXICON.brands)
    assert found.items == LEXICON.items
    assert (set(found.platforms), set(found.stores)) == (set(LEXICON.platforms), set(LEXICON.stores))
    assert set(found.products) == set(LEXICON.products)
    assert {row.key: row.parent for row in found.categories} == {row.key: row.parent for row in LEXICON.categories}


@pytest.mark.parametrize(
    ("said", "first", "last", "days"),
    [
        ("yesterday evening", "19 17:00", "19 22:00", None),
        ("between 6 and 9 pm yesterday", "19 18:00", "19 21:00", None),
        ("aaj subah", "20 06:00", "20 12:00", None),
        ("last 7 days", "14 00:00", "21 00:00", 7),
        ("last week", "09 00:00", "16 00:00", 7),
        ("this month", "01 00:00", "21 00:00", 20),
        ("on friday", "20 00:00", "21 00:00", 1),
        ("last friday", "13 00:00", "14 00:00", 1),
        ("weekend", "21 00:00", "23 00:00", 2),
        ("17 november", "17 00:00", "18 00:00", 1),
        ("2026-11-18", "18 00:00", "19 00:00", 1),
        ("कल शाम", "19 17:00", "19 22:00", None),
        ("day before yesterday", "18 00:00", "19 00:00", 1),
    ],
)
def test_date_words(said: str, first: str, last: str, days: int | None) -> None:
    (found,) = spans(tokens_of(said), data.NOW)
    assert (f"{found.start.astimezone(ZONE):%d %H:%M}", f"{found.end.astimezone(ZONE):%d %H:%M}") == (first, last)
    assert days is None or found.end - found.start == timedelta(days=days)


def test_figures_are_read_as_people_write_them() -> None:
    for said, kind, value in (
        ("₹1,000", "money", 100_000),
        ("rs 1,000", "money", 100_000),
        ("500 rupees", "money", 50_000),
        ("500/-", "money", 50_000),
        ("2k rupees", "money", 200_000),
        ("३० रुपये", "money", 3_000),
        ("30%+", "percent", 3_000),
        ("12.5 percent", "percent", 1_250),
        ("1kg", "amount", 1_000),
        ("1 litre", "amount", 1_000),
        ("half kg", "amount", 500),
        ("1/2 kg", "amount", 500),
        ("½ kg", "amount", 500),
        ("a dozen", "amount", 12),
        ("500-gram", "amount", 500),
        ("6:30 pm", "clock", 1_110),
    ):
        found = [token for token in tokens_of(said) if token.kind != "word"]
        assert [(token.kind, token.value) for token in found] == [(kind, value)], said


def test_public_asks_of_the_market_only_and_people_are_never_answered_about() -> None:
    assert one("cheapest onions", PUBLIC).entity == "listing"
    for question in ("How many orders were late yesterday?", "Revenue by store", "Show refunds this month"):
        found = asked(question, PUBLIC)
        assert not found.readings
        assert "not for everybody" in found.sorry
    for question in (
        "phone number of the rider",
        "who bought milk yesterday",
        "which customer ordered most",
        "email of Asha",
    ):
        assert not asked(question).readings
    assert one("out of stock products", PUBLIC).entity == "listing"


def test_callers_city_is_meant_unless_another_is_said() -> None:
    def cities(question: str) -> list[Any]:
        return [row.values for row in one(question).filters if row.field == "listing.city"]

    assert cities("cheapest onions") == [("bengaluru",)]
    assert cities("cheapest onions in Bombay") == [("mumbai",)]


def test_what_was_not_used_is_said_and_too_much_of_it_is_no_answer() -> None:
    (reading,) = asked("cheapest onions for grandmother Agatha's sambar please").readings or (None,)
    assert reading is None or reading.unused
    assert not asked("onions zorp flib glark").readings
    assert not asked("cancelled orders by moon phase").readings
    found = asked("price of unicorn dust")
    assert "unicorn" in found.sorry
    assert found.near


def test_a_word_that_decides_is_never_passed_over() -> None:
    """A share, a bound, a group, a day or a rank nothing was made of is no answer about what is left."""
    for question in (
        "refund rate by store", "orders by area", "stock of milk yesterday", "riders on trip vs idle",
        "riders on duty vs last week",
        "ride time above 15 minutes share", "stock of atta and rice", "payments captured but order cancelled",
        "refunds not done after 2 hours", "orders placed vs delivered today", "waste as % of sales",
        "coupons that expire next week",
    ):  # fmt: skip
        assert not asked(question).readings, question
    for question in ("Top 10 delivery partners with the most late deliveries", "orders per picker", "slowest riders"):
        assert "people" in str(asked(question).sorry), question


def test_what_was_named_is_in_the_answer_or_there_is_none() -> None:
    """A thing, a bare sum, a word of the house or one that judges quality, of which nothing was made, refuses."""
    for question in (
        "My budget is 1800 for this week's dal, rice, atta, oil and vegetables, is that enough?",
        "What does 2 kg rice and 1 l oil cost, and vegetables?",
        "Can I get onions and garlic together for 100?",
        "How many riders does Zepto have in my city?",
        "is Amul curd less sour than Mother Dairy",
        "How many units of coconut water are left on Instamart?",
    ):
        assert not asked(question, PUBLIC).readings, question
    assert asked("Is ₹100 enough for 1 kg tomatoes?", PUBLIC).readings


def test_everything_offered_is_understood() -> None:
    """Examples, suggestions and near questions lead to an answer, for those they are offered to."""
    full = whole()
    for audiences in (STAFF, PUBLIC):
        offered = {
            text
            for prefix in ("", "which", "oni", "mil", "zep", "kor", "dair", "amu", "late")
            for text in suggest(prefix, LEXICON, full, audiences)
        }
        for question in ("blorp fnord", "prices of monkey", "onion wolf bear tiger", "tomorrow"):
            offered |= set(asked(question, audiences).near)
        assert len(offered) > 15
        assert [text for text in sorted(offered) if not asked(text, audiences).readings] == []
    examples = [text for texts in told()["examples"].values() for text in texts]
    assert [text for text in examples if not asked(text).readings] == []
    assert [text for _name, text in IN_HINDI if not asked(text).readings] == []


def test_odd_input_is_refused_not_a_fault() -> None:
    for text in (
        "",
        "   ",
        "?",
        "₹",
        "%%%",
        "🍎🍎🍎",
        "a" * 10_000,
        "onion " * 60,
        "\x00\x01",
        "1/0 kg",
        "between and",
        "ſ ﷽ ẞ",
        "99999999999999999999 kg onion",
        "to 9 pm",
        "last 0 days",
        "30 february",
        "than",
        "not",
        "except",
    ):
        found = asked(text)
        assert found.readings or found.sorry
    assert "too long" in asked("onion " * 100).sorry


def test_selector_finds_the_entity_by_letters_alone() -> None:
    selector = words_of(whole()).selector
    rows = [row for row in judge.golden() if row.group == "operations" and isinstance(row.expect, dict)]
    hits = [row.expect["entity"] in dict(selector.nearest(row.question, most=5)) for row in rows]
    assert sum(hits) / len(hits) >= 0.8
    assert selector.nearest("refnds per stor")[0][0] == "refund"


def test_selector_takes_a_sentence_model_in_place_of_letters() -> None:
    class Lengths:
        def encode(self, texts: Any) -> Any:
            return [[float("fruit" in text), float("rider" in text)] for text in texts]

    chosen = Selector({"goods": ["fruit"], "people": ["rider"]}, Lengths())
    assert chosen.nearest("which rider")[0][0] == "people"


def test_queries_go_through_json_and_back() -> None:
    full = whole()
    for row in judge.golden():
        for reading in asked(row.question).readings:
            assert from_json(json.loads(json.dumps(to_json(reading.of))), full) == reading.of


def test_json_that_is_no_query_is_refused_with_a_sentence() -> None:
    good = to_json(one("cheapest onions"))
    figure = to_json(one("Revenue by store this week"))
    for changes, says in (
        ({"entity": "pg_user"}, "no “pg_user”"),
        ({"columns": ["listing.secret"]}, "no field"),
        ({"limit": 501}, "limit"),
        ({"limit": True}, "limit"),
        ({"sql": "SELECT 1"}, "Unknown part"),
        ({"intent": "drop"}, "intent"),
        ({"columns": ["order.total"]}, "nothing to do"),
        ({"columns": []}, "needs columns"),
        ({"columns": "name"}, "list"),
        ({"filters": [{"field": "listing.price", "op": "lt", "values": ["5"]}]}, "number"),
        ({"filters": [{"field": "listing.price", "op": "in", "values": [1] * 51}]}, "at most"),
        ({"filters": [{"field": "listing.available", "op": "eq", "values": [1]}]}, "true or false"),
        ({"filters": [{"field": "listing.name", "op": "gt", "values": ["a"]}]}, "more or less"),
        ({"filters": [{"field": "listing.price", "op": "between", "values": [5, 1]}]}, "lower"),
        ({"filters": [{"field": "listing.name", "op": "has", "values": ["a" * 201]}]}, "words"),
        ({"filters": ["1=1"]}, "no object"),
        ({"order": [{"field": "listing.price", "down": 1}]}, "down"),
        ({"window": {"field": "listing.name", "start": "2026-11-20", "end": "2026-11-21"}}, "no time"),
        ({"window": {"field": "listing.seen_at", "start": "2026-11-20", "end": "2026-11-21"}}, "zone"),
        (
            {"against": {"field": "listing.seen_at", "start": "2026-11-20T00:00Z", "end": "2026-11-21T00:00Z"}},
            "two periods",
        ),
        ({"measures": ["listing.count"]}, "not both"),
        ({"dimensions": ["listing.brand"]}, "measure"),
    ):
        with pytest.raises(BadQuery, match=says):
            from_json(good | changes, whole())
    for changes, says in (
        ({"measures": ["order.total"]}, "no measure"),
        ({"measures": ["order.store:avg"]}, "no measure"),
        ({"dimensions": ["order.revenue"]}, "is a measure"),
        ({"dimensions": ["order.store:day"]}, "no group"),
        ({"order": [{"field": "order.tips"}]}, "not shown"),
        ({"measures": ["order.count"] * 2}, "twice"),
    ):
        with pytest.raises(BadQuery, match=says):
            from_json(figure | {"order": []} | changes, whole())
    with pytest.raises(BadQuery, match="no “order”"):
        from_json(figure, whole().for_(PUBLIC))
    for basket, says in (
        ({"kind": "basket"}, "a list or a budget"),
        ({"kind": "basket", "budget_paise": -1}, "budget"),
        ({"kind": "basket", "wanted": [{"item": "onion", "amount": 1}]}, "measure"),
    ):
        with pytest.raises(BadQuery, match=says):
            from_json(basket, whole())
    for nothing in (None, [], "SELECT", 7):
        with pytest.raises(BadQuery):
            from_json(nothing, whole())


def test_each_chip_can_be_changed_or_taken_away() -> None:
    full = whole()
    for question in (
        "cheapest onions under ₹50 on Zepto",
        "Stores with more than 3 late orders this week",
        "onion price trend",
        "Compare revenue today with yesterday",
        "Average delivery time by store last week",
        "₹300 grocery list with half kg onion and 1 litre milk",
    ):
        understood: Understood = one(question)
        chips = describe(understood, full, LEXICON)
        assert len({chip.id for chip in chips}) == len(chips)
        for chip in chips:
            if chip.removable:
                changed = apply(understood, chip.id, None, full, now=data.NOW)
                assert changed != understood
            for other in chip.others[:3]:
                assert apply(understood, chip.id, other.key, full, now=data.NOW)
    query = one("cheapest onions on Zepto")
    where = next(chip for chip in describe(query, full, LEXICON) if chip.field == "listing.platform")
    assert (where.value, [other.label for other in where.others][:2]) == ("Zepto", ["Blinkit", "Instamart"])
    moved = apply(query, where.id, "blinkit", full, now=data.NOW)
    assert isinstance(moved, Query)
    assert ("blinkit",) in [row.values for row in moved.filters]
    for chip_id, value in (
        ("filter:99", None),
        ("filter:-1", None),
        ("nonsense", None),
        ("limit", "many"),
        ("entity", "order"),
    ):
        with pytest.raises(BadQuery):
            apply(query, chip_id, value, full, now=data.NOW)


def test_answers_are_said_in_one_sentence() -> None:
    full = whole()

    def said(question: str, *rows: dict[str, Any]) -> str:
        query = one(question)
        assert isinstance(query, Query)
        return str(saying.sentence(query, rows, full, LEXICON))

    cheap = {
        "listing.name": "Onion",
        "listing.pack": "1 kg",
        "listing.platform": "jiomart",
        "listing.price": 2700,
        "listing.unit_price": 2700,
    }
    other = cheap | {"listing.platform": "zepto", "listing.price": 5000, "listing.unit_price": 5000}
    assert (
        said("cheapest onions", cheap, other)
        == "Onion is cheapest on JioMart: ₹27 for 1 kg (₹27/kg), 46 % below Zepto."
    )
    assert said("cheapest onions", cheap) == "Onion is cheapest on JioMart: ₹27 for 1 kg (₹27/kg)."
    assert said("cheapest onions") == "Nothing was found for this."
    assert (
        said("Revenue yesterday", {"order.revenue": 123_456_00}) == "Sales of delivered orders, yesterday: ₹1,23,456."
    )
    late = {"order.store": "BLR-KOR", "order.late_cause": "pick", "order.count": 4}
    rider = late | {"order.late_cause": "rider", "order.count": 1}
    assert said("Which store was late yesterday evening and why?", late, rider) == (
        "Koramangala was late most: 5 orders, 4 of them because of slow picking."
    )
    assert said("Which store was late yesterday evening and why?", rider) == (
        "Koramangala was late most: with one order, because of waiting for a rider."
    )
    figures = {"order.count": 12, "order.booked": 3_400_00}
    both = Query(Intent.FIGURE, "order", tuple(figures))
    assert str(saying.sentence(both, [figures], full, LEXICON)) == "Orders: 12; value of all orders: ₹3,400."
    nothing = dict.fromkeys(figures)
    assert str(saying.sentence(both, [nothing], full, LEXICON)) == "Nothing was found for this."
    stores = [{"order.store": name, "order.count": number} for name, number in (("BLR-KOR", 9), ("BLR-IND", 2))]
    assert said("Orders by store", *stores) == "Most orders: Koramangala with 9; fewest of these: Indiranagar with 2."


def test_basket_is_planned_in_named_steps() -> None:
    (reading,) = asked("Find best deals for a ₹500 grocery list with 1kg Potato, 1kg Tomato, and 1 litre Milk").readings
    basket = reading.of
    assert isinstance(basket, Basket)
    assert [(row.item, row.amount, row.measure) for row in basket.wanted] == [
        ("potato", 1000, "g"),
        ("tomato", 1000, "g"),
        ("milk", 1000, "ml"),
    ]
    assert basket.budget_paise == 50_000
    assert len(reading.steps) == 4
    assert len(asked("Which store was late yesterday evening and why?").readings[0].steps) == 3


def test_chips_and_sentences_are_said_in_hindi_part_by_part() -> None:
    """What stands at the beginning, what is joined, and periods: each in the reader's language, English unchanged."""
    of = one("average order value yesterday")
    chips = {chip.id: chip for chip in describe(of, whole(), LEXICON)}
    when = chips["window"]
    assert str(when.value).startswith("yesterday (")
    sorted_by = {chip.id: chip for chip in describe(one("cheapest onions"), whole(), LEXICON)}["order"]
    figure = saying.sentence(of, [dict.fromkeys(of.measures, 61_500)], whole(), LEXICON)
    assert str(figure) == "Average order, yesterday: ₹615."
    with override("hi"):
        assert in_language(when.value).startswith("कल (")
        assert in_language(sorted_by.value) == "प्रति इकाई दाम, सबसे कम पहले"
        assert in_language(figure) == "औसत ऑर्डर, कल: ₹615।"
