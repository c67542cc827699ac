"""Cash in hand: how much more, told once, handed in with a receipt; stars; and what riders say about doors."""

from datetime import timedelta

import pytest
from django.db import IntegrityError

from blinkit.kernel.events import EventMeta, timeline
from catalog.tests.factories import NOW
from delivery import handlers, queries, services
from delivery.cash_room import cash_room, cash_rooms, cash_states
from delivery.errors import DropRatingClosed, NoSuchStop, NothingToDeposit
from delivery.models import CashLimit, CashReceipt, DropRating, PayReview, Rider, Stop, UpiDeposit
from delivery.services import cashing, drops, personal
from delivery.services.situation import free_riders
from delivery.tests.factories import BAGS, packed, rider, trip, waiting_job
from delivery.tests.paying import carrying, delivered
from orders import queries as order_queries
from orders import services as orders
from orders.events import OrderRated
from orders.stars import MINIMUM_RATINGS
from payments import ledger
from payments import queries as books
from payments.events import PaymentCaptured
from payments.gateways import sandbox
from payments.models import Payment, Refund
from payments.tests.factories import start, tell

pytestmark = pytest.mark.django_db
META = EventMeta(id=1, subject="", actor="system", at=NOW)


def codes(who):
    return [row.code for row in timeline(f"rider:{who}")]


class TestRoom:
    def test_is_the_limit_less_cash_in_hand_and_the_cash_of_stops_in_hand(self, django_assert_num_queries):
        made, stop = trip()
        free, none = rider(made.store), rider(made.store)
        CashLimit.objects.create(cash_limit_paise=200_000)
        CashLimit.objects.create(rider=free, cash_limit_paise=5_000)
        carrying(free, 4_000)
        carrying(made.rider, 10_000)
        due = stop.job.order.cash_due_paise
        with django_assert_num_queries(2):
            rooms = cash_rooms([made.rider_id, free.pk, none.pk])
        assert rooms == {made.rider_id: 190_000 - due, free.pk: 1_000, none.pk: 200_000}

    def test_the_citys_own_before_everywhere_and_without_a_row_there_is_no_limit(self):
        who = rider(trip()[0].store)
        assert cash_room(who.pk) is None and cash_states([who.pk])[who.pk].level == 0
        CashLimit.objects.create(cash_limit_paise=1)
        CashLimit.objects.create(city=who.store.city, cash_limit_paise=7_000)
        assert cash_room(who.pk) == 7_000
        with pytest.raises(IntegrityError, match="cash_limit_once"):
            CashLimit.objects.create(cash_limit_paise=2)

    def test_is_never_below_zero(self):
        who = rider(trip()[0].store)
        CashLimit.objects.create(rider=who, cash_limit_paise=1_000)
        carrying(who, 5_000)
        assert cash_room(who.pk) == 0

    def test_near_the_limit_a_rider_is_told_once_and_anew_after_a_deposit(self):
        who = rider(trip()[0].store)
        CashLimit.objects.create(cash_limit_paise=10_000)
        carrying(who, 7_999)
        assert cashing.mind_cash(rider_id=who.pk, now=NOW) == 0
        carrying(who, 1)
        assert [cashing.mind_cash(rider_id=who.pk, now=NOW) for _ in range(3)] == [80] * 3
        carrying(who, 2_000)
        assert cashing.mind_cash(rider_id=who.pk, now=NOW) == 100
        assert codes(who.pk).count("delivery.CashLimitNear") == 2
        cashing.take_at_desk(rider_id=who.pk, amount_paise=9_000, paper="R1", actor="user:1", now=NOW)
        carrying(who, 8_000)
        cashing.mind_cash(rider_id=who.pk, now=NOW)
        assert codes(who.pk).count("delivery.CashLimitNear") == 3


