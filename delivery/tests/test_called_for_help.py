"""A rider who had an accident or called for help: what they have not fetched is brought by somebody else."""

from datetime import timedelta

import pytest

from accounts.tests.factories import UserFactory
from blinkit.kernel.errors import Refusal
from catalog.tests.factories import NOW, store
from delivery import services
from delivery.errors import StopGone
from delivery.incidents import Incident, Rescue
from delivery.models import Adjustment, Earning, Job, JobState, Offer, OfferState, Rider, Stop, StopState, Trip
from delivery.services import incidents, rescue
from delivery.statement_files import line_text
from delivery.tests.factories import BAGS, offered, rider, trip
from delivery.tests.test_between import bundle, hand_over
from orders.models import BagScan, Evidence, Order
from orders.states import Status

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
SOON = NOW + MINUTE


def told(made, kind="accident", *, now=SOON):
    return incidents.tell(rider_id=made.rider_id, kind=kind, nonce=f"{kind}{now}", now=now)


def reacts(made, *, now=SOON):
    """What the reaction to the event does."""
    return services.free_of_unfetched(trip_id=made.pk, now=now)


def resolved(incident, *, now):
    return incidents.resolve(incident_id=incident.pk, outcome="All is well", by=UserFactory().pk, name="Meera", now=now)


def swept(now):
    """What the sweep of trips gives away while everybody's phone says that they are there."""
    Rider.objects.update(seen_at=now)
    return services.watch_trips(now=now)


def state_of(stop):
    return Stop.objects.get(pk=stop.pk).state


