from datetime import datetime, timedelta
from unittest import mock
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts import services as accounts
from accounts.events import OtpRequested
from accounts.models import Device, User
from blinkit.kernel.ids import uuid7
from blinkit.kernel.money import rupees
from catalog.events import WeAreHere
from catalog.services import join_waitlist
from catalog.tests.factories import ProductFactory
from catalog.tests.factories import store as make_store
from delivery.events import OfferMade
from delivery.models import Job, Offer, OfferedJob, Rider
from notifications import facts, services, templates_default, words
from notifications.models import Channel, Message, MessageState, Preference, Template
from notifications.rules import RULES
from notifications.tests.factories import NOW
from orders.events import (
    BackInStock,
    LineShorted,
    LineSubstituted,
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderPickedUp,
    OrderUndelivered,
    PriceDropped,
    RiderAtDoor,
)
from orders.models import Order
from orders.tests import factories as shop
from orders.tests.slots import slot
from payments.events import PaymentDeclined, RefundCompleted, RefundStarted

pytestmark = pytest.mark.django_db
PHONE = "+919876543210"


@pytest.fixture(autouse=True)
def _fresh_words():
    words.forget()
    yield
    words.forget()


@pytest.fixture
def order():
    placed = shop.order(products=1, qty=1)
    Message.objects.all().delete()
    promised_by = datetime.fromisoformat("2026-11-21T14:32:00+05:30")
    Order.objects.filter(pk=placed.pk).update(
        promised_by=promised_by, delivered_at=promised_by, rider_name="Ravi", contact_name="Asha"
    )
    placed.refresh_from_db()
    return placed


def tell(event, event_id=1):
    return services.tell(event=event, event_id=event_id, now=NOW)


def confirmed(order):
    return OrderConfirmed(order_id=order.pk, store_code=order.store.code, customer_id=order.customer_id)


def told(channel=Channel.PUSH):
    return Message.objects.get(channel=channel)


class TestTheTable:
    def test_rules_and_facts_agree(self):
        assert set(RULES) == set(facts.known_events())

    def test_every_rule_has_words_in_every_language(self, settings):
        have = {(it.code, it.channel, it.language) for it in templates_default.defaults()}
        wanted = {
            (say.template, channel, language)
            for says in RULES.values()
            for say in says
            for channel in say.channels
            for language, _ in settings.LANGUAGES
        }
        assert have == wanted

    def test_the_words_use_only_what_is_filled_in(self):
        for it in templates_default.defaults():
            used = words.placeholders(it.subject + it.body)
            assert used <= templates_default.PLACEHOLDERS[it.code], it
            if it.channel == Channel.SMS:
                assert not it.subject

    def test_the_rows_are_there_after_migrating_and_an_edited_one_stays(self):
        Template.objects.filter(code="order_confirmed", channel="push", language="en").update(body="Mine")
        Template.objects.filter(code="offer_made").delete()
        assert services.ensure_templates() == 2
        assert services.ensure_templates() == 0
        assert Template.objects.get(code="order_confirmed", channel="push", language="en").body == "Mine"


