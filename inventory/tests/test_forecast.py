"""Demand from sales: stock-outs corrected, seldom sold items, and how many to order."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from inventory import forecast
from inventory.forecast import Change, Day, Lot, Opening, evaluation

DATA = Path(__file__).resolve().parents[4] / "shared" / "data" / "instacart"
IST = ZoneInfo("Asia/Kolkata")
MONDAY = datetime(2026, 11, 2, tzinfo=IST)


def days(*units: float) -> list[Day]:
    return [Day(at % 7, each) for at, each in enumerate(units)]


def test_a_constant_demand_is_forecast_as_it_is():
    made = forecast.forecast(days(*[6.0] * 28), horizon=7)
    assert made.method == "seasonal"
    assert made.daily == pytest.approx([6.0] * 7)


def test_the_week_has_its_shape_and_begins_with_tomorrow():
    busy = [3, 3, 3, 3, 6, 12, 12]
    made = forecast.forecast(days(*busy * 8), horizon=7, shape=forecast.week_shape(days(*busy * 8)))
    assert made.daily == pytest.approx(busy, rel=0.02)
    wednesday = forecast.forecast(days(*busy * 8)[:-4], horizon=2, shape=forecast.week_shape(days(*busy * 8)))
    assert wednesday.daily == pytest.approx([3, 6], rel=0.05)


def test_what_is_newer_counts_more():
    risen = forecast.forecast(days(*[2.0] * 28, *[8.0] * 28), horizon=1)
    assert 5 < risen.level < 8


def test_nothing_known_is_no_forecast():
    assert forecast.forecast([], horizon=7) is None
    assert forecast.forecast([Day(0, 0, 0.0)] * 9, horizon=7) is None


def test_days_without_stock_are_not_days_without_demand():
    """Ten a day; every other week it was there for two fifths of the selling time only."""
    past = [Day(at % 7, 4, 0.4) if (at // 7) % 2 else Day(at % 7, 10, 1.0) for at in range(56)]
    assert forecast.forecast(past, horizon=1).level == pytest.approx(10)
    assert forecast.forecast(past, horizon=1, corrected=False).level < 8
    empty = [Day(at % 7, 0, 0.0) if at % 3 else Day(at % 7, 10, 1.0) for at in range(56)]
    assert forecast.forecast(empty, horizon=1).level == pytest.approx(10)


def test_what_sells_seldom_is_forecast_by_size_and_pause():
    """Four units every fourth day: one a day, less the half of alpha that Croston's method is too high by."""
    made = forecast.forecast(days(*[0, 0, 0, 4] * 14), horizon=7)
    assert made.method == "sba"
    assert made.level == pytest.approx(1.0, rel=0.06)
    stopped = forecast.forecast(days(*[0, 0, 0, 4] * 7, *[0] * 28), horizon=7)
    assert stopped.level < made.level / 3


@given(st.lists(st.tuples(st.integers(0, 30), st.floats(0, 1)), min_size=1, max_size=60))
def test_forecasts_are_finite_and_never_negative(past):
    made = forecast.forecast([Day(at % 7, units, seen) for at, (units, seen) in enumerate(past)], horizon=14)
    if made is not None:
        assert all(np.isfinite([*made.daily, made.level, made.spread]))
        assert min(*made.daily, made.level, made.spread) >= 0


def test_the_correction_lessens_the_bias_of_random_stock_outs():
    """Poisson demand of eight a day, most days begin with five: sold until they are gone."""
    chance = random.Random(7)
    plain, right = [], []
    for _ in range(120):
        past = []
        for at in range(56):
            moments = []
            moment = chance.expovariate(8)
            while moment < 1:
                moments.append(moment)
                moment += chance.expovariate(8)
            stock = 5 if chance.random() < 0.7 else 99
            ran_out = len(moments) >= stock
            past.append(Day(at % 7, min(len(moments), stock), moments[stock - 1] if ran_out else 1.0))
        plain.append(forecast.forecast(past, horizon=1, corrected=False).level)
        right.append(forecast.forecast(past, horizon=1).level)
    assert np.mean(plain) < 6.5
    assert abs(np.mean(right) - 8) < 0.4


# -- availability from the ledger --------------------------------------------------------------------------------------


def test_a_day_is_exposed_while_something_was_free():
    noon = MONDAY + timedelta(hours=12)
    changes = [Change(1, noon, -3, 0, "hold"), Change(1, noon + timedelta(minutes=9), 0, 3, "ship")]
    found = forecast.rebuild(
        [Opening(1, 3, True)], changes, since=MONDAY, until=MONDAY + timedelta(days=2), zone=IST
    )  # fmt: skip
    assert found == [Day(0, 3, pytest.approx(0.5)), Day(1, 0.0, 0.0)]


def test_the_hours_in_which_people_buy_weigh_more():
    evening = forecast.hour_profile({19: 50.0, 20: 50.0})
    gone_at_noon = [Change(1, MONDAY + timedelta(hours=12), -3, 3, "ship")]
    (day,) = forecast.rebuild(
        [Opening(1, 3, True)], gone_at_noon, since=MONDAY, until=MONDAY + timedelta(days=1), zone=IST, profile=evening
    )
    assert day.exposure < 0.02


