"""Where riders are, and who may see it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from blinkit.kernel import live
from blinkit.kernel.geo import Point
from catalog.tests.factories import NOW, store
from delivery import services
from delivery.models import Position, Rider
from delivery.services import history
from delivery.services.positions import note_carrying
from delivery.tests.factories import BAGS, rider, trip
from orders.models import Order
from orders.states import Status

pytestmark = pytest.mark.django_db


def fix(at_s, lat=12.955, lng=77.625, accuracy=5.0):
    return services.Fix(Point(lat, lng), NOW + timedelta(seconds=at_s), accuracy)


def report(who, *fixes, at_s=600):
    return services.report_positions(rider_id=who.pk, fixes=fixes, now=NOW + timedelta(seconds=at_s))


def test_the_newest_of_a_batch_counts():
    who = rider(store())
    assert report(who, fix(20, lat=12.9552), fix(10), fix(30, lat=12.9554)).at == NOW + timedelta(seconds=30)
    assert history.write_positions() == 3
    who.refresh_from_db()
    assert who.lat == pytest.approx(12.9554, abs=1e-4)
    assert [row.at for row in Position.objects.order_by("at")] == [NOW + timedelta(seconds=s) for s in (10, 20, 30)]


@pytest.mark.parametrize(
    "bad",
    [fix(10, lat=12.96), fix(5), fix(5_000), fix(20, accuracy=900)],
    ids=["a jump", "not newer", "from the future", "too vague"],
)
def test_bad_reports_are_dropped(bad):
    who = rider(store())
    report(who, fix(5))
    assert report(who, bad) is None
    history.write_positions()
    assert Position.objects.count() == 1


def test_after_a_long_silence_any_place_is_possible():
    who = rider(store())
    report(who, fix(5))
    assert report(who, fix(500, lat=12.99)) is not None


def test_taking_positions_costs_no_statement_and_writing_them_two():
    who = rider(store())
    report(who, fix(0))
    with CaptureQueriesContext(connection) as asked:
        for second in range(1, 10):
            report(who, fix(second, lat=12.955 + second / 20_000), at_s=second)
    assert len(asked) == 0
    with CaptureQueriesContext(connection) as asked:
        assert history.write_positions() == 10
    assert len([query for query in asked if "SAVEPOINT" not in query["sql"]]) == 2
    assert history.write_positions() == 0


def test_only_the_customer_whose_bags_are_on_board_sees_the_rider(captured_shares):
    made, stop = trip()
    group = f"order.{stop.job.order_id}"
    report(made.rider, fix(100))
    assert {name for name, _ in captured_shares} == {"ops"}
    services.pick_up(stop_id=stop.pk, rider_id=made.rider_id, bag_codes=BAGS, now=NOW)
    note_carrying(rider_id=made.rider_id)
    captured_shares.clear()
    report(made.rider, fix(110))
    assert {name for name, _ in captured_shares} == {"ops", group}
    payload = dict(captured_shares)[group]
    assert (payload["type"], payload["lat"]) == ("position", 12.955)
    kept = live.recall(f"rider-of-order:{stop.job.order_id}")
    assert (kept["lng"], kept["vehicle"]) == (77.625, made.rider.vehicle)
    assert "vehicle" not in payload
    order = stop.job.order
    services.deliver(stop_id=stop.pk, rider_id=made.rider_id, otp=order.door_otp, cash_paise=order.total_paise, now=NOW)
    note_carrying(rider_id=made.rider_id)
    captured_shares.clear()
    report(made.rider, fix(120))
    assert {name for name, _ in captured_shares} == {"ops"}


def test_leaving_the_stores_fence_with_bags_is_a_departure():
    made, stop = trip()
    services.pick_up(stop_id=stop.pk, rider_id=made.rider_id, bag_codes=BAGS, now=NOW)
    report(made.rider, fix(100, lat=12.9553))
    assert Order.objects.get().status == Status.PICKED_UP
    report(made.rider, fix(130, lat=12.957))
    assert Order.objects.get().status == Status.IN_TRANSIT


def test_what_redis_forgot_is_read_again(captured_shares):
    made, stop = trip(to_door=True)
    from blinkit.kernel.redis_client import client, key

    client().delete(key(f"fact:rider-carries:{made.rider_id}"))
    report(made.rider, fix(900), at_s=900)
    assert f"order.{stop.job.order_id}" in dict(captured_shares)


def test_a_sign_of_life_is_written_once_a_minute():
    who = rider(store())
    services.still_here(rider_id=who.pk, now=NOW + timedelta(seconds=30))
    assert Rider.objects.get().seen_at == NOW
    services.still_here(rider_id=who.pk, now=NOW + timedelta(seconds=90))
    assert Rider.objects.get().seen_at == NOW + timedelta(seconds=90)
