"""Nobody is sent for what they cannot carry or may not collect: by hand and to a stranded rider, as in the rounds."""

from datetime import timedelta

import pytest

from catalog.models import Product, Zone
from catalog.tests.factories import NOW, store
from delivery import services
from delivery.dispatch import FreeRider, OpenJob, Policy
from delivery.dispatch.problem import misfit, unable
from delivery.errors import AgainstRule, CannotTake, RiderBusy, Suspended
from delivery.models import CashLimit, Job, JobState, Offer, Rider, Shift, Trip
from delivery.services.fitting import barred_from
from delivery.tests.factories import offered, rider, trip, waiting_job
from orders.models import OrderLine

pytestmark = pytest.mark.django_db


def send(job, who, **more):
    return services.assign_by_hand(order_id=job.order_id, rider_id=who.pk, actor="user:1", now=NOW, **more)


def make_cold(order):
    Product.objects.filter(pk__in=OrderLine.objects.filter(order=order).values("product")).update(zone=Zone.FROZEN)


def no_cold_bag(job, who):
    make_cold(job.order)
    Rider.objects.filter(pk=who.pk).update(has_cold_bag=False)
    return "no-cold-bag", "Ravi has no cold bag, and there are chilled or frozen goods in it."


def too_many_bags(job, who):
    Job.objects.filter(pk=job.pk).update(bags=3)
    Rider.objects.filter(pk=who.pk).update(max_bags=2)  # others of the store carry 4
    return "bags", "Ravi cannot carry so many bags: 3, with room for 2."


def too_much_cash(job, who):
    CashLimit.objects.create(cash_limit_paise=12_000)
    return "cash", "Ravi may not collect ₹130 in cash: up to ₹120 more."


BARS = [no_cold_bag, too_many_bags, too_much_cash]


@pytest.mark.parametrize("bar", BARS)
def test_what_bars_a_rider_in_the_rounds_bars_them_by_hand_in_a_sentence(bar):
    job = waiting_job()
    who = rider(job.store)
    _name, sentence = bar(job, who)
    assert services.dispatch_round(now=NOW) == 0, "the rounds do not offer it"
    for sure in (False, True):
        with pytest.raises(CannotTake) as refused:
            send(job, who, sure=sure)
        assert refused.value.detail == sentence
    assert not Trip.objects.exists() and Job.objects.get().state == JobState.SEEKING


@pytest.mark.parametrize("bar", BARS)
def test_nobody_is_sent_to_a_stranded_rider_whose_bags_they_may_not_have(bar):
    made, stop = trip(to_door=True)
    other = rider(made.store)
    _name, sentence = bar(stop.job, other)
    with pytest.raises(CannotTake) as refused:
        services.send_rescue(
            from_rider_id=made.rider_id, to_rider_id=other.pk, why="Accident", actor="user:1", now=NOW, sure=True
        )
    assert refused.value.detail == sentence
    assert Trip.objects.count() == 1


def test_what_is_fetched_already_counts_when_an_order_is_taken_along():
    first = waiting_job()
    who = rider(first.store)
    second, third = waiting_job(at=first.store), waiting_job(at=first.store)
    CashLimit.objects.create(cash_limit_paise=first.order.cash_due_paise + second.order.cash_due_paise)
    send(first, who)
    send(second, who)
    with pytest.raises(CannotTake, match="may not collect"):
        send(third, who)
    CashLimit.objects.all().delete()
    Rider.objects.filter(pk=who.pk).update(max_bags=2)
    with pytest.raises(CannotTake, match="1, with room for 0"):
        send(third, who)
    Rider.objects.filter(pk=who.pk).update(max_bags=9)
    send(third, who)
    fourth = waiting_job(at=first.store)
    with pytest.raises(AgainstRule, match="Ravi has 3 orders already; here 3 go together"):
        send(fourth, who)
    send(fourth, who, sure=True)
    with pytest.raises(RiderBusy):
        send(waiting_job(at=first.store), who, sure=True)


def test_what_rounds_only_mind_a_person_may_decide_when_told():
    job = waiting_job()
    who, far = rider(job.store), rider(store(code="BLR-9"), name="Asif")
    services.decline(offer_id=offered(job).pk, rider_id=who.pk, reason="Too far", now=NOW)
    with pytest.raises(AgainstRule, match="Ravi said no to it"):
        send(job, who)
    with pytest.raises(AgainstRule, match=r"Asif rides in another zone\."):
        send(job, far)
    later = waiting_job(at=job.store)
    Shift.objects.filter(rider=who).update(ends_at=NOW - timedelta(minutes=10))
    with pytest.raises(AgainstRule, match=r"The shift of Ravi ends at \d\d:\d\d: they would be at the last door at"):
        send(later, who)
    assert not Trip.objects.exists()
    assert send(job, who, sure=True).rider_id == who.pk
    assert send(later, far, sure=True).rider_id == far.pk


def test_an_order_beyond_everybody_goes_to_who_carries_most_when_a_person_says_so():
    """Rounds leave it; without this door it could only be cancelled. Never on top of other bags, nor on a bicycle."""
    job = waiting_job()
    strong, small = rider(job.store), rider(job.store, name="Sita", max_bags=2)
    Job.objects.filter(pk=job.pk).update(bags=5)
    words = "Nobody here carries so many bags at once: 5. Ravi carries 4."
    with pytest.raises(AgainstRule, match=words):
        send(job, strong)
    with pytest.raises(CannotTake, match="5, with room for 2"):
        send(job, small, sure=True)
    send(job, strong, sure=True)
    other = waiting_job(at=job.store)
    Job.objects.filter(pk=other.pk).update(bags=5)
    with pytest.raises(CannotTake, match="5, with room for 0"):
        send(other, strong, sure=True)


def test_who_may_not_ride_is_not_sent_however_sure_somebody_is():
    job = waiting_job()
    who = rider(job.store)
    Rider.objects.filter(pk=who.pk).update(is_verified=False)
    with pytest.raises(Suspended, match="papers"):
        send(job, who, sure=True)
    assert not Offer.objects.exists() and not Trip.objects.exists()


def test_many_riders_are_looked_at_in_as_many_statements_as_one(django_assert_max_num_queries):
    job = waiting_job()
    riders = [rider(job.store) for _ in range(5)]
    Rider.objects.filter(pk=riders[0].pk).update(max_bags=0)
    riders[0].refresh_from_db()
    with django_assert_max_num_queries(9):
        barred = barred_from([job.pk], riders, now=NOW)
    assert [bool(barred[one.pk].never) for one in riders] == [True, False, False, False, False]


def test_the_rule_is_one_whether_a_round_or_a_person_asks():
    rider_without = FreeRider(1, "s", None, 0.0, has_cold_bag=False, max_bags=1, cash_room_paise=5)
    for fields in ({"is_cold": True}, {"bags": 2}, {"cash_paise": 6}):
        job = OpenJob("j", "s", None, None, 0.0, 0.0, 0.0, **fields)
        assert unable([job], rider_without) == misfit(job, rider_without, Policy()) is not None
