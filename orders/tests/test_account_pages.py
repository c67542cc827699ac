"""The account's pages, and what orders tell of and forget about a person."""

from base64 import urlsafe_b64encode
from datetime import timedelta
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.test import Client
from django.utils import timezone

from accounts import services as accounts
from accounts.models import Device, User
from blinkit.kernel.geo import Point
from catalog import services as catalog_services
from catalog.models import PriceWatch, Referral, ReferralCode, ReferralPolicy, SegmentMember, Waitlist
from catalog.tests.factories import NOW, ProductFactory
from inventory import queries as stock
from orders import services
from orders.claims import ClaimPhoto
from orders.models import Evidence, Order
from orders.services import personal
from orders.services.photos import private
from orders.states import Status
from orders.tests.factories import advance, customer, order, place_order, shop
from orders.tests.test_claims import delivered, missing, photo_of, report
from orders.web.account import agent_words
from payments import queries as money
from payments import services as paying
from payments.models import Membership, MembershipPlan, Wallet, WalletLot

pytestmark = pytest.mark.django_db


def signed_in(user) -> Client:
    client = Client(HTTP_USER_AGENT="Mozilla/5.0 (Linux; Android 14) Chrome/120.0")
    client.force_login(user)
    return client


def test_every_page_of_the_account_opens_and_is_for_its_person():
    shop(ProductFactory())
    client = signed_in(customer())
    for path in ("/account/", "/account/places/", "/account/data/", "/account/messages/", "/lists/", "/help/"):
        assert client.get(path).status_code == 200, path
    for path in ("/account/places/", "/account/data/", "/account/data/export/", "/account/messages/"):
        assert Client().get(path).status_code == 302, path


def test_language_is_kept_for_pages_and_messages():
    shop(ProductFactory())
    user = customer()
    client = signed_in(user)
    client.post("/account/language/", {"language": "hi"})
    user.refresh_from_db()
    assert user.language == "hi"
    assert 'lang="hi"' in client.get("/account/").content.decode()
    client.post("/account/language/", {"language": "xx"})
    user.refresh_from_db()
    assert user.language == "hi"


def test_the_link_of_the_e_mail_asks_for_one_tap():
    shop(ProductFactory())
    user = accounts.update_profile(user_id=customer().pk, email="a@example.com")
    path = accounts.email_link(user_id=user.pk, email=user.email).split("/", 3)[3]
    stranger = Client()
    assert stranger.get(f"/{path}").status_code == 200
    user.refresh_from_db()
    assert user.email_verified_at is None
    stranger.post(f"/{path}")
    user.refresh_from_db()
    assert user.email_verified_at is not None


def test_signed_out_there_by_the_page():
    shop(ProductFactory())
    user = customer()
    here, there = signed_in(user), signed_in(user)
    page = here.get("/account/places/").content.decode()
    assert page.count(" since ") + page.count(">since ") == 2
    place = next(it for it in accounts.signed_in_places(
        user_id=user.pk, now=timezone.now(), session_key=here.session.session_key) if not it.is_here)  # fmt: skip
    here.post("/account/places/", {"place": place.id})
    assert there.get("/account/").status_code == 302
    assert here.get("/account/").status_code == 200


def test_the_export_has_a_part_of_every_room():
    an_order = delivered()
    report(an_order, missing(an_order))
    catalog_services.add_favourite(customer_id=an_order.customer_id, sku=an_order.lines.first().sku, now=NOW)
    told = signed_in(an_order.customer).get("/account/data/export/").json()
    assert set(told) == {
        "made_at",
        "orders",
        "deliveries",
        "money",
        "wishes",
        "messages",
        "account",
        "floor",
        "riding",
        "questions",
    }
    (one,) = told["orders"]["orders"]
    assert one["number"] == an_order.number and len(one["lines"]) == 2
    assert told["orders"]["claims"][0]["kind"] == "missing"
    assert len(told["wishes"]["favourites"]) == 1
    stranger = signed_in(customer()).get("/account/data/export/").json()
    assert an_order.number not in str(stranger)


def forget(user: User) -> int:
    due = accounts.ask_deletion(user_id=user.pk, now=timezone.now())
    return accounts.forget_due(now=due)