class TestWords:
    """What people read, event by event."""

    def test_confirmed(self, order):
        assert tell(confirmed(order)) == 2
        push, inapp = told(), told(Channel.INAPP)
        assert push.subject == inapp.subject == f"Order {order.number} is in"
        total = f"₹{order.total_paise // 100}"
        assert push.body.startswith(f"{order.store.name} is on it. Arrives by 14:32. Please keep {total}")
        assert (push.user_id, push.to, push.link) == (order.customer_id, order.customer.phone, f"/orders/{order.pk}/")
        assert push.state == inapp.state == MessageState.SENT

    def test_nothing_is_asked_for_at_the_door_when_it_is_paid(self, order):
        Order.objects.filter(pk=order.pk).update(payment_method="online")
        tell(confirmed(order))
        assert told().body.endswith("Arrives by 14:32.")

    def test_a_short_line_with_and_without_a_refund(self, order):
        tell(LineShorted(order.pk, order.customer_id, "Amul Butter", 1, 5800), event_id=1)
        assert told().subject == "Couldn't find Amul Butter" and told().body.endswith("Refunded ₹58.")
        Message.objects.all().delete()
        tell(LineShorted(order.pk, order.customer_id, "Amul Butter", 1, 0), event_id=2)
        assert told().body.endswith(f"You don't pay for it: the new sum is {rupees(order.total_paise)}.")

    @pytest.mark.parametrize(
        ("less_paise", "refund_paise", "said"),
        [(0, 0, "You pay the same."), (2800, 0, "Your bill went down by ₹28."), (2800, 2800, "Refunded ₹28.")],
    )
    def test_something_similar_comes_instead(self, order, less_paise, refund_paise, said):
        event = LineSubstituted(order.pk, order.customer_id, "Amul milk", "Nandini milk", 2, less_paise, refund_paise)
        assert tell(event) == 2
        assert told().subject == "Nandini milk comes instead"
        assert told().body == f"Amul milk was not on the shelf: 2 × Nandini milk. {said}"

    def test_an_order_for_another_day_says_the_day(self):
        milk = ProductFactory()
        place = shop.shop(milk)
        kept = shop.place_order(shop.customer(), place, [milk], slot_id=slot(place).pk)
        tell(confirmed(kept))
        assert "Arrives by 21/11, 19:00." in told().body

    def test_somebody_on_the_waiting_list_hears_once_by_sms_with_or_without_an_account(self):
        place = make_store()
        row = join_waitlist(phone="9876500001", point=place.point, now=NOW)
        event = WeAreHere(waitlist_id=row.pk, store_code=place.code)
        assert tell(event) == 1
        assert tell(event) == 1  # the event is handed out twice
        message = Message.objects.get()
        assert (message.channel, message.to, message.user_id) == (Channel.SMS, "+919876500001", None)
        assert message.body == f"We deliver to you now, from {place.name}. You asked us to tell you, once."

    def test_picked_up_keeps_the_door_code_to_the_app(self, order):
        tell(OrderPickedUp(order.pk, order.store.code, order.customer_id))
        assert told().subject == "Ravi is on the way"
        assert order.door_otp not in told().body.replace(order.number, "")

    def test_the_rider_is_at_the_door(self, order):
        assert tell(RiderAtDoor(order.pk, order.store.code, order.customer_id)) == 2
        assert told().subject == "Ravi is at the door"

    def test_delivered_with_a_receipt_by_mail_for_those_who_have_an_address(self, order):
        event = OrderDelivered(order.pk, order.store.code, order.customer_id, 0)
        assert tell(event, event_id=1) == 2
        order.customer.email = "asha@example.com"
        order.customer.save()
        assert tell(event, event_id=2) == 3
        mail = told(Channel.EMAIL)
        assert mail.to == "asha@example.com" and mail.body.startswith("Hello Asha,\n\nyour order")

    @pytest.mark.parametrize(("event", "channels"), [(OrderCancelled, 2), (OrderUndelivered, 3)])
    def test_reasons_become_sentences(self, order, event, channels):
        assert tell(event(order.pk, order.store.code, order.customer_id, "nobody opened the door")) == channels
        assert told().body.startswith("Nobody opened the door. ")

    def test_reasons_are_in_the_readers_language_and_speak_to_them(self, order):
        refused = OrderUndelivered(order.pk, order.store.code, order.customer_id, "The customer does not want it")
        tell(refused, event_id=1)
        assert told().body.startswith("You did not want it at the door. ")
        User.objects.filter(pk=order.customer_id).update(language="hi")
        tell(OrderUndelivered(order.pk, order.store.code, order.customer_id, "The address is wrong"), event_id=2)
        assert Message.objects.filter(channel=Channel.PUSH).latest("pk").body.startswith("पता ग़लत है. ")

    def test_money(self, order):
        tell(PaymentDeclined(uuid7(), order.pk, "insufficient funds"), event_id=1)
        tell(RefundStarted(uuid7(), order.pk, 123456, "cancelled"), event_id=2)
        tell(RefundCompleted(uuid7(), order.pk, 123456), event_id=3)
        subjects = Message.objects.filter(channel="inapp").order_by("pk").values_list("subject", flat=True)
        assert list(subjects) == [
            "The payment didn't go through",
            "₹1,234.56 is going back to you",
            "₹1,234.56 refunded",
        ]

    def test_an_offer_goes_to_the_rider(self, order):
        user = shop.customer("Ravi")
        rider = Rider.objects.create(user=user, store=order.store)
        job, _ = Job.objects.get_or_create(
            order=order, defaults={"store": order.store, "ready_at": NOW, "due_at": NOW, "opened_at": NOW}
        )
        Job.objects.filter(pk=job.pk).update(bags=2)
        offer = Offer.objects.create(store=order.store, rider=rider, pay_paise=4200, made_at=NOW, expires_at=NOW)
        OfferedJob.objects.create(offer=offer, job=job, pay_paise=4200)
        tell(OfferMade(offer.pk, order.pk, rider.pk, user.pk))
        message = told()
        assert message.user == user and message.subject == f"A delivery from {order.store.name}"
        assert message.body.startswith("₹42 · ") and message.body.endswith("km · 2 bags")

    def test_who_waited_for_a_product_hears_that_it_is_back(self, order):
        event = BackInStock(order.customer_id, order.store.code, "MILK-1", "Toned milk 500 ml")
        tell(event)
        message = told()
        assert message.user == order.customer and message.subject == "Toned milk 500 ml is back"
        assert order.store.name in message.body and message.link == "/p/MILK-1/"
        tell(BackInStock(10**9, order.store.code, "MILK-1", "Toned milk"), event_id=2)
        assert Message.objects.count() == 2  # push and in the app; nobody for an account that is gone

    def test_who_watched_a_price_hears_what_it_is_and_was(self, order):
        tell(PriceDropped(order.customer_id, order.store.code, "MILK-1", "Toned milk 500 ml", 3_200, 2_850))
        message = told()
        assert message.user == order.customer and message.subject == "Toned milk 500 ml is now ₹28.50"
        assert "₹32" in message.body and order.store.name in message.body and message.link == "/p/MILK-1/"

    def test_people_are_told_in_their_language(self, order):
        order.customer.language = "hi"
        order.customer.save()
        tell(confirmed(order))
        assert told().subject == f"ऑर्डर {order.number} मिल गया" and "तैयार रखें" in told().body

    def test_a_language_without_words_falls_back_to_english(self, order):
        order.customer.language = "ta"
        order.customer.save()
        tell(confirmed(order))
        assert told().subject == f"Order {order.number} is in"