class TestAnAccident:
    def test_gives_what_is_not_fetched_to_somebody_else_at_once(self):
        made, stop = trip()
        told(made)
        reacts(made)
        assert state_of(stop) == StopState.DROPPED and Job.objects.get().state == JobState.SEEKING
        order = Order.objects.get()
        assert (order.status, order.rider_id_ref) == (Status.PACKED, None)
        assert services.live_trip(made.rider_id) is None
        other = rider(made.store, name="Zoya")
        assert offered(stop.job, now=SOON).rider_id == other.pk, "the one who is hurt is not asked"
        note = Incident.objects.get().notes.last()
        assert (note.name, note.text) == ("By rule", "What was not fetched goes to somebody else.")

    def test_is_a_reaction_to_its_event(self, run_events):
        made, stop = trip()
        told(made)
        run_events()
        assert state_of(stop) == StopState.DROPPED

    def test_told_by_operations_does_as_well(self, run_events):
        made, stop = trip()
        desk = UserFactory()
        incidents.open_for(
            rider_id=made.rider_id, kind="accident", text="A passer-by rang", nonce="a", by=desk.pk, name="M", now=SOON
        )
        run_events()
        assert state_of(stop) == StopState.DROPPED

    def test_is_seen_by_the_sweep_where_the_event_waits(self):
        made, stop = trip()
        told(made)
        assert swept(SOON) == 1
        assert state_of(stop) == StopState.DROPPED
        assert swept(SOON) == 0

    def test_leaves_what_is_in_hand_and_takes_the_rest(self):
        made, (first, second) = bundle(method="online")
        services.pick_up(stop_id=first.pk, rider_id=made.rider_id, bag_codes=BAGS, now=NOW)
        told(made)
        reacts(made)
        assert (state_of(first), state_of(second)) == (StopState.ON_BOARD, StopState.DROPPED)
        assert Trip.objects.get().ended_at is None
        zoya = rider(made.store, name="Zoya")
        services.send_rescue(from_rider_id=made.rider_id, to_rider_id=zoya.pk, why="x", actor="user:1", now=SOON)
        services.take_over(rider_id=zoya.pk, bag_codes=BAGS, now=SOON)
        assert Trip.objects.get(pk=made.pk).ended_at == SOON
        assert Earning.objects.get().parts["base_paise"] == 2_500
        assert not Adjustment.objects.exists(), "the way to the store is in that base"

    def test_tells_the_rider_what_follows(self, client):
        made, _stop = trip()
        incident = told(made)
        client.force_login(made.rider.user)
        words = "What you have not fetched goes to somebody else"
        assert words in client.get("/rider/help/").content.decode()
        resolved(incident, now=SOON)
        assert words not in client.get("/rider/help/").content.decode()

    def test_puts_bags_that_were_scanned_in_part_back_on_the_shelf(self):
        made, stop = trip()
        services.scan_bag(stop_id=stop.pk, rider_id=made.rider_id, code="BAG-1", nonce="n", now=SOON)
        told(made)
        reacts(made)
        assert state_of(stop) == StopState.DROPPED and not BagScan.objects.exists()
        assert Evidence.objects.filter(kind="handover_stopped").exists()
        assert Order.objects.get().status == Status.PACKED

    def test_leaves_bags_the_store_has_scanned_out_to_who_has_them(self):
        """The event of the store's scan has not come yet: the stop still says "to pick up"."""
        made, stop = trip()
        orders_bag(stop)
        told(made)
        assert reacts(made) == swept(SOON) == 0
        services.bags_on_board(order_id=stop.job.order_id, now=SOON)
        assert state_of(stop) == StopState.ON_BOARD and Order.objects.get().rider_id_ref == made.rider_id

    def test_is_paid_the_way_to_the_shelf_once(self):
        made, (first, second) = bundle()
        told(made)
        reacts(made)
        swept(SOON)
        assert {state_of(first), state_of(second)} == {StopState.DROPPED}
        paid = Adjustment.objects.get()
        assert (paid.rider_id, paid.amount_paise) == (made.rider_id, 2_500)
        assert line_text(paid.line) == f"Way to {made.store.name}, before help was called"

    def test_is_no_no_and_after_it_is_resolved_they_may_be_asked_again(self):
        made, stop = trip()
        incident = told(made)
        reacts(made)
        assert Job.objects.get().declined_by == []
        Rider.objects.update(seen_at=SOON)
        assert services.dispatch_round(now=SOON) == 0
        resolved(incident, now=SOON)
        assert offered(stop.job, now=SOON).rider_id == made.rider_id

    def test_resolved_before_anybody_looked_takes_nothing(self):
        made, stop = trip()
        resolved(told(made), now=SOON)
        reacts(made)
        assert swept(SOON) == 0
        assert state_of(stop) == StopState.TO_PICK_UP and not Adjustment.objects.exists()

    def test_of_an_earlier_trip_takes_nothing_from_the_one_operations_sent(self):
        made, stop = trip()
        told(made)
        assert swept(SOON) == 1
        services.assign_by_hand(order_id=stop.job.order_id, rider_id=made.rider_id, actor="user:1", now=SOON, sure=True)
        assert swept(SOON + MINUTE) == 0
        assert Stop.objects.filter(state=StopState.TO_PICK_UP).count() == 1

    @pytest.mark.parametrize("kind", ["vehicle", "spilled", "harassment", "theft", "other"])
    def test_other_kinds_leave_the_rider_their_orders(self, kind):
        made, stop = trip()
        told(made, kind)
        assert reacts(made, now=NOW + 3 * MINUTE) == swept(NOW + 3 * MINUTE) == 0
        assert state_of(stop) == StopState.TO_PICK_UP

    @pytest.mark.django_db(transaction=True)
    def test_while_the_bags_are_scanned_is_one_or_the_other(self, race):
        for number in range(3):
            made, stop = trip(at=store(code=f"BLR-{number}"))
            told(made)

            def act(number, made=made, stop=stop):
                if number % 2:
                    return services.free_of_unfetched(trip_id=made.pk, now=SOON)
                return services.pick_up(stop_id=stop.pk, rider_id=made.rider_id, bag_codes=BAGS, now=SOON)

            answers = race(4, act)
            assert all(isinstance(it, (int, Stop, Refusal)) for it in answers), answers
            order = Order.objects.get(pk=stop.job.order_id)
            facts = (state_of(stop), order.status, order.rider_id_ref, Trip.objects.get(pk=made.pk).ended_at is None)
            assert facts in (
                (StopState.ON_BOARD, Status.PICKED_UP, made.rider_id, True),
                (StopState.DROPPED, Status.PACKED, None, False),
            )
            assert Adjustment.objects.filter(rider=made.rider).count() == (facts[0] == StopState.DROPPED)