class TestDesk:
    def test_gives_one_numbered_receipt_per_paper(self):
        who = rider(trip()[0].store)
        carrying(who, 5_000)
        hand_in = {"rider_id": who.pk, "amount_paise": 2_000, "actor": "user:1", "now": NOW}
        made = {cashing.take_at_desk(**hand_in, paper=paper).number for paper in ("r 1", "R 1", "R 2")}
        assert len(made) == 2 and books.cash_in_hand(who.pk) == 1_000

    def test_a_difference_is_looked_at_by_a_person_and_nothing_is_deducted(self):
        who = rider(trip()[0].store)
        carrying(who, 5_000)
        for _ in range(2):
            cashing.take_at_desk(
                rider_id=who.pk, amount_paise=4_500, said_paise=5_000, paper="R1", actor="user:1", now=NOW
            )
        review = PayReview.objects.get()
        assert (review.kind, review.facts["counted_paise"], review.facts["said_paise"]) == ("cash", 4_500, 5_000)
        assert books.cash_in_hand(who.pk) == 500 and not who.deductions.exists()


class TestUpi:
    def begun(self, paise=3_000):
        who = rider(trip()[0].store)
        carrying(who, 5_000)
        return who, cashing.begin_upi_deposit(rider=who, amount_paise=paise, key="k", now=NOW)

    def paid(self, payment):
        sandbox.decide(intent_id=start(payment), outcome="pay", now=NOW)
        tell(NOW)
        captured = PaymentCaptured(payment.pk, payment.ref, payment.amount_paise, "online")
        for _ in range(2):
            handlers.deposit_paid(captured, META)

    def test_paid_it_is_off_the_cash_account_with_a_receipt_once(self):
        who, payment = self.begun()
        again = cashing.begin_upi_deposit(rider=who, amount_paise=3_000, key="k", now=NOW)
        assert again.pk == payment.pk and books.cash_in_hand(who.pk) == 5_000
        self.paid(payment)
        receipt = CashReceipt.objects.get()
        assert (receipt.way, receipt.amount_paise, UpiDeposit.objects.get().receipt_id) == ("upi", 3_000, receipt.pk)
        assert books.cash_in_hand(who.pk) == 2_000
        assert ledger.balance("gateway:sandbox") == 3_000 and ledger.balance(ledger.PREPAID) == -5_000
        assert books.audit() == []

    def test_handed_in_meanwhile_the_rest_goes_back(self):
        who, payment = self.begun()
        cashing.take_at_desk(rider_id=who.pk, amount_paise=4_000, paper="R1", actor="user:1", now=NOW)
        self.paid(payment)
        assert books.cash_in_hand(who.pk) == 0
        assert Refund.objects.get().amount_paise == 2_000
        assert books.audit() == []

    def test_more_than_is_carried_is_refused_and_nothing_is_opened(self):
        who = rider(trip()[0].store)
        for paise in (0, 1):
            with pytest.raises(NothingToDeposit):
                cashing.begin_upi_deposit(rider=who, amount_paise=paise, key="k", now=NOW)
        assert not UpiDeposit.objects.exists() and not Payment.objects.filter(purpose="deposit").exists()

    def test_an_orders_capture_is_no_deposit(self):
        payment = Payment.objects.get(ref=trip()[1].job.order_id)
        handlers.deposit_paid(PaymentCaptured(payment.pk, payment.ref, 1, "cod"), META)
        assert not CashReceipt.objects.exists()