class TestTemplates:
    def row(self):
        return Template.objects.filter(code="order_confirmed", channel="push", language="en")

    def test_an_edited_row_is_what_is_said(self, order):
        self.row().update(subject="Hi {name}", body="{number} {nonsense}{__class__}!")
        tell(confirmed(order))
        assert (told().subject, told().body) == ("Hi Asha", f"{order.number} !")

    def test_a_missing_row_falls_back_to_the_words_we_came_with(self, order):
        Template.objects.all().delete()
        tell(confirmed(order))
        assert told().subject == f"Order {order.number} is in"

    def test_an_inactive_row_switches_the_message_off(self, order):
        self.row().update(is_active=False)
        assert tell(confirmed(order)) == 1
        assert not Message.objects.filter(channel="push").exists()

    def test_without_any_words_nothing_is_sent_and_nothing_breaks(self, order):
        Template.objects.all().delete()
        with mock.patch.object(words, "_built_in", return_value={}):
            assert tell(confirmed(order)) == 0


class TestWhoIsTold:
    def test_a_repeat_writes_nothing_new(self, order):
        for _ in range(3):
            tell(confirmed(order), event_id=7)
        assert Message.objects.count() == 2

    def test_a_switched_off_channel_is_respected(self, order):
        services.set_preferences(user_id=order.customer_id, channels={"push": False})
        tell(confirmed(order))
        assert list(Message.objects.values_list("channel", flat=True)) == ["inapp"]

    def test_nobody_is_told_about_an_order_that_is_not_there(self):
        assert tell(OrderConfirmed(order_id=uuid4(), store_code="X", customer_id=1)) == 0

    def test_a_channel_this_installation_lacks_is_left_out(self, order, settings):
        settings.MESSAGE_ADAPTERS = {**settings.MESSAGE_ADAPTERS, "push": ""}
        assert tell(confirmed(order)) == 1

    def test_push_needs_a_device_where_it_is_real(self, order, settings):
        settings.MESSAGE_ADAPTERS = {**settings.MESSAGE_ADAPTERS, "push": "fcm"}
        assert tell(confirmed(order), event_id=1) == 1
        Device.objects.create(user=order.customer, platform="web", push_token="t1")
        assert tell(confirmed(order), event_id=2) == 2
        assert told().state == MessageState.DUE

    def test_telling_costs_two_statements(self, order, django_assert_num_queries):
        words.render("order_confirmed", "push", "en", {})  # templates are read once in 30 seconds
        event = confirmed(order)
        with django_assert_num_queries(4):  # with the savepoint's two
            tell(event)


