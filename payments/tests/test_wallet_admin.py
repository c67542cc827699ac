"""Goodwill asks twice and has a limit; everything else can only be looked at."""

from uuid import uuid4

import pytest

from accounts.models import User
from accounts.tests.factories import UserFactory
from payments import queries
from payments.models import MembershipPlan, Wallet, WalletLot
from payments.tests.test_wallet import balance, credit

pytestmark = pytest.mark.django_db
ADD = "/admin/payments/wallet/add/"


@pytest.fixture
def boss(client):
    client.force_login(User.objects.create_superuser("9000000001", "a good one"))
    return client


def form(user, **more):
    return {"phone": user.phone, "amount": "200", "reason": "Late and cold", "key": str(uuid4())} | more


def test_goodwill_asks_twice_and_is_given_once(boss):
    user = UserFactory()
    sent = form(user)
    assert "At most ₹500 at once" in boss.get(ADD).content.decode()
    asked = boss.post(ADD, sent)
    assert user.name in asked.content.decode() and not WalletLot.objects.exists()
    for _ in range(2):
        assert boss.post(ADD, sent | {"confirmed": "yes"}).url == "/admin/payments/wallet/"
    assert balance(user) == 20_000
    assert WalletLot.objects.get().actor.startswith("user:")
    assert queries.audit() == []


def test_too_much_and_nobody_are_told_and_nothing_is_written(boss):
    user = UserFactory()
    for bad in ({"amount": "501"}, {"amount": "-3"}, {"amount": "x"}, {"phone": "9999999999"}, {"phone": "?"}):
        assert boss.post(ADD, form(user, confirmed="yes", **bad)).status_code == 200
    boss.post(ADD, form(user, amount="500", confirmed="yes"))
    boss.post(ADD, form(user, amount="500", confirmed="yes"))
    page = boss.post(ADD, form(user, amount="1", confirmed="yes"), follow=True).content.decode()
    assert "₹0 more within 30 days" in page
    assert balance(user) == 100_000


def test_staff_without_the_right_give_nothing(client):
    clerk = UserFactory(is_staff=True)
    client.force_login(clerk)
    client.post(ADD, form(UserFactory(), confirmed="yes"))
    assert not WalletLot.objects.exists()


def test_every_page_opens_and_a_wallet_cannot_be_edited(boss):
    user = UserFactory()
    credit(user, 4_000)
    plan = MembershipPlan.objects.create(name="Plus", price_paise=9_900, days=30, gives="Free delivery")
    for path in ("wallet/", f"wallet/{user.pk}/change/", "membershipplan/", f"membershipplan/{plan.pk}/change/",
                 "membership/", "membershippurchase/", "payment/"):  # fmt: skip
        assert boss.get(f"/admin/payments/{path}").status_code == 200, path
    assert boss.post(f"/admin/payments/wallet/{user.pk}/change/", {"balance_paise": 1}).status_code == 403
    assert Wallet.objects.get().balance_paise == 4_000
    for path in ("referralpolicy/", "referralpolicy/add/", "referral/", "referralcode/"):
        assert boss.get(f"/admin/catalog/{path}").status_code == 200, path


def test_a_policy_is_saved_through_its_service(boss):
    from catalog.models import ReferralPolicy

    fields = {
        "is_active": "on", "referrer_paise": 100, "newcomer_paise": 100, "min_order_paise": 0, "credit_days": 30,
        "most_per_month": 3, "budget_paise": 1_000,
    }  # fmt: skip
    for _ in range(2):
        assert boss.post("/admin/catalog/referralpolicy/add/", fields).status_code == 302
    row = ReferralPolicy.objects.get(is_active=True)
    ReferralPolicy.objects.filter(pk=row.pk).update(used_paise=900)
    refused = boss.post(f"/admin/catalog/referralpolicy/{row.pk}/change/", fields | {"budget_paise": 899})
    assert refused.status_code == 200 and "referral_within_budget" in refused.content.decode()
