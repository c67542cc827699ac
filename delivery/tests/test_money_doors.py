"""Doors of pay and cash: what a rider sees, that it is the rider's own, and who may decide."""

import csv
import io
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pypdf import PdfReader

from accounts.models import User
from accounts.tests.factories import UserFactory
from catalog.models import StoreMembership
from catalog.tests.factories import NOW
from catalog.tests.factories import store as make_store
from delivery import money_queries
from delivery.models import (
    Adjustment,
    Campaign,
    CashLimit,
    CashReceipt,
    Deduction,
    DropRating,
    PayPolicy,
    PayReview,
    Rider,
    UpiDeposit,
    WeekStatement,
)
from delivery.services import deductions, weeks
from delivery.tests.factories import rider
from delivery.tests.paying import MONDAY, WEEK, carrying, delivered
from payments import services as money
from payments.models import Payment, Payout, PayoutState

pytestmark = pytest.mark.django_db
BASE = "/api/v1/rider"
ASKED = {"amount_paise": 700, "reason": "=A bag was lost", "evidence": "Order T-1"}


def office(*permissions, phone="+919999999998"):
    user = User.objects.create_user(phone, name="Office", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


@pytest.fixture
def rode(time_machine):
    """A rider who has just delivered one order; the clock stands at NOW."""
    time_machine.move_to(NOW, tick=False)
    return delivered(tip_paise=1_000)


@pytest.fixture
def week(rode, time_machine):
    time_machine.move_to(MONDAY, tick=False)
    deductions.ask_deduction(rider_id=rode.rider_id, actor="user:1", now=NOW - timedelta(days=9), **ASKED)
    return weeks.issue_week(rider_id=rode.rider_id, week=WEEK, now=MONDAY)


def signed_in(client, who):
    client.force_login(who.user)
    return client


class TestScreens:
    def test_the_earnings_tell_day_receipt_cash_and_target_in_few_statements(self, client, rode):
        CashLimit.objects.create(cash_limit_paise=rode.stop.job.order.cash_due_paise)
        hours = {"starts_at": NOW - timedelta(hours=1), "ends_at": NOW + timedelta(hours=1)}
        Campaign.objects.create(name="Lunch", deliveries=3, reward_paise=15_000, **hours)
        signed_in(client, rode.rider)
        with CaptureQueriesContext(connection) as asked:
            page = client.get("/rider/earnings/").content.decode()
        assert len(asked) <= 24
        for words in (
            "Lunch",
            "1 of 3 done. 2 more until",
            "₹150",
            "You have reached the limit.",
            "Routed from the store",
        ):
            assert words in page, words
        assert "0 ratings so far" in page

    def test_a_statement_is_a_page_a_pdf_and_a_csv_of_the_same_figures(self, client, week):
        signed_in(client, week.rider)
        page = client.get(f"/rider/statements/{week.pk}/").content.decode()
        assert week.number in page and "Deduction: =A bag was lost" in page and "On its way to your bank" in page
        pdf = client.get(f"/rider/statements/{week.pk}.pdf")
        assert pdf.content.startswith(b"%PDF") and week.number in pdf["Content-Disposition"]
        read = "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf.content)).pages)
        assert week.number in read and "–₹7" in read, "a deduction reads as one"
        rows = list(csv.DictReader(io.StringIO(client.get(f"/rider/statements/{week.pk}.csv").content.decode())))
        assert {row["section"] for row in rows} == {"part", "deducted", "total", "day", "cash"}
        taken = next(row for row in rows if row["section"] == "deducted")
        assert (taken["paise"], taken["what"][0]) == ("-700", "'"), "a spreadsheet takes it for words"
        paid = sum(int(row["paise"]) for row in rows if row["section"] in ("part", "deducted"))
        assert paid == week.payout_paise == int(next(r["paise"] for r in rows if r["section"] == "total"))

    def test_another_riders_statement_and_deduction_are_not_there(self, client, week):
        signed_in(client, rider(week.rider.store))
        for kind in ("/", ".pdf", ".csv"):
            assert client.get(f"/rider/statements/{week.pk}{kind}").status_code == 404
        one = Deduction.objects.get()
        assert client.post(f"/rider/deductions/{one.pk}/dispute/", {"words": "No"}).status_code == 404

    def test_who_is_no_rider_is_shown_out(self, client, week):
        client.force_login(UserFactory(roles=["ops"]))
        for url in ("/rider/cash/", f"/rider/statements/{week.pk}/", f"/rider/statements/{week.pk}.pdf"):
            assert client.get(url).status_code == 403, url
        assert client.post("/rider/cash/deposit/", {"rupees": "1"}).status_code == 403

    def test_a_deduction_is_disputed_from_the_screen(self, client, rode):
        one = deductions.ask_deduction(rider_id=rode.rider_id, actor="user:1", now=NOW, **ASKED)
        signed_in(client, rode.rider)
        assert "are to be deducted" in client.get("/rider/earnings/").content.decode()
        client.post(f"/rider/deductions/{one.pk}/dispute/", {"words": "It was at the door"})
        one.refresh_from_db()
        assert (one.state, one.dispute) == ("disputed", "It was at the door")
        assert "You said no." in client.get("/rider/earnings/").content.decode()

    def test_cash_is_paid_in_by_upi_from_the_screen(self, client, rode):
        carrying(rode.rider, 5_000)
        signed_in(client, rode.rider)
        page = client.get("/rider/cash/").content.decode()
        all_of_it = money_queries.cash_json(rode.rider)["in_hand_paise"] // 100
        assert "Pay by UPI" in page and f'maxlength="6" value="{all_of_it}"' in page
        answer = client.post("/rider/cash/deposit/", {"rupees": "50", "key": "k"})
        assert answer.status_code == 302 and answer["Location"].startswith("/sandbox-gateway/pay/")
        client.post("/rider/cash/deposit/", {"rupees": "50", "key": "k"})
        assert UpiDeposit.objects.count() == 1
        for typed in ("0", "-5", "five", "9" * 9):
            assert client.post("/rider/cash/deposit/", {"rupees": typed}).status_code in (302, 400), typed
        assert UpiDeposit.objects.count() == 1

    def test_a_door_is_rated_under_its_receipt(self, client, rode):
        signed_in(client, rode.rider)
        assert "Was the door easy to find?" in client.get("/rider/earnings/").content.decode()
        client.post(f"/rider/stops/{rode.stop_id}/door/", {"easy": "0", "tag": ["dog", "stairs"]})
        assert (DropRating.objects.get().is_easy, DropRating.objects.get().tags) == (False, ["dog", "stairs"])


class TestApi:
    def test_reads_are_the_riders_own(self, api, week):
        http, other = api(week.rider.user), api(rider(week.rider.store).user)
        (row,) = http.get(f"{BASE}/statements/").json()["results"]
        assert row["number"] == week.number
        told = http.get(f"{BASE}/statements/{week.pk}/").json()
        assert told["payout_paise"] == week.payout_paise and told["lines"][0]["paise"] == -700
        assert told["payout_state"] == "due"
        assert http.get(f"{BASE}/cash/").json()["limit_paise"] is None
        assert http.get(f"{BASE}/targets/").json()["targets"] == []
        assert http.get(f"{BASE}/deductions/").json()["results"][0]["statement_id"] == str(week.pk)
        receipt = http.get(f"{BASE}/earnings/").json()["results"][0]
        assert receipt["distance"]["why"] == "unknown" and receipt["parts"]["surge_paise"] == 0
        assert other.get(f"{BASE}/statements/{week.pk}/").status_code == 404
        assert other.get(f"{BASE}/statements/").json()["results"] == []

    def test_a_deposit_is_opened_once_per_key_and_not_beyond_what_is_carried(self, api, rode):
        carrying(rode.rider, 5_000)
        http, one = api(rode.rider.user), {"HTTP_IDEMPOTENCY_KEY": "one"}
        made = [http.post(f"{BASE}/cash/deposits/", {"amount_paise": 2_000}, **one).json() for _ in range(2)]
        assert made[0] == made[1] and Payment.objects.filter(purpose="deposit").count() == 1
        refused = http.post(f"{BASE}/cash/deposits/", {"amount_paise": 9_000_000}, HTTP_IDEMPOTENCY_KEY="two")
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/nothing-to-deposit")

    def test_a_dispute_and_a_door_are_ones_own(self, api, rode):
        one = deductions.ask_deduction(rider_id=rode.rider_id, actor="user:1", now=NOW, **ASKED)
        http, other = api(rode.rider.user), api(rider(rode.rider.store).user)
        door, dispute = f"{BASE}/stops/{rode.stop_id}/door/", f"{BASE}/deductions/{one.pk}/dispute/"
        assert http.get(door).json() == {"is_easy": None, "tags": []}
        assert other.put(door, {"is_easy": True}).status_code == other.post(dispute, {"words": "x"}).status_code == 404
        assert http.put(door, {"is_easy": True, "tags": ["lift"]}).json() == {"is_easy": True, "tags": ["lift"]}
        assert http.put(door, {"is_easy": True, "tags": ["rude"]}).status_code == 400
        assert http.post(dispute, {"words": "No"}).json()["state"] == "disputed"


class TestAdmin:
    def test_a_policy_is_written_for_later_and_stays_once_it_has_begun(self, client):
        client.force_login(office("add_paypolicy", "change_paypolicy", "view_paypolicy"))
        begun = PayPolicy.objects.create(starts_at=timezone.now() - timedelta(days=1))
        page = f"/admin/delivery/paypolicy/{begun.pk}/change/"
        assert client.post(page, {"base_paise": "1"}).status_code == 403
        fields = {name: getattr(begun, name) for name in begun.rates.__slots__} | {"note": "x"}
        for days, made in ((-1, 1), (1, 2)):
            at = timezone.localtime(timezone.now() + timedelta(days=days))
            when = {"starts_at_0": f"{at:%Y-%m-%d}", "starts_at_1": f"{at:%H:%M:%S}"}
            client.post("/admin/delivery/paypolicy/add/", fields | when)
            assert PayPolicy.objects.count() == made

    def test_a_deduction_is_asked_told_and_upheld_by_somebody_else(self, client, rode):
        asker = office("add_deduction", "decide_deduction", "view_rider")
        client.force_login(asker)
        form = {"rider": rode.rider_id, "rupees": "7", "reason": "Lost bag", "evidence": "T-1"}
        assert client.post("/admin/delivery/deduction/add/", form | {"evidence": ""}).status_code == 200
        client.post("/admin/delivery/deduction/add/", form)
        one = Deduction.objects.get()
        assert (one.amount_paise, one.made_by) == (700, f"user:{asker.pk}")
        deductions.dispute_deduction(deduction_id=one.pk, rider_id=rode.rider_id, words="No", now=timezone.now())
        act = {"action": "uphold", "_selected_action": [str(one.pk)]}
        sure = act | {"confirmed": "yes", "words": "Camera"}
        assert "They are taken off" in client.post("/admin/delivery/deduction/", act).content.decode()
        client.post("/admin/delivery/deduction/", sure)
        assert Deduction.objects.get().state == "disputed", "not by who asked"
        client.force_login(office("decide_deduction", phone="+919999999997"))
        client.post("/admin/delivery/deduction/", sure)
        assert Deduction.objects.get().state == "upheld"

    def test_who_may_not_decide_decides_nothing(self, client, rode):
        one = deductions.ask_deduction(rider_id=rode.rider_id, actor="user:1", now=NOW, **ASKED)
        client.force_login(office("view_deduction"))
        act = {"action": "drop", "_selected_action": [str(one.pk)], "confirmed": "yes", "words": "x"}
        client.post("/admin/delivery/deduction/", act)
        assert Deduction.objects.get().state == "told"
        assert client.get("/admin/delivery/deduction/add/").status_code == 403

    def test_a_review_is_decided_with_a_gift(self, client, rode):
        review = PayReview.objects.create(kind="detour", rider=rode.rider, key="x", opened_at=NOW, facts={"a": 1})
        client.force_login(office("close_payreview"))
        act = {"action": "close", "_selected_action": [review.pk], "confirmed": "yes", "rupees": "9", "words": "Bridge"}
        client.post("/admin/delivery/payreview/", act)
        assert Adjustment.objects.get().amount_paise == 900

    def test_a_clerk_takes_only_the_cash_of_the_own_store(self, client, rode):
        carrying(rode.rider, 5_000)
        clerk = office("hand_in_cash")
        client.force_login(clerk)
        page = f"/admin/delivery/cashinhand/{rode.rider_id}/change/"
        form = {"amount": "20", "said": "25", "receipt": "R1", "confirmed": "yes"}
        StoreMembership.objects.create(user=clerk, store=make_store("BLR-X"))
        assert client.post(page, form).status_code == 404 and not CashReceipt.objects.exists()
        StoreMembership.objects.create(user=clerk, store=rode.rider.store)
        assert client.post(page, form).status_code == 302
        assert (CashReceipt.objects.get().amount_paise, PayReview.objects.get().kind) == (2_000, "cash")

    def test_a_failed_payout_is_sent_again_and_the_lists_open(self, client, week):
        payout = Payout.objects.get()
        Payout.objects.update(state=PayoutState.FAILED, next_try_at=None)
        client.force_login(User.objects.create_superuser("+919999999990", name="Root"))
        act = {"action": "send_again", "_selected_action": [str(payout.pk)]}
        client.post("/admin/payments/payout/", act)
        assert Payout.objects.get().state == PayoutState.SENT
        Rider.objects.update(rating_count=20, rating_sum=100)
        for name in ("weekstatement", "riderscore", "campaign", "paysurge", "cashlimit", "cashreceipt", "adjustment"):
            assert client.get(f"/admin/delivery/{name}/").status_code == 200, name
        assert WeekStatement.objects.count() == 1
        assert client.get(f"/admin/delivery/weekstatement/{week.pk}/change/").status_code == 200
        assert money.due_payouts(now=MONDAY, limit=1) == []