class TestSignInCodes:
    def ask(self):
        challenge = accounts.request_otp(phone=PHONE, now=timezone.now())
        return challenge, OtpRequested(challenge_id=challenge.pk, phone=PHONE)

    def test_go_out_by_sms_to_a_phone_without_an_account(self):
        challenge, event = self.ask()
        tell(event)
        message = told(Channel.SMS)
        assert message.to == PHONE and message.user is None and message.is_secret
        assert message.body.startswith(accounts.otp_code(challenge.pk))

    def test_are_not_a_matter_of_preference_and_speak_the_persons_language(self):
        user = shop.customer(language="hi")
        type(user).objects.filter(pk=user.pk).update(phone=PHONE)
        Preference.objects.create(user=user, channel="sms", is_on=False)
        tell(self.ask()[1])
        assert told(Channel.SMS).user == user and "साइन-इन" in told(Channel.SMS).body

    def test_without_a_provider_the_failure_is_on_record_and_the_code_is_not(self, settings):
        settings.MESSAGE_ADAPTERS = {**settings.MESSAGE_ADAPTERS, "sms": ""}
        challenge, event = self.ask()
        tell(event)
        message = told(Channel.SMS)
        assert message.state == MessageState.FAILED and "No provider" in message.error
        assert accounts.otp_code(challenge.pk) not in message.body

    def test_the_whole_way_from_the_request(self, run_events):
        challenge, _ = self.ask()
        assert "accounts.OtpRequested" in run_events()
        assert accounts.otp_code(challenge.pk) in told(Channel.SMS).body


@pytest.mark.django_db(transaction=True)
def test_all_messages_of_an_event_are_one_task_after_the_commit(settings):
    settings.MESSAGE_ADAPTERS = {**settings.MESSAGE_ADAPTERS, "push": "fcm", "email": "email", "sms": "sms-http"}
    order = shop.order(products=1, qty=1)
    Message.objects.all().delete()
    Device.objects.create(user=order.customer, platform="web", push_token="t1")
    with mock.patch("notifications.tasks.send.apply_async") as publish:
        tell(OrderUndelivered(order.pk, order.store.code, order.customer_id, "nobody there"))
    due = Message.objects.filter(state=MessageState.DUE)
    assert publish.call_count == 1 and due.count() == 2
    assert set(publish.call_args.kwargs["kwargs"]["ids"]) == {str(message.pk) for message in due}


@pytest.mark.django_db(transaction=True)
def test_with_the_broker_down_messages_wait_for_the_sweep(settings):
    settings.MESSAGE_ADAPTERS = {**settings.MESSAGE_ADAPTERS, "sms": "sms-http"}
    challenge = accounts.request_otp(phone=PHONE, now=NOW)
    with mock.patch("notifications.tasks.send.apply_async", side_effect=OSError("broker")):
        tell(OtpRequested(challenge_id=challenge.pk, phone=PHONE))
    message = told(Channel.SMS)
    assert message.state == MessageState.DUE and message.next_try_at <= NOW + timedelta(seconds=1)