def test_a_blocked_batch_is_not_there_until_it_is_back_on_sale():
    changes = [
        Change(1, MONDAY + timedelta(hours=6), 0, 0, "block"),
        Change(1, MONDAY + timedelta(hours=18), 0, 0, "unblock"),
    ]
    (day,) = forecast.rebuild([Opening(1, 5, True)], changes, since=MONDAY, until=MONDAY + timedelta(days=1), zone=IST)
    assert day.exposure == pytest.approx(0.5)
    (shut,) = forecast.rebuild([Opening(1, 5, False)], [], since=MONDAY, until=MONDAY + timedelta(days=1), zone=IST)
    assert shut.exposure == 0


def test_days_begin_at_the_stores_midnight():
    late = datetime(2026, 11, 2, 18, 45, tzinfo=UTC)  # a quarter past midnight in India
    sale = Change(1, late, -1, 1, "ship")
    found = forecast.rebuild([Opening(1, 9, True)], [sale], since=MONDAY, until=MONDAY + timedelta(days=2), zone=IST)
    assert [day.units for day in found] == [0, 1]


# -- ordering ----------------------------------------------------------------------------------------------------------


def test_cover_counts_the_days_units_last():
    assert forecast.cover_days(0, [2.0] * 7) == 0
    assert forecast.cover_days(7, [2.0] * 7) == pytest.approx(3.5)
    assert forecast.cover_days(7, [1, 1, 1, 1, 1, 8, 8]) == pytest.approx(5.25)
    assert forecast.cover_days(5, [0.0] * 7) == 99


def test_the_reorder_point_is_the_lead_times_demand_and_its_safety():
    assert forecast.reorder_point([10.0] * 7, 4.0, lead_days=2, service_bp=5000) == 20
    assert forecast.reorder_point([10.0] * 7, 4.0, lead_days=2, service_bp=9500) == 30
    assert forecast.reorder_point([0.0] * 7, 4.0, lead_days=2, service_bp=9500) == 0


PLAN = {"lead_days": 1, "target_days": 3, "service_bp": 5000}


def test_an_order_fills_up_to_the_target_in_whole_cases():
    asked = forecast.advise([10.0] * 7, 3.0, lots=[Lot(12, None)], incoming=5, case_units=6, **PLAN)
    assert (asked.target_units, asked.usable_units, asked.qty, asked.cut_by_life) == (50, 17, 36, False)
    assert forecast.advise([10.0] * 7, 3.0, lots=[Lot(60, None)], incoming=0, **PLAN).qty == 0


def test_units_that_will_not_sell_in_time_are_not_counted_on():
    assert forecast.usable([Lot(30, 1.0), Lot(10, None)], [10.0] * 7) == 20
    assert forecast.usable([Lot(5, 1.0), Lot(30, 2.0)], [10.0] * 7) == 20


@given(
    st.floats(0.1, 50), st.integers(0, 200), st.integers(0, 50), st.integers(1, 24), st.floats(0.5, 20),
    st.integers(5000, 9999),
)  # fmt: skip
def test_never_more_is_ordered_than_sells_before_it_is_too_short_dated(rate, there, incoming, case, life, service):
    plan = PLAN | {"service_bp": service}
    asked = forecast.advise(
        [rate] * 7, rate, lots=[Lot(there, None)], incoming=incoming, case_units=case, life_days=life, **plan
    )
    assert asked.qty % case == 0
    if asked.qty:
        assert there + incoming + asked.qty <= rate * (PLAN["lead_days"] + life) + 1e-6


# -- measured ----------------------------------------------------------------------------------------------------------


def made_up(seed: int = 3) -> evaluation.Sales:
    chance = np.random.default_rng(seed)
    orders = np.repeat(np.arange(6000), 3)
    products = chance.choice(40, len(orders), p=np.arange(1, 41) / np.arange(1, 41).sum())
    known = [(10**7 + n, int(chance.choice(7, p=[0.3, 0.2, 0.1, 0.1, 0.1, 0.1, 0.1])), 8 + n % 12) for n in range(500)]
    return evaluation.spread_over_days(
        orders, products, known, weeks=6, least_lines=20, most_products=40, seed=seed
    )  # fmt: skip


def test_the_evaluation_puts_every_line_on_one_day_and_sells_no_more_than_was_there():
    sales = made_up()
    assert sales.daily.sum() == len(sales.product) > 17_000
    scores, lost = evaluation.with_stock_outs(sales, train_weeks=4, share=0.5, seed=3)
    found = evaluation.by_method(scores)
    assert 0.1 < lost < 0.5
    assert found["uncorrected"].bias < -0.1
    assert abs(found["corrected"].bias) < abs(found["uncorrected"].bias) / 2


def test_the_evaluation_refuses_a_folder_without_the_files(tmp_path):
    with pytest.raises(CommandError, match="There is no order_products__train"):
        call_command("forecast_eval", str(tmp_path))


@pytest.mark.skipif(not DATA.is_dir(), reason="the Instacart baskets are not on this machine")
def test_on_real_baskets_naive_is_beaten_and_stock_outs_bend_it_less(capsys):
    call_command("forecast_eval", str(DATA), "--products", "150")
    assert '"passed":true' in capsys.readouterr().out