def test_orders_and_books_stay_about_nobody(django_capture_on_commit_callbacks):
    an_order = delivered()
    kept = photo_of(an_order)
    report(an_order, missing(an_order), note="my neighbour Ravi saw it")
    services.close(order_id=an_order.pk, now=timezone.now())
    before = (an_order.total_paise, an_order.lines.count())
    with django_capture_on_commit_callbacks(execute=True):
        assert forget(an_order.customer) == 1
    after = Order.objects.get(pk=an_order.pk)
    assert (after.total_paise, after.lines.count()) == before
    assert (after.contact_name, after.contact_phone, after.address_text) == ("", "", "—")
    assert (after.lat, after.lng) == (round(an_order.lat, 2), round(an_order.lng, 2))
    assert after.claims.get().note == ""
    assert not ClaimPhoto.objects.exists() and not private().exists(kept.name)
    assert money.audit() == [] and stock.audit() == []


def test_an_order_on_its_way_is_waited_for():
    running = advance(order(), Status.PACKED)
    assert forget(running.customer) == 0
    running.customer.refresh_from_db()
    assert running.customer.is_active and running.customer.name == "Asha"
    Order.objects.filter(pk=running.pk).update(status=Status.CLOSED)
    assert accounts.forget_due(now=timezone.now() + timedelta(days=99)) == 1


def owner_of_everything(user: User, place, milk, *, friend: User) -> None:
    """Something of the person in every room that keeps something."""
    services.my_referral_code(user_id=user.pk, now=NOW)
    code = services.my_referral_code(user_id=friend.pk, now=NOW).code
    catalog_services.save_referral_policy(
        ReferralPolicy(referrer_paise=1, newcomer_paise=1, min_order_paise=1, budget_paise=99), actor="user:1"
    )
    services.enter_referral(customer_id=user.pk, code=code, now=NOW, device="this browser")
    paying.credit_wallet(
        customer_id=user.pk, amount_paise=3_000, source="goodwill", key="g1", reason="For Asha", now=NOW
    )
    paid = place_order(user, place, {milk: 2}, use_wallet=True)
    services.cancel(order_id=paid.pk, by="customer", reason="", actor="user:1", now=NOW)
    cash = paying.open_payment(ref=uuid4(), customer_id=user.pk, amount_paise=2_500, method="cod", due_by=None, now=NOW)
    paying.collect_cash(ref=cash.ref, rider_ref=7, amount_paise=2_500, now=NOW)
    paying.lower_amount(ref=cash.ref, by_paise=2_500, reason="Claim", key="all of it", now=NOW)
    for source, paise in (("goodwill", 2_000), ("cashback", 1_000)):
        paying.credit_wallet(
            customer_id=user.pk, amount_paise=paise, source=source, key=source, reason="For Asha", now=NOW
        )
    plan = MembershipPlan.objects.create(name="Month", price_paise=500, days=30)
    paying.buy_membership(customer_id=user.pk, plan_id=plan.pk, method="wallet", key="m", now=timezone.now())
    point = ec.generate_private_key(ec.SECP256R1()).public_key()
    key = point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    accounts.register_browser(
        user_id=user.pk, endpoint="https://fcm.googleapis.com/x", p256dh=urlsafe_b64encode(key).decode().rstrip("="),
        auth=urlsafe_b64encode(bytes(16)).decode().rstrip("="), now=NOW,
    )  # fmt: skip
    catalog_services.watch_price(customer_id=user.pk, store_id=place.pk, sku=milk.sku, now=NOW)
    Waitlist.objects.create(phone=user.phone, lat=12.9, lng=77.6)


def test_wallet_membership_referral_watches_and_browsers_are_told_and_forgotten():
    milk = ProductFactory()
    place, user, friend = shop(milk), customer(), customer()
    owner_of_everything(user, place, milk, friend=friend)
    told = signed_in(user).get("/account/data/export/").json()
    assert told["money"]["wallet_paise"] == 8_000
    assert [row["source"] for row in told["money"]["credits"]] == ["goodwill", "refund", "goodwill", "cashback"]
    assert sum(row["amount_paise"] for row in told["money"]["wallet"]) == 8_000
    assert told["money"]["membership"] and told["money"]["memberships_bought"][0]["price_paise"] == 500
    wishes = told["wishes"]
    for part in ("prices_watched", "waiting_for_us", "groups", "own_code", "came_by_a_friend"):
        assert wishes[part], part
    assert told["account"]["devices"][0]["platform"] == "web"
    assert "₹80" in signed_in(user).get("/account/data/").content.decode()

    due = accounts.ask_deletion(user_id=user.pk, now=timezone.now())
    assert accounts.forget_due(now=due) == 1
    assert not PriceWatch.objects.exists() and not Waitlist.objects.exists() and not SegmentMember.objects.exists()
    assert not ReferralCode.objects.filter(user=user).exists() and not Device.objects.exists()
    assert (Referral.objects.get().state, Referral.objects.get().why) == ("refused", "forgotten")
    assert Wallet.objects.get(customer=user).balance_paise == 0
    assert Membership.objects.get(customer=user).until < due + timedelta(seconds=1)
    assert not WalletLot.objects.exclude(reason="").exists()
    held = money.balances()
    # The membership took ₹5 of what ends first or, without an end, came first. The wallet's part of the cancelled order
    # is the goodwill it was; cash that was given back is the person's own.
    assert (held["wallets:unclaimed"], held["goodwill"], held["promotions"]) == (-2_500, 500, 0)
    assert money.audit() == []
    assert accounts.forget_due(now=timezone.now() + timedelta(days=99)) == 0


