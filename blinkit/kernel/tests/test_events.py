import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from blinkit.kernel import delivery, events, idempotency
from blinkit.kernel.models import Event, IdempotencyKey, Receipt
from blinkit.kernel.tests import doors
from blinkit.kernel.tests.doors import FAIL, SEEN, Colour, Followed, Happened, Unheard

HANDLER = "blinkit.kernel.tests.doors"


@pytest.fixture(autouse=True)
def wiring(settings):
    settings.EVENT_WIRING = "blinkit.kernel.tests.doors.REACTIONS"
    SEEN.clear()
    FAIL["now"] = False


@pytest.fixture
def published(monkeypatch):
    """Task messages that would go to the broker."""
    sent = []
    from blinkit.kernel import tasks

    monkeypatch.setattr(tasks.deliver, "apply_async", lambda **given: sent.append(given["kwargs"]["ids"]))
    return sent


def happened(**given) -> Happened:
    return Happened(thing=UUID(int=7), at=datetime(2026, 1, 2, 3, tzinfo=UTC), colour=Colour.RED, **given)


def test_an_event_is_the_same_after_the_database():
    event = happened(sizes=[1, 2], note="x")
    assert events.from_payload(Happened, events.to_payload(event)) == event


def test_old_and_new_fields_live_side_by_side():
    payload = events.to_payload(happened()) | {"from_the_future": 1}
    del payload["sizes"]
    assert events.from_payload(Happened, payload) == happened()


def test_codes_name_the_app_and_the_event():
    assert Happened.code() == "kernel.Happened"


@pytest.mark.django_db
def test_record_costs_one_statement(django_assert_num_queries):
    events.reactions()
    with django_assert_num_queries(1):
        events.record(happened(), subject="order:1")


@pytest.mark.django_db
def test_the_timeline_is_in_order_with_actor():
    events.record(Unheard(number=1), subject="order:1", actor="user:5")
    events.record(Unheard(number=2), subject="order:1")
    events.record(Unheard(number=3), subject="order:2")
    rows = events.timeline("order:1")
    assert [(row.code, row.payload, row.actor) for row in rows] == [
        ("kernel.Unheard", {"number": 1}, "user:5"),
        ("kernel.Unheard", {"number": 2}, "system"),
    ]


@pytest.mark.django_db
def test_an_event_without_reactions_never_waits():
    events.record(Unheard(number=1), subject="order:1")
    assert delivery.waiting_count() == 0


@pytest.mark.django_db
def test_handlers_run_once_and_what_they_record_is_followed(run_events):
    events.record(happened(), subject="order:1")
    assert run_events() == ["kernel.Happened", "kernel.Followed"]
    assert [name for name, _ in SEEN] == ["shaky", "follow", "end"]
    assert SEEN[0][1] == happened()
    assert run_events() == []


@pytest.mark.django_db
def test_replay_is_harmless():
    pk = events.record(happened(), subject="order:1")
    delivery.deliver([pk], now=timezone.now())
    before = list(SEEN)
    assert delivery.deliver([pk], now=timezone.now()) == []
    Event.objects.filter(pk=pk).update(handed_out_at=None)  # as if the worker had died before noting it
    delivery.deliver([pk], now=timezone.now())
    assert before == SEEN
    assert Receipt.objects.filter(event=pk).count() == 2


@pytest.mark.django_db
def test_a_failing_handler_holds_up_nobody_and_leaves_nothing_behind():
    FAIL["now"] = True
    pk = events.record(happened(), subject="order:1")
    delivery.deliver([pk], now=timezone.now())
    assert [name for name, _ in SEEN] == ["follow"]
    assert events.timeline("shaky") == []
    failed = Receipt.objects.get(done_at=None)
    assert (failed.handler, failed.attempts, failed.last_error) == (f"{HANDLER}.shaky", 1, "RuntimeError: not today")


@pytest.mark.django_db
def test_a_failed_reaction_is_tried_again_with_growing_pauses_and_then_waits_for_a_person():
    FAIL["now"] = True
    now = timezone.now()
    delivery.deliver([events.record(happened(), subject="order:1")], now=now)
    Event.objects.filter(handed_out_at=None).update(
        handed_out_at=now
    )  # what the other handler recorded is not meant here
    waits = []
    for _ in range(delivery.MAX_ATTEMPTS - 1):
        receipt = Receipt.objects.get(done_at=None)
        waits.append((receipt.next_try_at - now).total_seconds())
        assert delivery.sweep(now=receipt.next_try_at - timedelta(milliseconds=1)) == []
        now = receipt.next_try_at
        delivery.sweep(now=now)
    assert waits == [2, 4, 8, 16, 32, 64, 128]
    receipt = Receipt.objects.get(done_at=None)
    assert (receipt.attempts, receipt.next_try_at) == (delivery.MAX_ATTEMPTS, None)
    assert delivery.stuck_count() == 1

    FAIL["now"] = False
    assert delivery.retry(receipt_ids=[receipt.pk], now=now) == 1
    assert ("shaky", happened()) in SEEN
    assert delivery.stuck_count() == 0
    assert delivery.retry(receipt_ids=[receipt.pk], now=now) == 0


