"""Wallet, membership and invitations on the web and at the API: one's own only, and nothing that breaks."""

from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
from django.utils import timezone

from catalog.models import Referral
from catalog.tests.factories import NOW, ProductFactory
from orders import queries, services
from orders.models import Order
from orders.states import Status
from orders.tests.factories import address, advance, customer, full_cart, place_order, shop
from orders.tests.test_promotions import promotion
from orders.tests.test_referral import code_of, policy
from orders.tests.test_wallet import balance, credit
from payments.models import MembershipPlan, MembershipPurchase, Payment, SandboxIntent
from payments.tests.factories import sandbox, tell

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_wire(monkeypatch):
    def unplugged(body, headers):
        raise httpx.ConnectError("unplugged")

    monkeypatch.setattr("payments.gateways.sandbox_wire.post_over_http", unplugged)


@pytest.fixture
def buyer(client):
    user = customer()
    client.force_login(user)
    return user


@pytest.mark.parametrize("path", ["/wallet/", "/membership/", "/refer/"])
def test_only_whoever_is_signed_in(client, path):
    assert client.get(path).status_code == 302


def test_the_wallet_says_in_words_what_came_and_what_ends(client, buyer):
    credit(buyer, 4_000, source="cashback", reason="Order T-7", expires_at=timezone.now() + timedelta(days=30))
    credit(buyer, 1_050)
    credit(customer(), 77_700)
    page = client.get("/wallet/").content.decode()
    assert "₹50.50" in page and "₹40 can be spent until" in page and "Order T-7" in page and "+₹10.50" in page
    assert "777" not in page
    assert client.get("/wallet/?before=abc").status_code == client.get("/wallet/?before=1").status_code == 200
    client.force_login(customer())
    assert "Nothing yet" in client.get("/wallet/").content.decode()


def test_the_wallet_at_the_api_by_cursor(api):
    user = customer()
    for number in range(3):
        credit(user, 1_000 + number)
    client = api(user)
    first = client.get("/api/v1/wallet/?page_size=2").json()
    assert (first["balance_paise"], len(first["results"]), first["expiring"]) == (3_003, 2, [])
    assert [row["amount_paise"] for row in first["results"]] == [1_002, 1_001]
    second = client.get(first["next"]).json()
    assert [row["amount_paise"] for row in second["results"]] == [1_000] and second["next"] is None
    assert api(customer()).get("/api/v1/wallet/").json()["results"] == []
    assert api().get("/api/v1/wallet/").status_code == 401


def filled(user, **more):
    milk = ProductFactory()
    place = shop(milk)
    where = address(user)
    return full_cart(user, place, {milk: 2}), where


def test_checkout_shows_the_rest_and_takes_what_was_shown(client, buyer):
    credit(buyer, 5_000)
    view, where = filled(buyer)
    assert "Use your wallet" in client.get("/checkout/").content.decode()
    page = client.get("/checkout/?use_wallet=on&method=cod", HTTP_HX_REQUEST="true").content.decode()
    assert "From your wallet" in page and 'name="wallet_paise" value="5000"' in page
    form = {"address": str(where.pk), "method": "cod", "fingerprint": view.fingerprint, "use_wallet": "on"}
    refused = client.post("/checkout/", form | {"wallet_paise": "4000"})
    assert refused.status_code == 409 and "Your wallet can give ₹50 now" in refused.content.decode()
    assert not Order.objects.exists()
    done = client.post("/checkout/", form | {"wallet_paise": "5000"})
    order = Order.objects.get()
    assert done.url == f"/orders/{order.pk}/" and order.wallet_paise == 5_000
    page = client.get(done.url).content.decode()
    assert "in cash at the door" in page and "From your wallet" in page