def test_nobody_is_rewarded_for_a_friend_after_they_are_forgotten():
    milk = ProductFactory()
    place, user, friend = shop(milk, units=99), customer(), customer()
    catalog_services.save_referral_policy(
        ReferralPolicy(referrer_paise=100, newcomer_paise=100, min_order_paise=1, budget_paise=999), actor="user:1"
    )
    code = services.my_referral_code(user_id=friend.pk, now=NOW).code
    services.enter_referral(customer_id=user.pk, code=code, now=NOW)
    assert forget(friend) == 1
    an_order = advance(place_order(user, place, {milk: 2}), Status.DELIVERED)
    services.reward_referral(order_id=an_order.pk, now=NOW)
    assert money.wallet_of(user.pk, now=NOW).balance_paise == 100
    assert not Wallet.objects.filter(customer=friend).exists()


def test_a_gift_and_the_picture_of_a_door_are_forgotten_and_an_order_that_may_still_be_claimed_waits():
    an_order = delivered()
    Order.objects.filter(pk=an_order.pk).update(is_gift=True, gift_note="Dear Ravi", gift_from="Asha")
    assert "Dear Ravi" in signed_in(an_order.customer).get("/account/data/export/").content.decode()
    assert forget(an_order.customer) == 0
    services.close(order_id=an_order.pk, now=timezone.now() + timedelta(days=2))
    assert accounts.forget_due(now=timezone.now() + timedelta(days=99)) == 1
    after = Order.objects.get(pk=an_order.pk)
    assert (after.gift_note, after.gift_from) == ("", "")


def test_where_a_door_was_moved_to_is_told_and_then_only_rough():
    an_order = order(products=1)
    at = an_order.point
    there = Point(at.lat + 0.00123, at.lng + 0.00123)
    services.move_pin(order_id=an_order.pk, to=there, most_metres=900, actor="user:1", now=NOW, wished=True)
    done = advance(Order.objects.get(pk=an_order.pk), Status.CLOSED)
    services.evidence(order_id=done.pk, kind="door_photo", detail={"photo": "doors/a.jpg"}, actor="rider:7", now=NOW)
    (moved,) = personal.held(user_id=done.customer_id)["doors_moved"]
    assert moved["to"] == [there.lat, there.lng] and moved["order__number"] == done.number
    assert forget(done.customer) == 1
    kept = Evidence.objects.get(order=done, kind="pin_moved").detail
    assert kept["wished"] is True and "longer_s" in kept
    for place in (at, there):
        assert str(place.lat) not in str(kept) and str(place.lng) not in str(kept)
    assert Evidence.objects.get(order=done, kind="door_photo").detail == {"photo": ""}


def test_asked_and_taken_back_on_the_page():
    shop(ProductFactory())
    user = customer()
    client = signed_in(user)
    client.post("/account/data/deletion/")
    assert "Keep my account" in client.get("/account/data/").content.decode()
    assert "Tap to keep it" in client.get("/account/").content.decode()
    client.post("/account/data/deletion/", {"keep": "1"})
    user.refresh_from_db()
    assert user.deletion_due_at is None


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (Linux; Android 14) AppleWebKit Chrome/120.0 Safari/537", "Chrome, Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Safari/604", "Safari, iPhone"),
        ("curl/8", "A browser"),
    ],
)
def test_a_browser_is_named_as_people_know_it(agent, words):
    assert agent_words(agent, "browser") == words