class TestAnSos:
    def test_is_given_two_minutes_in_which_it_may_turn_out_to_be_none(self):
        made, stop = trip()
        told(made, "sos")
        reacts(made)
        assert swept(SOON + timedelta(seconds=119)) == 0
        assert state_of(stop) == StopState.TO_PICK_UP
        assert swept(SOON + timedelta(seconds=120)) == 1
        assert state_of(stop) == StopState.DROPPED

    def test_a_false_alarm_keeps_the_orders_with_their_rider(self):
        made, stop = trip()
        resolved(told(made, "sos"), now=SOON + MINUTE)
        assert swept(SOON + 2 * MINUTE) == 0
        services.pick_up(stop_id=stop.pk, rider_id=made.rider_id, bag_codes=BAGS, now=SOON + 2 * MINUTE)

    def test_bags_in_hand_stay(self):
        made, stop = trip(to_door=True)
        told(made, "sos")
        assert swept(NOW + 6 * MINUTE) == 0
        assert state_of(stop) == StopState.ON_BOARD


class TestWhoRidesToHelp:
    def on_the_way(self, made):
        zoya = rider(made.store, name="Zoya")
        sent = services.send_rescue(from_rider_id=made.rider_id, to_rider_id=zoya.pk, why="x", actor="user:1", now=SOON)
        return zoya, sent

    def test_and_falls_too_rides_no_more_and_the_first_incident_says_so(self):
        made, _stop = trip(to_door=True)
        first = told(made)
        zoya, sent = self.on_the_way(made)
        incidents.tell(rider_id=zoya.pk, kind="accident", nonce="z", now=SOON)
        reacts(sent.trip)
        assert Rescue.objects.get().off_at is not None and services.live_trip(zoya.pk) is None
        assert "nobody comes now" in first.notes.last().text
        self.on_the_way(made)

    def test_one_that_breaks_does_not_keep_the_others_on_the_road(self, monkeypatch):
        sent = []
        for number in range(3):
            made, stop = trip(at=store(code=f"BLR-{number}"), to_door=True, method="online")
            sent.append(self.on_the_way(made)[1])
            hand_over(stop)
        off, tried = rescue.call_off, []

        def call_off(*, rescue_id, **rest):
            tried.append(rescue_id)
            if rescue_id == sent[0].pk:
                raise RuntimeError("broken")
            if rescue_id == sent[1].pk:
                raise StopGone("Taken over in this second.")
            off(rescue_id=rescue_id, **rest)

        monkeypatch.setattr(rescue, "call_off", call_off)
        assert rescue.sweep_rescues(now=NOW + 20 * MINUTE) == 1
        assert tried == [it.pk for it in sent], "who waits longest first"
        assert [it.off_at is None for it in Rescue.objects.order_by("pk")] == [True, True, False]
        assert rescue.sweep_rescues(now=NOW + 20 * MINUTE) == 0 and len(tried) == 5


def test_a_trip_that_breaks_the_sweep_does_not_hold_up_the_others(monkeypatch):
    from delivery.services import watching

    made = [trip(at=store(code=f"BLR-{number}")) for number in range(2)]
    for one, _stop in made:
        told(one)
    free = watching.free_of_unfetched

    def broken(*, trip_id, now):
        if trip_id == made[0][0].pk:
            raise RuntimeError("broken")
        return free(trip_id=trip_id, now=now)

    monkeypatch.setattr(watching, "free_of_unfetched", broken)
    assert swept(SOON) == 1
    assert [state_of(stop) for _one, stop in made] == [StopState.TO_PICK_UP, StopState.DROPPED]


def test_nobody_offers_the_hurt_rider_anything_while_others_are_asked():
    made, _stop = trip()
    told(made)
    reacts(made)
    Rider.objects.update(seen_at=SOON)
    services.dispatch_round(now=SOON)
    assert not Offer.objects.filter(rider=made.rider, state=OfferState.OPEN).exists()


def orders_bag(stop):
    """The store's own scanner hands the bags out."""
    from orders import services as orders

    orders.picked_up(order_id=stop.job.order_id, bag_codes=BAGS, actor="user:2", now=SOON)