def test_the_wallet_alone_needs_no_other_way(client, buyer):
    credit(buyer, 90_000)
    view, where = filled(buyer)
    page = client.get("/checkout/?use_wallet=on").content.decode()
    assert "Your wallet pays all of it" in page and 'type="radio" id="method-upi"' not in page
    form = {"address": str(where.pk), "method": "upi", "fingerprint": view.fingerprint, "use_wallet": "on"}
    client.post("/checkout/", form | {"wallet_paise": str(view.bill.total_paise)})
    order = Order.objects.get()
    assert (order.status, order.payment_method) == (Status.CONFIRMED, "wallet")
    assert "paid from your wallet" in client.get(f"/orders/{order.pk}/").content.decode()
    services.cancel(order_id=order.pk, by="customer", reason="", actor="user:1", now=NOW)
    assert "is in your wallet again" in client.get(f"/orders/{order.pk}/").content.decode()
    assert balance(buyer) == 90_000


def test_the_order_says_when_its_cashback_comes_and_that_it_came(client, buyer):
    promotion(name="Back", kind="cashback", percent_bp=1_000)
    milk = ProductFactory()
    order = place_order(buyer, shop(milk), {milk: 2})
    when = "₹20 cashback comes to your wallet when the time for claims is over"
    assert when in client.get(f"/orders/{order.pk}/").content.decode()
    advance(order, Status.CLOSED)
    services.pay_cashback(order_id=order.pk, now=NOW)
    assert "₹20 cashback is in your wallet" in client.get(f"/orders/{order.pk}/").content.decode()


# -- membership -------------------------------------------------------------------------------------------------------


def plan():
    return MembershipPlan.objects.create(name="Plus", price_paise=9_900, days=30, gives="Free delivery\nMore")


def test_buying_a_membership_online_and_coming_back(client, buyer):
    form = {"plan": str(plan().pk), "way": "upi", "key": "k"}
    going = client.post("/membership/buy/", form)
    bought = MembershipPurchase.objects.get()
    assert going.url.startswith("/sandbox-gateway/pay/") and str(bought.pk) in going.url
    assert SandboxIntent.objects.get().amount_paise == 9_900
    page = client.get(f"/membership/?bought={bought.pk}").content.decode()
    assert "Waiting for your payment" in page and "You are a member" not in page
    sandbox.decide(intent_id=SandboxIntent.objects.get().pk, outcome="pay", now=NOW)
    tell(NOW)
    page = client.get(f"/membership/?bought={bought.pk}").content.decode()
    assert "Paid. Thank you." in page and "You are a member" in page and "Renew for" in page
    client.force_login(customer())
    assert "Waiting" not in client.get(f"/membership/?bought={bought.pk}").content.decode()
    for bad in ("x", "' OR 1", str(uuid4())):
        assert client.get("/membership/", {"bought": bad}).status_code == 200


def test_a_double_tap_from_the_wallet_buys_once(client, buyer):
    credit(buyer, 30_000)
    form = {"plan": str(plan().pk), "way": "wallet", "key": "k"}
    for _ in range(2):
        assert client.post("/membership/buy/", form).url == "/membership/"
    assert balance(buyer) == 20_100
    for bad in ({"plan": "999", "way": "wallet"}, {"plan": "x", "way": "upi"}, {"plan": form["plan"], "way": "gold"}):
        assert client.post("/membership/buy/", bad).status_code == 302
    assert MembershipPurchase.objects.count() == 1


def test_what_was_saved_is_what_orders_that_arrived_say(client, buyer):
    promotion(name="Members", kind="free_delivery", percent_bp=0, segment="members")
    credit(buyer, 9_900)
    client.post("/membership/buy/", {"plan": str(plan().pk), "way": "wallet", "key": "k"})
    assert queries.saved_as_member(buyer.pk).paise == 0
    milk = ProductFactory(mrp_paise=5_000)
    order = advance(place_order(buyer, shop(milk), {milk: 1}), Status.DELIVERED)
    waived = order.promotions[0]["delivery_paise"]
    assert waived > 0 and order.delivery_paise == 0
    saved = queries.saved_as_member(buyer.pk)
    assert (saved.paise, saved.orders) == (waived, 1)
    assert "saved so far, on 1 order" in client.get("/membership/").content.decode()
    assert "until" in client.get("/account/").content.decode()


