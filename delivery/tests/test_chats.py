"""Customer and rider: who may write, for how long, whose number is seen."""

from datetime import timedelta

import httpx
import pytest

from accounts.tests.factories import UserFactory
from blinkit.kernel.errors import TooMany
from blinkit.kernel.models import Event
from catalog.tests.factories import NOW
from delivery import calling, services
from delivery.chats import ChatFlag, ChatMessage, Side
from delivery.doors import CallAttempt
from delivery.errors import ChatClosed, NoSuchMessage, NoSuchStop
from delivery.models import Stop
from delivery.services import chats
from delivery.tests.factories import BAGS, rider, trip
from orders.errors import NoSuchOrder
from orders.models import Order

pytestmark = pytest.mark.django_db
AT_DOOR = NOW + timedelta(minutes=10)


def say(stop, side=Side.CUSTOMER, text="Second gate please", now=AT_DOOR, **more):
    stop = Stop.objects.select_related("trip", "job__order").get(pk=stop.pk)
    sent = {"text": text, "quick": "", "nonce": "a", **more}
    return chats.send(stop=stop, side=side, now=now, **sent)


def done(made, stop, *, now=AT_DOOR):
    order = stop.job.order
    services.deliver(
        stop_id=stop.pk, rider_id=made.rider_id, otp=order.door_otp, cash_paise=order.cash_due_paise or None, now=now
    )


def test_open_from_the_pickup_until_half_an_hour_after_the_door():
    made, stop = trip()
    with pytest.raises(ChatClosed):
        say(stop)
    services.pick_up(stop_id=stop.pk, rider_id=made.rider_id, bag_codes=BAGS, now=NOW)
    for _ in range(2):
        say(stop)
    done(made, stop)
    say(stop, Side.RIDER, "Enjoy", now=AT_DOOR + timedelta(minutes=30))
    with pytest.raises(ChatClosed):
        say(stop, nonce="late", now=AT_DOOR + timedelta(minutes=31))
    assert ChatMessage.objects.count() == 2


def test_only_the_two_of_them(api):
    made, stop = trip(to_door=True)
    order = stop.job.order
    mine, theirs = f"/api/v1/orders/{order.pk}/chat/", f"/api/v1/rider/stops/{stop.pk}/chat/"
    body = {"text": "Hello", "nonce": "n"}
    customer, carrier = api(order.customer), api(made.rider.user)
    assert customer.post(mine, body).status_code == carrier.post(theirs, body).status_code == 200
    assert [it["mine"] for it in customer.get(mine).json()["messages"]] == [True, False]
    other_rider = rider(made.store).user
    for stranger in (UserFactory(), other_rider, UserFactory(roles=["ops"])):
        http = api(stranger)
        for url in (mine, theirs):
            assert http.get(url).status_code in (403, 404)
            assert http.post(url, body).status_code in (403, 404)
    assert api().get(mine).status_code == 401
    assert carrier.get(mine).status_code == 404 and customer.get(theirs).status_code == 403
    assert ChatMessage.objects.count() == 2


def test_after_the_end_the_rider_reads_nothing_and_the_customer_writes_nothing(api):
    made, stop = trip(to_door=True)
    say(stop)
    done(made, stop)
    Stop.objects.update(done_at=NOW - timedelta(hours=2))
    assert api(made.rider.user).get(f"/api/v1/rider/stops/{stop.pk}/chat/").json()["type"] == "/problems/chat-closed"
    http, url = api(stop.job.order.customer), f"/api/v1/orders/{stop.job.order_id}/chat/"
    seen = http.get(url).json()
    assert (seen["open"], len(seen["messages"])) == (False, 1)
    assert http.post(url, {"text": "Hello?", "nonce": "z"}).status_code == 409


def test_a_ready_sentence_is_read_in_the_readers_language(api):
    _made, stop = trip(to_door=True)
    say(stop, Side.RIDER, "", quick="at_gate")
    http, url = api(stop.job.order.customer), f"/api/v1/orders/{stop.job.order_id}/chat/"
    assert http.get(url).json()["messages"][0]["text"] == "I'm at the gate."
    assert ChatMessage.objects.get().read_at is not None
    assert http.post(url, {"quick": "no such", "nonce": "q"}).status_code == 400
    assert http.post(url, {"text": "x" * 401, "nonce": "q"}).status_code == 400


def test_nobody_writes_more_than_a_dozen_a_minute():
    _made, stop = trip(to_door=True)
    for number in range(chats.MOST_A_MINUTE):
        say(stop, nonce=str(number))
    with pytest.raises(TooMany):
        say(stop, nonce="more")
    say(stop, Side.RIDER, nonce="the other may")


def test_what_the_other_wrote_can_be_flagged_and_is_kept_until_somebody_looked():
    _made, stop = trip(to_door=True)
    message = say(stop, Side.RIDER, "Come down or else")
    stop = Stop.objects.select_related("trip", "job__order").get(pk=stop.pk)
    for _ in range(2):
        chats.flag(stop=stop, side=Side.CUSTOMER, message_id=message.pk, reason="A threat", now=AT_DOOR)
    with pytest.raises(NoSuchMessage):
        chats.flag(stop=stop, side=Side.RIDER, message_id=message.pk, reason="my own", now=AT_DOOR)
    assert Event.objects.filter(code="delivery.ChatFlagged").count() == 1
    old = AT_DOOR + chats.KEEP_FOR + timedelta(days=1)
    assert chats.purge_chats(now=old) == 0
    chats.settle_flag(flag_id=ChatFlag.objects.get().pk, actor="user:9", now=old)
    assert chats.purge_chats(now=old) == 1