@pytest.mark.django_db
def test_the_sweep_hands_out_what_the_broker_lost_but_not_what_is_on_its_way():
    pk = events.record(happened(), subject="order:1")
    at = Event.objects.get(pk=pk).at
    assert delivery.sweep(now=at + timedelta(seconds=delivery.WAIT_BEFORE_SWEEP_S - 1)) == []
    assert delivery.sweep(now=at + timedelta(seconds=delivery.WAIT_BEFORE_SWEEP_S)) == ["kernel.Happened"]


@pytest.mark.django_db
def test_an_unknown_event_waits_for_code_that_knows_it(run_events):
    pk = events.record(happened(), subject="order:1")
    Event.objects.filter(pk=pk).update(code="orders.FromTheFuture")
    assert delivery.deliver([pk], now=timezone.now()) == []
    assert delivery.sweep(now=timezone.now() + timedelta(hours=1)) == []
    Event.objects.filter(pk=pk).update(code="kernel.Happened")
    assert "kernel.Happened" in run_events()


@pytest.mark.django_db
def test_a_handler_or_payload_that_cannot_be_read_is_a_failure_not_a_crash(settings, monkeypatch):
    monkeypatch.setitem(doors.REACTIONS, Followed, ["no.such.handler"])
    events.forget_wiring()
    pk = events.record(Followed(number=1), subject="a")
    delivery.deliver([pk], now=timezone.now())
    assert "no" in Receipt.objects.get(event=pk).last_error


@pytest.mark.django_db
def test_run_events_tells_of_a_failing_handler(run_events):
    FAIL["now"] = True
    events.record(happened(), subject="order:1")
    with pytest.raises(AssertionError, match="not today"):
        run_events()


@pytest.mark.django_db(transaction=True)
def test_one_task_per_transaction_carries_all_ids(published):
    with transaction.atomic():
        first = events.record(happened(), subject="a")
        with transaction.atomic():
            second = events.record(happened(), subject="a")
        assert published == []
    third = events.record(happened(), subject="a")
    assert published == [[first, second], [third]]


@pytest.mark.django_db(transaction=True)
def test_nothing_is_published_for_what_was_rolled_back(published):
    with transaction.atomic():
        with pytest.raises(RuntimeError), transaction.atomic():
            events.record(happened(), subject="a")
            raise RuntimeError
        kept = events.record(happened(), subject="a")
    with pytest.raises(RuntimeError), transaction.atomic():
        events.record(happened(), subject="a")
        raise RuntimeError
    assert published == [[kept]]
    assert Event.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_with_the_broker_down_the_event_is_kept_and_the_caller_notices_nothing(monkeypatch):
    from blinkit.kernel import tasks

    calls = []

    def refuse(**given):
        calls.append(given)
        raise ConnectionError("no broker")

    monkeypatch.setattr(tasks.deliver, "apply_async", refuse)
    pk = events.record(happened(), subject="a")
    events.record(happened(), subject="a")
    assert len(calls) == 1  # after a failure publishing rests for a moment
    assert delivery.waiting_count() == 2
    now = timezone.now() + timedelta(minutes=1)
    delivery.sweep(now=now)
    assert Event.objects.get(pk=pk).handed_out_at == now


@pytest.mark.django_db(transaction=True)
def test_a_dead_broker_address_costs_little_time(settings, monkeypatch):
    import time

    from blinkit.celery import app
    from blinkit.kernel import tasks

    class Dead:
        def __enter__(self):
            raise OSError("connection refused")

        def __exit__(self, *_):
            return None

    monkeypatch.setattr(app, "producer_or_acquire", lambda *_: Dead())
    started = time.monotonic()
    events.record(happened(), subject="a")
    assert time.monotonic() - started < 1
    assert tasks.deliver.name == "blinkit.kernel.tasks.deliver"
    assert delivery.waiting_count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_real_broker_takes_the_message(settings):
    from blinkit.kernel.observed import _queues

    events.record(happened(), subject="a")
    assert _queues()["events"] == 1