def test_membership_at_the_api(api):
    user, sold = customer(), plan()
    client = api(user)
    seen = client.get("/api/v1/membership/").json()
    assert (seen["is_member"], seen["plans"][0]["gives"]) == (False, ["Free delivery", "More"])
    body = {"plan": sold.pk, "method": "wallet"}
    assert client.post("/api/v1/membership/", body, format="json").status_code == 400  # no key
    refused = client.post("/api/v1/membership/", body, format="json", HTTP_IDEMPOTENCY_KEY="k1")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/wallet-too-little")
    credit(user, 9_900)
    for _ in range(2):
        bought = client.post("/api/v1/membership/", body, format="json", HTTP_IDEMPOTENCY_KEY="k1")
        assert bought.status_code == 201 and bought.json()["ends_at"]
    assert client.get("/api/v1/membership/").json()["is_member"]
    online = client.post(
        "/api/v1/membership/", {"plan": sold.pk, "method": "online"}, format="json", HTTP_IDEMPOTENCY_KEY="k2"
    ).json()
    paying = f"/api/v1/payments/{online['payment_id']}/"
    assert client.get(paying).json()["can_pay"] and api(customer()).get(paying).status_code == 404
    assert Payment.objects.filter(purpose="membership").count() == 2


# -- invitations ------------------------------------------------------------------------------------------------------


def test_a_friends_link_is_kept_until_somebody_signs_in(client):
    from accounts import services as accounts
    from accounts.models import OtpChallenge

    policy()
    shop(ProductFactory())
    friend = customer()

    def come(phone):
        assert client.get(f"/?ref={code_of(friend)}").status_code == 200
        client.post("/sign-in/", {"phone": phone})
        code = accounts.otp_code(OtpChallenge.objects.get(phone=f"+91{phone}").pk)
        client.post("/sign-in/code/", {"code": code})

    come("9812345678")
    assert Referral.objects.get().referrer == friend
    assert "is kept" in client.get("/refer/").content.decode()
    client.post("/sign-out/")
    come("9812345679")  # the same browser
    assert Referral.objects.count() == 1


def test_the_page_shares_a_code_and_takes_one(client, buyer):
    policy()
    friend = customer()
    page = client.get("/refer/").content.decode()
    assert f"/?ref={code_of(buyer)}" in page and "A friend gave you a code?" in page
    wrong = client.post("/refer/", {"code": "nosuch"})
    assert wrong.status_code == 409 and "There is no such code." in wrong.content.decode()
    assert client.post("/refer/", {"code": code_of(friend).lower()}).status_code == 302
    assert Referral.objects.get().newcomer == buyer


def test_one_browser_is_one_newcomer(client):
    policy()
    friend, first, second = customer(), customer(), customer()
    client.force_login(friend)
    client.get("/refer/")  # the browser is the friend's from now on
    client.force_login(first)
    refused = client.post("/refer/", {"code": code_of(friend)})
    assert "can&#x27;t be used on this device" in refused.content.decode()
    client.cookies.pop("device")
    client.force_login(first)
    assert client.post("/refer/", {"code": code_of(friend)}).status_code == 302
    client.force_login(second)
    assert client.post("/refer/", {"code": code_of(friend)}).status_code == 409


def test_referral_at_the_api(api):
    policy()
    friend, newcomer = customer(), customer()
    code = api(friend).get("/api/v1/referral/").json()["code"]
    client = api(newcomer)
    refused = client.post("/api/v1/referral/", {"code": "NOSUCH"}, format="json")
    assert (refused.status_code, refused.json()["why"]) == (409, "no-such-code")
    entered = client.post("/api/v1/referral/", {"code": code.lower(), "device_id": "d1"}, format="json").json()
    assert (entered["entered"], entered["may_enter"]) == ("waiting", False)
    assert api(friend).get("/api/v1/referral/").json()["invited"] == 1
    assert api().get("/api/v1/referral/").status_code == 401