class TestStars:
    def rate(self, earning, stars):
        order = earning.stop.job.order
        orders.rate(order_id=order.pk, customer_id=order.customer_id, stars=5, rider_stars=stars, now=NOW)
        handlers.order_rated(OrderRated(order.pk, 5, stars), META)

    def test_are_counted_from_the_rows_also_when_changed(self):
        earning = delivered()
        for stars in (2, 4, 4):
            self.rate(earning, stars)
        who = Rider.objects.get()
        assert (who.rating_sum, who.rating_count) == (4, 1)
        assert who.score.stars is None

    def test_the_customer_who_waits_for_this_rider_reads_what_the_rider_reads(self, monkeypatch):
        monkeypatch.setattr("orders.stars.MINIMUM_RATINGS", 1)
        self.rate(delivered(), 3)
        who = Rider.objects.get()
        mine = waiting_job(at=who.store).order
        services.assign_by_hand(order_id=mine.pk, rider_id=who.pk, actor="user:1", now=NOW)
        packed(mine)
        orders.picked_up(order_id=mine.pk, bag_codes=BAGS, actor="user:1", now=NOW)
        told = order_queries.tracking(order_id=mine.pk, customer_id=mine.customer_id, now=NOW)
        assert told["rider"]["rating"] == who.score.stars == queries.rider_json(who)["rating"] == 4.5

    def test_never_take_anybody_off_duty(self):
        who = delivered().rider
        Rider.objects.filter(pk=who.pk).update(rating_sum=MINIMUM_RATINGS * 5, rating_count=MINIMUM_RATINGS * 5)
        who.refresh_from_db()
        assert who.score.stars < 2
        assert who.suspended_reason == "" and who in free_riders(store_ids=[who.store_id], now=NOW)


class TestDoors:
    def again(self, stop, who, *tags):
        """The same door, another trip of another rider."""
        order = stop.job.order
        place = drops.place_of(order)
        copy = Stop.objects.get(pk=stop.pk)
        copy.pk, copy.state = None, "dropped"
        copy.save(force_insert=True)
        return DropRating.objects.create(
            stop=copy, rider=who, place=place, is_easy=False, tags=list(tags), made_at=NOW, changed_at=NOW
        )

    def test_a_hint_needs_three_riders_who_agree_and_fades(self):
        earning = delivered()
        stop, order = earning.stop, earning.stop.job.order
        rate = {"stop_id": stop.pk, "rider_id": earning.rider_id, "is_easy": False}
        drops.rate_drop(**rate, tags=["dog", "gate"], now=NOW)
        self.again(stop, earning.rider, "dog")
        self.again(stop, rider(order.store), "dog", "stairs")
        assert drops.hints_for(order, now=NOW) == [], "the same rider twice is one"
        self.again(stop, rider(order.store), "dog", "stairs")
        assert drops.hints_for(order, now=NOW) == ["dog"]
        assert drops.hints_for(order, now=NOW + timedelta(days=181)) == []

    def test_once_changed_for_a_day_and_only_ones_own(self):
        earning = delivered()
        rate = {"stop_id": earning.stop_id, "rider_id": earning.rider_id, "is_easy": True}
        drops.rate_drop(**rate, now=NOW)
        drops.rate_drop(**(rate | {"is_easy": False}), tags=["lift", "lift"], now=NOW)
        assert (DropRating.objects.get().is_easy, DropRating.objects.get().tags) == (False, ["lift"])
        with pytest.raises(DropRatingClosed):
            drops.rate_drop(**rate, now=NOW + timedelta(days=1))
        with pytest.raises(NoSuchStop):
            drops.rate_drop(**(rate | {"rider_id": rider(earning.rider.store).pk}), now=NOW)

    def test_not_before_it_is_over(self):
        made, stop = trip(to_door=True)
        with pytest.raises(DropRatingClosed):
            drops.rate_drop(stop_id=stop.pk, rider_id=made.rider_id, is_easy=True, now=NOW)
        assert services.live_trip(made.rider_id) is not None

    def test_is_told_to_the_customer_who_asks_and_goes_with_the_customer(self):
        earning = delivered()
        drops.rate_drop(stop_id=earning.stop_id, rider_id=earning.rider_id, is_easy=True, now=NOW)
        customer = earning.stop.job.order.customer_id
        assert len(personal.held(user_id=customer)["door_notes"]) == 1
        personal.forget(user_id=customer, now=NOW)
        assert not DropRating.objects.exists()
