"""The learned promise: what it may never do, how it is trained, used, rolled back, and what happens without it."""

from __future__ import annotations

import builtins
import json
import math
import random
from datetime import timedelta
from io import StringIO
from pathlib import Path
from threading import Barrier, Thread

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from blinkit.kernel import live
from blinkit.kernel.geo import Point
from catalog.tests.factories import NOW, ProductFactory
from catalog.tests.factories import store as make_store
from orders import queries, tasks
from orders.models import EtaModel, LegStat, Order, Promise
from orders.promise import VERSION, PromiseInputs, quote
from orders.promise.conformal import Adaptive
from orders.promise.deliveries import BadFile, read
from orders.promise.facts import FIELDS, INCREASING, Corrector, corrector_from, facts, guess_of
from orders.promise.learned import Learned, learned_from
from orders.promise.recent import FIELDS as RECENT
from orders.promise.recent import Past, recent
from orders.promise.trees import UNKNOWN, BadTrees, Trees, trees_from
from orders.queries.eta import NOTED, Outcome, Training, training_now
from orders.services import eta
from orders.states import Status
from orders.tests.factories import HOME, customer, shop

IST = timedelta(hours=5, minutes=30)
DELIVERIES = Path(settings.BASE_DIR).parent / "shared" / "data" / "ifood_brazil_2025" / "deliveries_train.csv"


def made_from(dice: random.Random, *, store: str = "BLR-T") -> dict:
    lines = dice.randint(1, 12)
    inputs = PromiseInputs(
        lines=lines, units=lines + 1, ride_s=dice.uniform(60, 700), backlog_s=dice.uniform(0, 400),
        rider_wait_s=dice.uniform(0, 300),
    )  # fmt: skip
    more = {"hour": dice.randint(8, 22), "weekday": dice.randint(0, 6), "open_orders": dice.randint(0, 30)}
    return {"store": store, **inputs.as_json(), "legs": quote(inputs).legs_json(), **more}


def took(told: dict, dice: random.Random) -> float:
    """A world that is slower in the evening than the rule of thumb thinks, and more so with a queue."""
    p50_s, _p90_s = guess_of(told)
    return p50_s * (1.6 if told["hour"] >= 18 else 1.1) * math.exp(dice.gauss(0, 0.2)) + 0.5 * told["backlog_s"]


@pytest.fixture(scope="module")
def lesson():
    pytest.importorskip("lightgbm", reason="the extra `eta` is not installed", exc_type=(ImportError, OSError))
    from orders.promise.learning import Effort, learn

    dice = random.Random(4)
    told = [made_from(dice) for _ in range(1_200)]
    guess = [guess_of(one)[0] for one in told]
    rows = [facts(one, {"BLR-T": 0.0}) for one in told]
    actual = [took(one, dice) for one in told]
    effort = Effort(rounds=60, leaves=8, least_rows=20, models=1)
    return learn(rows, guess, actual, fields=FIELDS, increasing=INCREASING, version="t", effort=effort)


# -- what it may never do ---------------------------------------------------------------------------------------------


@budget(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), name=st.sampled_from(["ride_s", "backlog_s"]), more=st.floats(1, 2_000))
def test_further_or_later_in_the_queue_is_never_promised_sooner(lesson, seed, name, more):
    corrector = Corrector(lesson.learned, {"BLR-T": 0.0})
    dice = random.Random(seed)
    base = {"lines": dice.randint(1, 20), "ride_s": dice.uniform(0, 900), "backlog_s": dice.uniform(0, 600)}
    base |= {"units": base["lines"] + 2, "rider_wait_s": dice.uniform(0, 900), "rush": dice.random() < 0.3}
    hour = {"store": "BLR-T", "hour": dice.randint(0, 23), "weekday": dice.randint(0, 6)}

    def promised(fields):
        inputs = PromiseInputs(**fields)
        return corrector.correct(quote(inputs), {**inputs.as_json(), **hour})

    less, longer = promised(base), promised(base | {name: base[name] + more})
    assert less.p50_s <= longer.p50_s
    assert less.p90_s <= longer.p90_s
    assert less.to_m <= longer.to_m
    assert less.p50_s <= less.p90_s
    assert less.p90_s <= 60 * less.to_m
    assert less.from_m + 3 <= less.to_m