def test_support_reads_with_a_reason_that_is_kept(client):
    _made, stop = trip(to_door=True)
    say(stop)
    url = f"/ops/orders/{stop.job.order_id}/chat/"
    client.force_login(UserFactory(roles=["rider"]))
    assert client.post(url, {"why": "curious"}).status_code == 403
    client.force_login(UserFactory(roles=["ops"]))
    assert client.post(url, {"why": " "}).status_code == 302
    assert not Event.objects.filter(code="delivery.ChatRead").exists()
    assert "Second gate please" in client.post(url, {"why": "The customer complains"}).content.decode()
    assert Event.objects.get(code="delivery.ChatRead").payload["why"] == "The customer complains"


def test_a_person_forgotten_leaves_no_words():
    _made, stop = trip(to_door=True)
    say(stop)
    customer = stop.job.order.customer_id
    from delivery.services import personal

    assert personal.held(user_id=customer)["chat"][0]["text"] == "Second gate please"
    personal.forget(user_id=customer, now=AT_DOOR)
    assert not ChatMessage.objects.filter(text="Second gate please").exists()


# -- calls -----------------------------------------------------------------------------------------------------------


def test_no_real_number_reaches_the_other_side(api, client):
    made, stop = trip(to_door=True)
    order, who = stop.job.order, made.rider.user
    phones = (order.contact_phone, who.phone)
    state = str(api(who).get("/api/v1/rider/me/").json())
    client.force_login(who)
    page = client.get("/rider/").content.decode()
    call = api(who).post(f"/api/v1/rider/stops/{stop.pk}/call/", {"nonce": "n"}).json()
    back = api(order.customer).post(f"/api/v1/orders/{order.pk}/call/", {"nonce": "n"}).json()
    assert call["number"] == back["number"] and call["how"] == "dial"
    assert order.contact_phone not in state + page + str(call)
    assert who.phone not in str(back) and call["number"] not in phones
    assert CallAttempt.objects.count() == 2


def test_without_a_mask_the_number_is_shown(api, settings):
    settings.CALL_PROVIDER = "direct"
    made, stop = trip(to_door=True)
    assert stop.job.order.contact_phone in str(api(made.rider.user).get("/api/v1/rider/trip/").json())


def test_a_stranger_and_a_finished_delivery_get_no_call(api):
    made, stop = trip(to_door=True)
    with pytest.raises(NoSuchStop):
        services.rider_calls(stop_id=stop.pk, rider_id=rider(made.store).pk, nonce="n", now=AT_DOOR)
    with pytest.raises(NoSuchOrder):
        services.customer_calls(order_id=stop.job.order_id, customer_id=UserFactory().pk, nonce="n", now=AT_DOOR)
    done(made, stop)
    with pytest.raises(ChatClosed):
        services.rider_calls(stop_id=stop.pk, rider_id=made.rider_id, nonce="n", now=AT_DOOR + timedelta(hours=1))
    assert not CallAttempt.objects.exists()


def exotel(settings, monkeypatch, answer):
    settings.CALL_PROVIDER = "exotel"
    settings.EXOTEL_SID, settings.EXOTEL_CALLER_ID = "shop1", "08047112233"
    settings.EXOTEL_API_KEY, settings.EXOTEL_API_TOKEN = "key", "token"
    asked = []

    def post(url, **sent):
        asked.append((url, sent))
        return httpx.Response(answer[0], json=answer[1], request=httpx.Request("POST", url))

    monkeypatch.setattr(calling.httpx, "post", post)
    return asked


def test_exotel_rings_both_phones_once_for_one_press(settings, monkeypatch):
    asked = exotel(settings, monkeypatch, (200, {"Call": {"Sid": "c6797"}}))
    made, stop = trip(to_door=True)
    for _ in range(2):
        line = services.rider_calls(stop_id=stop.pk, rider_id=made.rider_id, nonce="n", now=AT_DOOR)
        assert (line.how, line.number) == ("rings", "")
    [(url, sent)] = asked
    assert url == "https://api.exotel.com/v1/Accounts/shop1/Calls/connect.json"
    assert (sent["data"]["From"], sent["data"]["To"]) == (made.rider.user.phone, stop.job.order.contact_phone)
    assert CallAttempt.objects.get().ref == "c6797"


@pytest.mark.parametrize("answer", [(503, {}), (400, {"RestException": {}})])
def test_a_line_that_is_down_leads_to_the_chat_and_the_attempt_counts(settings, monkeypatch, answer):
    asked = exotel(settings, monkeypatch, answer)
    made, stop = trip(to_door=True)
    for number in range(7):
        line = services.rider_calls(stop_id=stop.pk, rider_id=made.rider_id, nonce=str(number), now=AT_DOOR)
        assert line.how == "chat"
    assert len(asked) == (5 if answer[0] == 503 else 7), "after five failures in a row the provider is left alone"
    assert CallAttempt.objects.filter(how="chat").count() == 7
    assert Order.objects.get().status == "IN_TRANSIT"
