"""Cash orders the wallet has paid a part of: the rider sees and collects the rest."""

import pytest

from catalog.tests.factories import NOW, ProductFactory
from delivery import queries, services
from delivery.models import Job, Stop
from delivery.tests.factories import BAGS, offered, packed, rider
from orders.errors import WrongCash
from orders.tests.factories import customer, place_order, shop
from payments.queries import audit, cash_in_hand
from payments.services import credit_wallet

pytestmark = pytest.mark.django_db


def test_the_rider_sees_and_collects_the_rest():
    milk, user = ProductFactory(), customer()
    place = shop(milk)
    credit_wallet(customer_id=user.pk, amount_paise=5_000, source="goodwill", key="k", reason="Sorry", now=NOW)
    order = place_order(user, place, {milk: 2}, use_wallet=True)
    services.open_job(order_id=order.pk, now=NOW)
    who = rider(place)
    offer = offered(Job.objects.get(order=order))
    rest = order.total_paise - 5_000
    assert queries.offer_of(rider=who, now=NOW)["cash_paise"] == rest
    services.accept(offer_id=offer.pk, rider_id=who.pk, now=NOW)
    packed(order)
    stop = Stop.objects.get()
    services.arrive_at_store(rider_id=who.pk, now=NOW)
    services.pick_up(stop_id=stop.pk, rider_id=who.pk, bag_codes=BAGS, now=NOW)
    services.arrive(stop_id=stop.pk, rider_id=who.pk, now=NOW)
    assert queries.trip_of(rider=who, now=NOW)["stops"][0]["cash_paise"] == rest

    def hand_over(cash_paise):
        services.deliver(stop_id=stop.pk, rider_id=who.pk, otp=order.door_otp, cash_paise=cash_paise, now=NOW)

    with pytest.raises(WrongCash):
        hand_over(order.total_paise)
    hand_over(rest)
    assert cash_in_hand(who.pk) == rest
    assert audit() == []