def test_it_learned_what_the_rule_of_thumb_does_not_know(lesson):
    corrector = Corrector(lesson.learned, {"BLR-T": 0.0})
    dice = random.Random(77)
    told = [made_from(dice) for _ in range(400)]
    actual = [took(one, dice) for one in told]
    said = [corrector.times(guess_of(one)[0], one) for one in told]
    thumb = [guess_of(one) for one in told]
    error, thumb_error = (
        sum(abs(a - p50) for a, (p50, _p90) in zip(actual, both, strict=True)) for both in (said, thumb)
    )
    assert error < 0.75 * thumb_error
    kept = sum(a <= p90 for a, (_p50, p90) in zip(actual, said, strict=True)) / len(told)
    assert 0.85 <= kept <= 0.95


def test_what_was_learned_is_read_as_it_was_written(lesson):
    kept = json.loads(json.dumps(Corrector(lesson.learned, {"BLR-T": 0.0}).as_json()))
    told = made_from(random.Random(1))
    again = corrector_from(kept)
    assert again.times(500.0, told) == Corrector(lesson.learned, {"BLR-T": 0.0}).times(500.0, told)


SMALL = Learned("v", FIELDS, Trees(((0, 1.0, 0.1, (1, 2.0, 0.2, 0.3)),)), Trees((4.0,)), 1.5)


@pytest.mark.parametrize(
    "damage",
    [
        {"form": 99}, {"fields": ["ride_s"]}, {"z": -1}, {"z": float("nan")}, {"z": None}, {"middle": []},
        {"middle": "x"},
        {"middle": [[0, 1.0, 0.1]]}, {"middle": [[99, 1.0, 0.1, 0.2]]}, {"middle": [[0, float("inf"), 0.1, 0.2]]},
        {"middle": [float("nan")]}, {"spread": [None]}, {"spread": {"trees": []}},
    ],
)  # fmt: skip
def test_a_model_of_another_form_or_a_damaged_one_is_refused(damage):
    whole = json.loads(json.dumps(SMALL.as_json()))
    assert learned_from(whole, fields=FIELDS) == SMALL
    with pytest.raises(BadTrees):
        learned_from(whole | damage, fields=FIELDS)


def test_a_tree_without_end_is_refused():
    endless: list = [0, 1.0, 0.0, 0.0]
    endless[3] = endless
    with pytest.raises(BadTrees):
        trees_from([endless], features=1)


def test_what_nobody_measured_is_unknown_not_a_crash():
    values = facts({"ride_s": None, "lines": "many", "store": None}, {})
    assert values == [UNKNOWN] * len(FIELDS)
    assert guess_of({}) is None
    assert guess_of({"legs": {"ride": ["x", 1]}}) is None
    assert guess_of({"legs": {"ride": [0, 0]}}) is None


# -- keeping nine of ten ----------------------------------------------------------------------------------------------


def test_the_share_kept_comes_back_after_the_world_has_changed():
    dice = random.Random(2)
    old = [dice.gauss(0, 1) for _ in range(1_500)]
    room, fixed = Adaptive(old), Adaptive(old).z()
    kept = kept_fixed = 0
    for number in range(2_000):
        score = dice.gauss(0.8, 1.3)  # everything is slower from now on
        if number >= 500:
            kept += score <= room.z()
            kept_fixed += score <= fixed
        room.seen(score, kept=score <= room.z())
    assert 0.88 <= kept / 1_500 <= 0.92
    assert kept_fixed / 1_500 < 0.75, "the control: without adapting it does not come back"


def test_nothing_known_needs_no_room_and_room_is_never_below_none():
    assert Adaptive().z() == 0
    assert Adaptive([-3.0, -2.0, -1.0]).z() == 0


