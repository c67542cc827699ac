"""What the floor's part of a promise really took, written down for the next one."""

from datetime import timedelta

import pytest

from catalog.tests.factories import NOW
from fulfillment import services
from fulfillment.models import PickTask
from fulfillment.tests.factories import floor, packed, product, task_for, worker
from orders.models import LegStat, Order, Promise
from orders.promise import legs

pytestmark = pytest.mark.django_db


def test_taking_picking_and_packing_are_measured_against_what_was_reckoned(monkeypatch):
    monkeypatch.setattr("orders.promise.pooling.LEAN", 0)
    milk = product()
    store = floor(milk)
    task = packed(task_for(store, [milk]), worker(store))
    began = NOW + timedelta(seconds=100)
    times = {
        "started_at": began,
        "picked_at": began + timedelta(seconds=62),
        "packed_at": began + timedelta(seconds=115),
    }
    PickTask.objects.filter(pk=task.pk).update(**times)
    Order.objects.filter(pk=task.order_id).update(confirmed_at=NOW)
    promise = Promise.objects.get(order=task.order_id)
    promise.inputs |= {"backlog_s": 70, "lines": 1, "units": 1}
    promise.save()
    for _ in range(2):
        services.measure_legs(now=NOW + timedelta(hours=1))
    found = {row.leg: (row.p50_s, row.samples) for row in LegStat.objects.filter(store=store, hour=LegStat.ANY_HOUR)}
    usual_pick_s, usual_pack_s = legs.PICK_BASE_S + legs.PICK_PER_LINE_S, legs.PACK_S + legs.PACK_PER_LINE_S
    assert found == {
        "accept": (30, 1),
        "pick_times": (pytest.approx(62 / usual_pick_s), 1),
        "pack_times": (pytest.approx(53 / usual_pack_s), 1),
    }
    of_all = LegStat.objects.filter(store=None).values_list("leg", "hour", "samples")
    assert set(of_all) == {(leg, LegStat.ANY_HOUR, 1) for leg in found}
    assert set(LegStat.objects.filter(store=store, hour=14).values_list("leg", flat=True)) == found.keys()


def test_a_backlog_that_was_not_as_long_is_no_negative_wait_and_old_orders_say_nothing():
    milk = product()
    store = floor(milk)
    task = packed(task_for(store, [milk]), worker(store))
    PickTask.objects.filter(pk=task.pk).update(started_at=NOW, picked_at=NOW, packed_at=NOW + timedelta(seconds=9))
    promise = Promise.objects.get(order=task.order_id)
    promise.inputs |= {"backlog_s": 900}
    promise.save()
    services.measure_legs(now=NOW + timedelta(minutes=1))
    assert not LegStat.objects.exists(), "it is on its way and in time"
    services.measure_legs(now=NOW + timedelta(hours=1))
    assert LegStat.objects.get(store=store, leg="accept", hour=LegStat.ANY_HOUR).p50_s < legs.ACCEPT_S
    assert not LegStat.objects.filter(leg="pick_times").exists(), "no time between two scans is no pick"
    LegStat.objects.all().delete()
    assert services.measure_legs(now=NOW + timedelta(days=14, minutes=1)) == 0
