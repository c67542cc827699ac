import pytest
from django.urls import reverse

from accounts.models import User
from inventory.models import Movement
from inventory.tests.factories import hold, stocked

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(client):
    client.force_login(User.objects.create_superuser("+917000000000", "x"))
    return client


@pytest.mark.parametrize("model", ["stock", "hold", "movement", "bin"])
def test_every_list_opens_with_few_statements(boss, model, django_assert_max_num_queries):
    first = stocked(10, bin_code="A-01-1")
    for _ in range(4):
        hold(stocked(3, at=first.store))
    with django_assert_max_num_queries(12):
        assert boss.get(reverse(f"admin:inventory_{model}_changelist")).status_code == 200


def test_a_stock_row_shows_its_ledger_and_cannot_be_edited(boss):
    stock = stocked(10)
    url = reverse("admin:inventory_stock_change", args=[stock.pk])
    assert "delivery" in boss.get(url).content.decode()
    assert boss.post(url, {"on_hand": 99}).status_code == 403


@pytest.mark.parametrize(
    ("act", "units", "on_hand", "kind"),
    [("count_units", 7, 7, "count"), ("receive_units", 5, 15, "receive"), ("waste_units", 2, 8, "waste")],
)
def test_units_change_through_a_form_that_asks_first(boss, act, units, on_hand, kind):
    stock = stocked(10)
    url = reverse("admin:inventory_stock_changelist")
    asked = {"action": act, "_selected_action": [stock.pk]}
    page = boss.post(url, asked).content.decode()
    assert "It is written into the ledger with your name" in page
    assert boss.post(url, asked | {"confirmed": "yes", "units": "", "reason": "x"}).status_code == 200
    boss.post(url, asked | {"confirmed": "yes", "units": units, "reason": "Friday"})
    stock.refresh_from_db()
    assert stock.on_hand == on_hand
    line = Movement.objects.last()
    assert (line.kind, line.reason, line.actor) == (kind, "Friday", f"user:{User.objects.get().pk}")


def test_a_refused_change_says_why(boss):
    stock = stocked(10)
    hold(stock, 8)
    asked = {"action": "count_units", "_selected_action": [stock.pk], "confirmed": "yes", "units": 3, "reason": "x"}
    page = boss.post(reverse("admin:inventory_stock_changelist"), asked, follow=True).content.decode()
    assert "8 units are set aside for orders" in page
    stock.refresh_from_db()
    assert stock.on_hand == 10