def test_only_deliveries_that_have_ended_are_known():
    orders = [Past(0, "a", 1.0, 30, 40), Past(10, "a", 1.0, 30, 5), Past(20, "a", 1.0, 30, 9)]
    later = [*orders[:2], Past(20, "a", 1.0, 30, 10_000)]
    facts_of = [dict(zip(RECENT, row, strict=True)) for row in recent(orders)]
    assert facts_of == [dict(zip(RECENT, row, strict=True)) for row in recent(later)], "the outcome is not known"
    assert facts_of[0]["store_open"] == 0
    assert facts_of[0]["store_over_3"] == UNKNOWN
    assert facts_of[2]["store_open"] == 1, "the first is still under way"
    assert facts_of[2]["store_over_3"] == -25, "the second has ended 25 minutes early"


def test_a_file_that_is_none_says_so(tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("a,b\n1,2\n")
    with pytest.raises(BadFile, match="is not a file of deliveries"):
        read(bad)
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("eta_eval", str(tmp_path / "none.csv"))


@pytest.mark.skipif(not DELIVERIES.is_file(), reason="the deliveries are not here")
def test_nine_of_ten_promises_are_kept_on_the_newest_deliveries(tmp_path):
    """A quarter of the file, for speed; all bars on the whole of it: `manage.py eta_eval`."""
    pytest.importorskip("lightgbm", reason="the extra `eta` is not installed", exc_type=(ImportError, OSError))
    lines = DELIVERIES.read_text().splitlines(keepends=True)
    part = tmp_path / "part.csv"
    part.write_text("".join([lines[0], *lines[-4_000:]]))
    out = StringIO()
    call_command("eta_eval", str(part), stdout=out)
    assert "met: kept 88 to 92 %" in out.getvalue(), out.getvalue()


# -- trained on our own orders ----------------------------------------------------------------------------------------


def history(count: int, *, seed: int = 3, until=NOW, like=took) -> None:
    """Delivered orders of the last weeks, by the ledger."""
    dice, user, place = random.Random(seed), customer(), shop(ProductFactory(), at=None)
    orders, promises = [], []
    for number in range(count):
        told = made_from(dice, store=place.code)
        at = until - timedelta(days=20) + number * timedelta(days=20) / (count + 1)
        came_at = min(until, at + timedelta(seconds=like(told, dice)))
        order = Order(
            number=f"H{seed}-{number:06}", customer=user, store=place, status=Status.DELIVERED, address_text="x",
            contact_phone="x", lat=place.lat, lng=place.lng, items_paise=0, total_paise=0, payment_method="cod",
            placed_at=at, status_at=came_at, delivered_at=came_at,
        )  # fmt: skip
        orders.append(order)
        p50_s = guess_of(told)[0]
        promises.append(
            Promise(
                order=order, version=VERSION, made_at=at, p50_at=at + timedelta(seconds=p50_s),
                promised_by=at + timedelta(minutes=20), inputs=told, actual_at=came_at,
            )
        )  # fmt: skip
    Order.objects.bulk_create(orders)
    Promise.objects.bulk_create(promises)


@pytest.mark.django_db
class TestTraining:
    @pytest.fixture(autouse=True)
    def _few(self, monkeypatch):
        pytest.importorskip("lightgbm", reason="the extra `eta` is not installed", exc_type=(ImportError, OSError))
        monkeypatch.setattr(eta, "LEAST_ROWS", 300)

    def test_a_better_model_is_used_and_the_ledger_says_which(self):
        history(500)
        trained = eta.train_eta(now=NOW)
        assert trained.in_use == str(trained.model) == f"l{trained.model.pk}", trained
        noted = training_now()
        assert (noted.in_use, noted.outcome, noted.model) == (trained.in_use, Outcome.TAKEN, trained.in_use)
        assert trained.figures["new"].mae_s < trained.figures["heuristic"].mae_s
        assert trained.model.figures["heuristic"]["mae_s"] == trained.figures["heuristic"].mae_s
        store = Order.objects.first().store
        said, told = queries.promise_for(store, to=Point(*HOME), lines=3, units=4, now=NOW)
        assert said.version == str(trained.model)
        assert told["legs"]["ride"]
        assert said.p50_s != quote(PromiseInputs(lines=3, units=4, ride_s=told["ride_s"])).p50_s
        # The same orders teach nothing new: the second model is kept out of use.
        again = eta.train_eta(now=NOW + timedelta(days=1))
        assert again.in_use == str(trained.model)
        assert (training_now().in_use, training_now().outcome) == (trained.in_use, Outcome.KEPT_OUT)
        assert list(EtaModel.objects.values_list("is_active", flat=True)) == [False, True]

    def test_too_few_orders_change_nothing(self):
        history(50)
        trained = eta.train_eta(now=NOW)
        assert (trained.model, trained.in_use) == (None, "heuristic")
        assert (training_now().outcome, training_now().orders) == (Outcome.TOO_FEW, 50)
        assert not EtaModel.objects.exists()

    def test_a_model_in_use_that_does_worse_than_the_rule_of_thumb_goes_out_by_itself(self, monkeypatch):
        history(500, like=lambda told, dice: guess_of(told)[0] * math.exp(dice.gauss(0, 0.15)))
        wild = Corrector(Learned("w", FIELDS, Trees((0.9,)), Trees((6.0,)), 5.0), {})
        wrong = EtaModel.objects.create(
            trained_at=NOW - timedelta(days=30), learned_until=NOW - timedelta(days=31), rows=1, judged_on=1, mae_s=1,
            kept_percent=90, padding_s=1, kept=wild.as_json(), is_active=True,
        )  # fmt: skip
        monkeypatch.setattr(eta, "BETTER_BY", 0.9)  # and the new one is not good enough
        trained = eta.train_eta(now=NOW)
        wrong.refresh_from_db()
        assert trained.in_use == "heuristic"
        assert not wrong.is_active
        assert wrong.why.startswith("Worse than the rule of thumb.")
        assert training_now() == Training(outcome=Outcome.ROLLED_BACK, at=NOW, model=str(trained.model), orders=400)

    def test_by_hand_an_earlier_model_comes_back(self):
        model = EtaModel.objects.create(
            trained_at=NOW, learned_until=NOW, rows=1, judged_on=1, mae_s=1, kept_percent=90, padding_s=1,
            kept=Corrector(SMALL, {}).as_json(), is_active=True,
        )  # fmt: skip
        eta.use_eta(model_id=None)
        eta.use_eta(model_id=None)
        assert not EtaModel.objects.filter(is_active=True).exists()
        out = StringIO()
        call_command("train_eta", "--use", str(model), stdout=out)
        assert EtaModel.objects.get(is_active=True) == model
        with pytest.raises(CommandError, match="no readable model l999999"):
            call_command("train_eta", "--use", "l999999")
        with pytest.raises(CommandError, match="Name a model"):
            call_command("train_eta", "--use", "best")
        assert EtaModel.objects.get(is_active=True) == model

    def test_without_the_library_training_says_what_is_missing(self, monkeypatch):
        history(320)
        real = builtins.__import__

        def missing(name, *args, **kwargs):
            if name == "lightgbm":
                raise ImportError("no")
            return real(name, *args, **kwargs)

        monkeypatch.setattr(builtins, "__import__", missing)
        with pytest.raises(CommandError, match=r"blinkit\[eta\]"):
            call_command("train_eta")
        assert training_now().outcome == Outcome.NOT_INSTALLED
        live.remember(NOTED, {}, ttl_s=60)
        tasks.train_eta()  # by night: it ends well, and says so
        assert training_now().outcome == Outcome.NOT_INSTALLED
        assert not EtaModel.objects.exists()


# -- without it -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    "kept", [{}, {"learned": {"form": 0}, "stores": {}}, [1], {"learned": None, "stores": {"a": "b"}}]
)
def test_with_a_model_that_cannot_be_read_the_rule_of_thumb_serves(kept):
    place = shop(ProductFactory())
    EtaModel.objects.create(
        trained_at=NOW, learned_until=NOW, rows=1, judged_on=1, mae_s=1, kept_percent=90, padding_s=1, kept=kept,
        is_active=True,
    )  # fmt: skip
    said, told = queries.promise_for(place, to=Point(*HOME), lines=3, units=4, now=NOW)
    assert said.version == VERSION
    assert said.p50_s == pytest.approx(guess_of(told)[0], abs=5)


