"""Claims at operations: the queue by age, one page, the decision."""

from datetime import timedelta

import pytest
from django.test import Client

from accounts.services import grant_role
from orders.claims import Claim, ClaimPolicy
from orders.tests.factories import customer
from orders.tests.test_claims import delivered, missing, report
from payments.models import Refund

pytestmark = pytest.mark.django_db


@pytest.fixture
def ops():
    user = customer("Meera")
    grant_role(user_id=user.pk, role="ops", actor="system")
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def waiting() -> Claim:
    ClaimPolicy.objects.create(small_paise=0)
    an_order = delivered()
    return report(an_order, missing(an_order, 2))[0]


def test_the_longest_waiting_comes_first(ops, waiting, django_assert_max_num_queries):
    an_order = delivered()
    newer = report(an_order, missing(an_order), now=an_order.delivered_at + timedelta(hours=2))[0]
    with django_assert_max_num_queries(12):
        page = ops.get("/ops/claims/").content.decode()
    assert page.index(str(waiting.pk)) < page.index(str(newer.pk))
    assert 'id="rows"' not in ops.get("/ops/claims/", HTTP_HX_REQUEST="true").content.decode()


def test_one_page_has_the_story_the_evidence_and_the_score(ops, waiting):
    page = ops.get(f"/ops/claims/{waiting.pk}/").content.decode()
    for words in (
        "Handed over",
        "packed",
        "All was scanned, and handed over with the code",
        "Units scanned by the picker",
        "/ 100",
        "₹200",
    ):
        assert words in page, words
    assert str(waiting.pk) in ops.get(f"/ops/orders/{waiting.order_id}/").content.decode()


def test_all_a_part_or_refused_with_a_reason(ops, waiting):
    url = f"/ops/claims/{waiting.pk}/decide/"
    for form in ({}, {"how": "part", "rupees": "x", "reason": "r"}, {"how": "part", "rupees": "9999", "reason": "r"}):
        ops.post(url, form)
        assert Claim.objects.get().state == "waiting"
    ops.post(url, {"how": "all"})
    assert Claim.objects.get().state == "waiting"  # no reason
    ops.post(url, {"how": "part", "rupees": "58.50", "reason": "Sorry"})
    claim = Claim.objects.get()
    assert (claim.state, claim.refund_paise, claim.reason) == ("refunded", 5_850, "Sorry")
    assert Refund.objects.get().amount_paise == 5_850


def test_all_of_it(ops, waiting):
    ops.post(f"/ops/claims/{waiting.pk}/decide/", {"how": "all", "other": "You are right"})
    assert Refund.objects.get().amount_paise == waiting.asked_paise


def test_is_for_operations_alone(waiting):
    client = Client()
    client.force_login(waiting.customer)
    assert client.get("/ops/claims/").status_code == 403
    assert client.get(f"/ops/claims/{waiting.pk}/").status_code == 403
    assert client.post(f"/ops/claims/{waiting.pk}/decide/", {"how": "all", "reason": "me"}).status_code == 403
    assert Claim.objects.get().state == "waiting"


def test_the_administration_lists_by_age(waiting):
    admin_client = Client()
    admin_client.force_login(customer("Root", is_staff=True, is_superuser=True))
    page = admin_client.get("/admin/orders/claim/").content.decode()
    assert f"/ops/claims/{waiting.pk}/" in page
    assert admin_client.get(f"/admin/orders/claim/{waiting.pk}/change/").status_code == 200
    assert admin_client.get("/admin/orders/claimpolicy/").status_code == 200
    assert admin_client.get("/admin/orders/rating/").status_code == 200
