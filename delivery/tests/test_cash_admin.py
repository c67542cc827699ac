"""Cash handed in by riders, taken in Django Admin: by whom, how much, once per receipt."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission

from accounts.models import User
from blinkit.kernel.events import timeline
from catalog.models import Store
from catalog.tests.factories import NOW
from catalog.tests.factories import store as make_store
from delivery.tests.factories import rider as make_rider
from payments import ledger, queries
from payments import services as money
from payments.errors import ReceiptUsed, TooMuchCash
from payments.tests.factories import cash

PAGE = "/admin/delivery/cashinhand/"


def staff(*permissions):
    user = User.objects.create_user("+919999999998", name="Till", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


def standing():
    return make_rider(Store.objects.first() or make_store(), on_duty=False)


def carrying(paise=42_400):
    rider = standing()
    money.collect_cash(ref=cash(paise).ref, rider_ref=rider.pk, amount_paise=paise, now=NOW)
    return rider


def hand_in(client, rider, *, amount="400.50", receipt="r-1", sure=True):
    form = {"amount": amount, "receipt": receipt} | ({"confirmed": "yes"} if sure else {})
    return client.post(f"{PAGE}{rider.pk}/change/", form)


pytestmark = pytest.mark.django_db


@pytest.fixture
def till(client):
    user = staff("hand_in_cash")
    client.force_login(user)
    return user


def test_the_list_names_who_carries_cash_the_most_first(client, till):
    little, none, much = carrying(1_000), standing(), carrying(90_000)
    page = client.get(PAGE).content.decode()
    assert page.index(much.user.phone) < page.index(little.user.phone)
    assert "₹900" in page and "₹10" in page and none.user.phone not in page
    assert none.user.phone in client.get(PAGE, {"cash": "all"}).content.decode()


def test_cash_is_handed_in_after_asking_twice_and_is_written_down_with_who_took_it(client, till):
    rider = carrying()
    asked = hand_in(client, rider, sure=False).content.decode()
    assert "₹400.50" in asked and str(rider) in asked and "₹23.50 stay in hand" in asked and 'name="confirmed"' in asked
    assert queries.cash_in_hand(rider.pk) == 42_400, "nothing is posted by asking"
    for _ in range(2):
        assert hand_in(client, rider).status_code == 302
    assert (queries.cash_in_hand(rider.pk), ledger.balance(ledger.BANK)) == (2_350, 40_050)
    (told,) = timeline(f"rider:{rider.pk}")
    assert (told.code, told.actor) == ("payments.CashHandedIn", f"user:{till.pk}")
    assert told.payload["receipt"] == "R-1" and told.payload["left_paise"] == 2_350
    assert "Cash handed in, receipt R-1" in client.get(f"{PAGE}{rider.pk}/change/").content.decode()
    assert queries.audit() == []


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"amount": "424.01"}, "There are ₹424 in hand."),
        ({"amount": "0"}, "greater than or equal to 1"),
        ({"amount": "-5"}, "greater than or equal to 1"),
        ({"amount": "1.005"}, "2 decimal places"),
        ({"amount": "NaN"}, "Enter a number"),
        ({"amount": "9" * 40}, "less than or equal to"),
        ({"receipt": " "}, "This field is required"),
        ({"receipt": "9" * 41}, "at most 40 characters"),
    ],
)
def test_what_can_not_be_is_said_and_nothing_is_posted(client, till, form, says):
    rider = carrying()
    page = hand_in(client, rider, **form)
    assert page.status_code == 200 and says in page.content.decode()
    assert queries.cash_in_hand(rider.pk) == 42_400


def test_a_receipt_of_another_rider_or_of_another_sum_is_refused_and_not_ignored(client, till):
    first, second = carrying(), carrying()
    hand_in(client, first, receipt="77")
    for rider, amount in ((second, "400.50"), (first, "10")):
        page = hand_in(client, rider, receipt=" 77 ", amount=amount)
        assert "The receipt 77 stands for other cash already" in page.content.decode()
    assert (queries.cash_in_hand(first.pk), queries.cash_in_hand(second.pk)) == (2_350, 42_400)


@pytest.mark.parametrize("permission", ["view_cashinhand", "change_rider"])
def test_who_has_not_the_permission_takes_no_cash(client, permission):
    client.force_login(staff(permission))
    rider = carrying()
    page = client.get(f"{PAGE}{rider.pk}/change/")
    assert page.status_code == (200 if permission == "view_cashinhand" else 403)
    assert b"Hand in cash" not in page.content
    assert hand_in(client, rider).status_code == 403
    assert queries.cash_in_hand(rider.pk) == 42_400


def test_neither_strangers_nor_riders_get_in_and_an_unknown_rider_is_not_found(client):
    rider = carrying()
    assert hand_in(client, rider).status_code == 302  # to the sign-in
    client.force_login(rider.user)
    assert hand_in(client, rider).status_code == 302
    assert queries.cash_in_hand(rider.pk) == 42_400
    client.force_login(staff("hand_in_cash"))
    for nobody in ("0", "999999", "x", "9" * 30):
        assert client.get(f"{PAGE}{nobody}/change/").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_one_receipt_at_two_tills_takes_the_cash_of_one_rider(race):
    riders = [carrying(), carrying()]

    def take(number):
        money.deposit_cash(
            rider_ref=riders[number % 2].pk, amount_paise=10_000, key="5", now=NOW + timedelta(seconds=number)
        )

    results = race(6, take)
    assert results.count(None) == 3, "the same rider again is silent"
    assert sum(isinstance(result, ReceiptUsed) for result in results) == 3
    assert sorted(queries.cash_in_hand(rider.pk) for rider in riders) == [32_400, 42_400]


def test_more_than_is_carried_is_refused_by_the_service_too():
    rider = carrying()
    with pytest.raises(TooMuchCash):
        money.deposit_cash(rider_ref=rider.pk, amount_paise=42_401, key="6", now=NOW)
