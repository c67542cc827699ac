"""A query object becomes one SELECT over the views: values beside it, what the layer does not allow refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dashboard.ask import fence
from dashboard.ask.compile import Compiled, compile_query
from dashboard.ask.errors import CannotCompile, Fenced
from dashboard.ask.form import from_json, to_json
from dashboard.ask.layer import layer
from dashboard.ask.query import Filter, Intent, Op, Order, Query, Window

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
PUBLIC = layer().for_(frozenset({"public"}))
ONIONS = Query(
    Intent.CHEAPEST, "listing",
    filters=(Filter("listing.item", Op.EQ, ("Onion",)), Filter("listing.price", Op.LT, (5_000,)),
             Filter("listing.name", Op.HAS, ("red onion",)), Filter("listing.available", Op.EQ, (True,))),
)  # fmt: skip


def days(field: str, first: int, last: int) -> Window:
    return Window(field, NOW - first * DAY, NOW - last * DAY)


def made(query: Query, *, page: int = 0) -> Compiled:
    compiled = compile_query(query, layer(), page=page)
    fence.check(compiled.sql)
    assert compiled.sql == compile_query(query, layer(), page=page).sql  # the same query, the same text
    return compiled


def test_words_and_numbers_of_a_question_never_stand_in_the_text() -> None:
    evil = "x'); DROP TABLE orders_order; --"
    compiled = made(replace(ONIONS, filters=(*ONIONS.filters, Filter("listing.brand", Op.EQ, (evil,)))))
    assert "DROP" not in compiled.sql and "5000" not in compiled.sql and "nion" not in compiled.sql.replace('"', "")
    assert any(isinstance(value, list) and evil in value for value in compiled.params.values())
    assert compiled.sql.endswith("LIMIT 51") and 'FROM ask."listing"' in compiled.sql


def test_periods_stand_beside_each_other_and_each_value_has_one_place() -> None:
    compiled = made(
        Query(Intent.COMPARE, "price_day", ("price_day.average_price",), ("price_day.platform",),
              window=days("price_day.day", 1, 0), against=days("price_day.day", 2, 1))
    )  # fmt: skip
    assert [column.name for column in compiled.columns] == [
        "platform", "average_price", "average_price_before", "average_price_change"
    ]  # fmt: skip
    assert sorted(compiled.params.values()) == [NOW - 2 * DAY, NOW - DAY, NOW]


def test_joins_go_the_shortest_way_and_are_made_once() -> None:
    compiled = made(
        Query(Intent.TOP, "order_line", ("order_line.units_sold",), ("product.brand", "category.aisle"),
              filters=(Filter("order.late", Op.EQ, (True,)), Filter("order_line.units_sold", Op.GT, (3,))), limit=5)
    )  # fmt: skip
    assert compiled.entities == ("order_line", "product", "category", "order")
    assert compiled.sql.count("LEFT JOIN") == 3 and "HAVING" in compiled.sql and compiled.sql.endswith("LIMIT 6")


def test_why_puts_the_late_ones_beside_the_others() -> None:
    late = Filter("order.late", Op.EQ, (True,))
    legs = made(Query(Intent.WHY, "order", window=days("order.placed_at", 1, 0), filters=(late,)))
    assert [column.name for column in legs.columns][:3] == ["cause", "with_it", "share"]
    assert "IS TRUE" not in legs.sql  # the others are looked at as well
    by_store = made(Query(Intent.WHY, "order", dimensions=("order.store",), filters=(late,)))
    assert {"share_with", "share_without"} <= {column.name for column in by_store.columns}
    both = made(Query(Intent.WHY, "order", ("order.count",), ("order.store", "order.late_cause"), filters=(late,)))
    assert [column.name for column in both.columns] == [
        "store",
        "late_cause",
        "count",
        "share_there",
    ] and "IS TRUE" in both.sql


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (Query(Intent.LIST, "order"), "not-allowed"),
        (Query(Intent.LIST, "accounts_user"), "not-allowed"),
        (Query(Intent.LIST, "listing", columns=("order.total",)), "unknown"),
        (Query(Intent.LIST, "listing", columns=('listing.name" FROM pg_authid --',)), "unknown"),
        (Query(Intent.FIGURE, "listing", ("listing.price",)), "unknown"),
        (Query(Intent.FIGURE, "listing", ("listing.name:sum",)), "unknown"),
        (Query(Intent.FIGURE, "listing", ("listing.price:pg_sleep",)), "unknown"),
        (Query(Intent.LIST, "listing", filters=(Filter("listing.price", Op.LT, ("1; DROP",)),)), "wrong-value"),
        (Query(Intent.LIST, "listing", filters=(Filter("listing.price", Op.LT, (float("nan"),)),)), "wrong-value"),
        (Query(Intent.LIST, "listing", filters=(Filter("listing.name", Op.HAS, ("a\x00b",)),)), "wrong-value"),
        (Query(Intent.LIST, "listing", filters=(Filter("listing.name", Op.HAS, ("half \ud83d",)),)), "wrong-value"),
        (Query(Intent.LIST, "listing", filters=(Filter("listing.seen_at", Op.GE, ("0001-01-01",)),)), "wrong-value"),
        (Query(Intent.LIST, "listing", filters=(Filter("listing.available", Op.EQ, ("yes",)),)), "wrong-value"),
        (Query(Intent.LIST, "listing", filters=(Filter("listing.item", Op.EQ, ("x" * 200,)),)), "wrong-value"),
        (Query(Intent.LIST, "market_offer", filters=(Filter("market_offer.kind", Op.EQ, ("bribe",)),)), "wrong-value"),
        (Query(Intent.LIST, "listing", columns=("listing.name",) * 40), "too-long"),
        (Query(Intent.LIST, "listing", columns=("listing.seen_at:century",)), "unknown"),
        (Query(Intent.LIST, "listing", columns=("market_offer.title",)), "not-together"),
        (Query(Intent.FIGURE, "listing_price", ("listing.count",)), "not-together"),
        (Query(Intent.LIST, "listing", window=Window("listing.seen_at", NOW, NOW - DAY)), "wrong-value"),
    ],
)
def test_what_the_layer_does_not_allow_is_refused(query: Query, code: str) -> None:
    with pytest.raises(CannotCompile) as no:
        compile_query(query, PUBLIC)
    assert no.value.code == code and str(no.value).endswith(".")


def test_rows_of_one_page_are_bounded() -> None:
    assert made(replace(ONIONS, limit=10_000)).sql.endswith("LIMIT 501")
    assert made(ONIONS, page=3).sql.endswith("LIMIT 51 OFFSET 150")
    with pytest.raises(CannotCompile):
        made(ONIONS, page=20)


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("DROP TABLE ask.listing", "not one SELECT"),
        ("SELECT 1; SELECT 2", "semicolon"),
        ('SELECT "name" FROM ask."listing" /* x */ LIMIT 5', "comment"),
        ('SELECT "name" FROM ask."listing"', "no limit"),
        ('SELECT "name" FROM ask."listing" LIMIT 100000', "no limit"),
        ('SELECT "name" FROM ask."listing" LIMIT ALL', "no limit"),
        ("SELECT phone FROM accounts_user LIMIT 5", "no view of ours"),
        ("SELECT rolname FROM pg_catalog.pg_roles LIMIT 5", "no view of ours"),
        ('SELECT "name" FROM other.ask."listing" LIMIT 5', "no view of ours"),
        ('SELECT pg_sleep(10) FROM ask."listing" LIMIT 5', "calls"),
        ("SELECT pg_read_file('x') LIMIT 5", "calls"),
        ("SELECT set_config('ask.rights', 'x', true) LIMIT 5", "calls"),
        ("SELECT lo_import('x') LIMIT 5", "calls"),
        ('WITH x AS (DELETE FROM ask."listing" RETURNING 1) SELECT 1 FROM x LIMIT 5', "it "),
        ('SELECT "name" INTO mine FROM ask."listing" LIMIT 5', "it "),
        ('SELECT "name" FROM ask."listing" LIMIT 5 FOR UPDATE', "it "),
        ('SELECT "name" FROM ask."listing" UNION SELECT "name" FROM ask."city" LIMIT 5', "not one SELECT"),
        ('SELECT 1 FROM ask."listing" CROSS JOIN ask."listing_price" LIMIT 5', "joins without a key"),
        ('SELECT 1 FROM ask."listing", ask."listing_price" LIMIT 5', "joins without a key"),
        ("COPY ask.listing TO '/tmp/x'", "it "),
        ("SET ROLE postgres", "it "),
        ('SELECT current_user FROM ask."listing" LIMIT 5', "it "),
        ('SELECT "name" FROM ask."listing" WHERE EXISTS (SELECT 1 FROM pg_shadow) LIMIT 5', "it "),
        ("SELECT '\u0430' LIMIT 5", "characters"),
        ("SELECT " + "(" * 3_000 + "1" + ")" * 3_000 + " LIMIT 5", "it "),
    ],
)
def test_the_fence_lets_nothing_else_pass(sql: str, why: str) -> None:
    with pytest.raises(Fenced, match=why):
        fence.check(sql)


def test_a_query_survives_a_link_and_nonsense_does_not() -> None:
    query = replace(
        ONIONS, window=days("listing.seen_at", 1, 0), order=(Order("listing.price"),), columns=("listing.name",)
    )
    assert from_json(to_json(query), PUBLIC) == query
    for wrong in ([], {"intent": "drop"}, to_json(query) | {"sql": "SELECT 1"}, to_json(query) | {"entity": "order"},
                  to_json(query) | {"limit": 10**9}, to_json(query) | {"filters": ["x"]}):  # fmt: skip
        with pytest.raises(ValueError):
            from_json(wrong, PUBLIC)