@pytest.mark.django_db
def test_many_stores_in_one_call_are_promised_what_each_is_alone(django_assert_num_queries):
    shop(ProductFactory())
    stores = [make_store(f"MANY-{number}", lat=12.955 + number / 500) for number in range(4)]
    hours = {stores[1]: (NOW + IST).hour, stores[2]: LegStat.ANY_HOUR}
    for store, hour in hours.items():
        LegStat.objects.create(store=store, leg="ride_times", hour=hour, p50_s=3, p90_s=4, samples=5)
    stores = queries.places.goods.active_stores()
    kept = {"to": Point(*HOME), "lines": 3, "units": 4, "now": NOW}
    with django_assert_num_queries(1):
        found = queries.promises_for(stores, **kept)
    assert found == {store.pk: queries.promise_for(store, **kept)[0] for store in stores}
    assert len({one.p50_s for one in found.values()}) > 2
    assert queries.promises_for([], **kept) == {}


@pytest.mark.django_db
def test_which_model_is_in_use_costs_no_statement_of_its_own(django_assert_num_queries):
    place = shop(ProductFactory())
    kept = Corrector(SMALL, {}).as_json()
    model = EtaModel.objects.create(
        trained_at=NOW, learned_until=NOW, rows=1, judged_on=1, mae_s=1, kept_percent=90, padding_s=1, kept=kept,
        is_active=True,
    )  # fmt: skip
    LegStat.objects.create(store=place, leg="ride_times", hour=(NOW + IST).hour, p50_s=2, p90_s=3, samples=50)
    place = queries.places.goods.store_by_code(place.code)
    with django_assert_num_queries(2):  # legs with the model's number, and the model, once per process
        queries.promise_for(place, to=Point(*HOME), lines=3, units=4, now=NOW)
    with django_assert_num_queries(1):
        said, _told = queries.promise_for(place, to=Point(*HOME), lines=3, units=4, now=NOW)
    assert said.version == "v" or said.version == str(model)