@pytest.mark.django_db(transaction=True)
def test_eight_workers_with_the_same_event_run_each_handler_once(race, published):
    pk = events.record(happened(), subject="a")
    race(8, lambda: delivery.deliver([pk], now=timezone.now()))
    assert sorted(name for name, _ in SEEN) == ["end", "follow", "shaky"]


@pytest.mark.django_db(transaction=True)
def test_control_without_receipts_the_same_race_runs_handlers_many_times(race, published, monkeypatch):
    gate = threading.Barrier(4)
    monkeypatch.setattr(delivery, "_claim", lambda *a, **k: gate.wait(5) >= 0)
    pk = events.record(happened(), subject="a")
    race(4, lambda: delivery.deliver([pk], now=timezone.now()))
    assert len([name for name, _ in SEEN if name != "end"]) > 2


@pytest.mark.django_db(transaction=True)
def test_a_second_worker_takes_over_when_the_first_one_fails_midway(published):
    pk = events.record(happened(), subject="a")
    entered, leave = threading.Event(), threading.Event()

    def first():
        try:
            with transaction.atomic():
                assert delivery._claim(pk, f"{HANDLER}.shaky", now=timezone.now())
                entered.set()
                leave.wait(5)
                raise RuntimeError("killed")
        except RuntimeError:
            pass
        finally:
            connections.close_all()

    thread = threading.Thread(target=first)
    thread.start()
    entered.wait(5)
    leave.set()
    delivery.deliver([pk], now=timezone.now())
    thread.join()
    assert [name for name, _ in SEEN] == ["shaky", "follow", "end"]


@pytest.mark.django_db(transaction=True)
def test_what_handlers_cause_is_followed_without_another_message(published):
    pk = events.record(happened(), subject="a")
    assert delivery.deliver([pk], now=timezone.now()) == ["kernel.Happened", "kernel.Followed"]
    assert published == [[pk]]
    assert delivery.waiting_count() == 0


def forever(event, meta):
    events.record(Followed(number=event.number + 1), subject="a")


@pytest.mark.django_db(transaction=True)
def test_an_endless_chain_goes_back_to_the_broker(published, monkeypatch):
    monkeypatch.setitem(doors.REACTIONS, Followed, [f"{__name__}.forever"])
    pk = events.record(Followed(number=0), subject="a")
    assert len(delivery.deliver([pk], now=timezone.now())) == delivery.LONGEST_CHAIN
    assert published == [[pk], [pk + delivery.LONGEST_CHAIN]]


@pytest.mark.django_db
def test_delivery_of_one_event_with_one_handler_stays_cheap(django_assert_max_num_queries):
    pk = events.record(Followed(number=1), subject="a")
    # In a test's transaction BEGIN and COMMIT are the two savepoint statements.
    with django_assert_max_num_queries(5):
        delivery.deliver([pk], now=timezone.now())


@pytest.mark.django_db
def test_events_that_are_no_audit_line_go_with_their_receipts_once_all_is_done():
    done, again, failed = (events.record(happened(), subject=about) for about in ("market:a", "market:b", "market:a"))
    other, elsewhere = events.record(Unheard(number=1), subject="market:a"), events.record(happened(), subject="c")
    delivery.deliver([done, again, elsewhere], now=timezone.now())
    FAIL["now"] = True
    delivery.deliver([failed], now=timezone.now())
    waiting = events.record(happened(), subject="market:b")
    then, subjects = timezone.now(), ["market:a", "market:b"]
    young = events.record(Unheard(number=2), subject="market:a")
    assert [delivery.forget(Happened, subjects=subjects, before=then, limit=1) for _ in range(3)] == [1, 1, 0]
    assert delivery.forget(Unheard, subjects=["market:a"], before=then) == 1
    left = set(Event.objects.exclude(code=Followed.code()).exclude(subject="shaky").values_list("pk", flat=True))
    assert left == {failed, waiting, elsewhere, young} and other not in left
    assert set(Receipt.objects.filter(event__code=Happened.code()).values_list("event", flat=True)) == {
        failed,
        elsewhere,
    }


@pytest.mark.django_db
def test_old_idempotency_keys_are_forgotten_after_48_hours():
    now = timezone.now()
    for hours in (47, 49):
        IdempotencyKey.objects.create(
            scope="s", key=str(hours), fingerprint="f", created_at=now - timedelta(hours=hours)
        )
    assert idempotency.forget_old(now=now) == 1
    assert IdempotencyKey.objects.get().key == "47"


@pytest.mark.django_db
def test_the_waiting_events_are_found_by_the_partial_index():
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'event_waiting'")
        assert "WHERE (handed_out_at IS NULL)" in cursor.fetchone()[0]