def test_nothing_that_serves_imports_the_library():
    """At the top of a module nobody imports what learns; commands and the nightly task do it when they are called."""
    learns = ("lightgbm", "orders.promise.learning", "catalog.travel.graph")
    found = [
        f"{file}: {line}"
        for app in ("blinkit", "catalog", "orders", "fulfillment", "delivery", "dashboard")
        for file in (Path(settings.BASE_DIR) / app).rglob("*.py")
        if "tests" not in file.parts
        for line in file.read_text().splitlines()
        if line.startswith(tuple(f"{word} {name}" for word in ("import", "from") for name in learns))
    ]
    assert found == []
    assert "lightgbm" in (Path(settings.BASE_DIR) / "orders/promise/learning.py").read_text(), "the control"


@pytest.mark.django_db(transaction=True)
def test_of_two_trainings_at_once_one_is_used_and_without_the_lock_the_table_refuses():
    started = Barrier(4)
    figures = {
        "heuristic": eta.Figures(200, 80, 10, 100),
        "new": eta.Figures(100, 90, 10, 50),
    }
    rows = [eta.Row(NOW - timedelta(days=1), {}, (1, 2), 1)]
    found, errors = [], []

    def train():
        try:
            started.wait()
            kept = eta._keep(Corrector(SMALL, {}), figures, active=None, rows=rows, judged_on=300, now=NOW)
            found.append(kept.in_use)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [Thread(target=train) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert EtaModel.objects.filter(is_active=True).count() == 1
    assert set(found) == {str(EtaModel.objects.get(is_active=True))}, "all agree on which"
    assert EtaModel.objects.filter(why="Another training came first.").count() == 3
    with pytest.raises(Exception, match="eta_model_one_in_use"), transaction.atomic():
        EtaModel.objects.filter(is_active=False).update(is_active=True)
