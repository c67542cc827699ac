"""Statements, targets and deductions: counted from rows, once, frozen, and nothing is taken silently."""

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from blinkit.kernel.errors import Conflict, Invalid
from blinkit.kernel.events import timeline
from catalog.tests.factories import NOW
from delivery.errors import DeductionFinal, NoSuchDeduction, ReasonMissing, ReviewClosed, SamePerson
from delivery.models import (
    Adjustment,
    Campaign,
    CampaignReward,
    Deduction,
    DeductionState,
    PayPolicy,
    PayReview,
    Rider,
    WeekStatement,
)
from delivery.paying import PARTS
from delivery.services import deductions, targets, weeks
from delivery.tests.factories import rider
from delivery.tests.paying import MONDAY, WEEK, carrying, delivered, earned
from orders.queries.books import audit as audit_orders
from payments import ledger
from payments import queries as books
from payments import services as money
from payments.gateways.bank import SandboxBank
from payments.models import Payout, PayoutState, SandboxPayout, Transfer

pytestmark = pytest.mark.django_db
TOLD = {"reason": "A bag was lost", "evidence": "Order T-1, no proof of delivery", "actor": "user:1"}


def lost_bag(who, paise=3_000, *, now=NOW):
    return deductions.ask_deduction(rider_id=who, amount_paise=paise, now=now, **TOLD)


def issue(who, *, now=MONDAY, week=WEEK):
    return weeks.issue_week(rider_id=who, week=week, now=now)


class TestTheWeek:
    def test_adds_up_by_part_with_tips_targets_adjustments_and_cash(self):
        earning = delivered(tip_paise=2_000)
        who = earning.rider_id
        hours = {"starts_at": NOW - timedelta(hours=1), "ends_at": NOW + timedelta(hours=1)}
        Campaign.objects.create(name="Friday", deliveries=1, reward_paise=15_000, **hours)
        deductions.adjust(rider_id=who, amount_paise=700, reason="Road works", key="k", actor="user:1", now=NOW)
        carrying(earning.rider, 500, now=NOW)
        money.deposit_cash(rider_ref=who, amount_paise=400, key="R1", now=NOW)
        assert weeks.issue_statements(now=MONDAY) == 1
        week = WeekStatement.objects.get()
        assert (week.week, week.deliveries, week.tips_paise, week.targets_paise, week.added_paise) == (
            WEEK, 1, 2_000, 15_000, 700,
        )  # fmt: skip
        assert week.earned_paise + week.tips_paise == earning.total_paise == sum(week.parts.values())
        assert week.payout_paise == earning.total_paise + 15_700
        order = earning.stop.job.order
        assert week.cash_collected_paise == order.cash_due_paise + 500
        assert (week.cash_handed_in_paise, week.cash_after_paise) == (400, books.cash_in_hand(who))
        assert [line["kind"] for line in week.lines] == ["target", "added"]
        assert sum(day["total_paise"] for day in week.days) == earning.total_paise
        assert week.metres["routed"] == week.metres["paid"] > 0 == week.metres["ridden"]
        assert ledger.balance(ledger.pay_account(who)) == -week.payout_paise
        assert (ledger.balance(ledger.TIPS), ledger.balance(ledger.RIDER_PAY)) == (0, week.payout_paise - 2_000)
        assert books.audit() == [] == audit_orders()

    def test_again_is_nothing_and_an_empty_week_or_a_running_one_has_none(self):
        who = delivered().rider_id
        assert issue(who, now=MONDAY - timedelta(seconds=1)) is None
        assert weeks.issue_statements(now=NOW) == 0
        assert weeks.issue_statements(now=MONDAY) == 1
        assert weeks.issue_statements(now=MONDAY) == weeks.issue_statements(now=MONDAY + timedelta(days=14)) == 0
        assert Payout.objects.count() == Transfer.objects.filter(kind="week").count() == 1

    def test_a_missed_week_is_made_up_for(self):
        delivered()
        assert weeks.issue_statements(now=MONDAY + timedelta(weeks=3)) == 1
        assert WeekStatement.objects.get().week == WEEK

    def test_sundays_last_minute_and_mondays_first_are_two_weeks(self):
        earning = delivered(now=MONDAY - weeks.SETTLE_FOR - timedelta(seconds=1))
        earned(earning, 4_000, every=timedelta(seconds=1))
        issue(earning.rider_id, now=MONDAY + timedelta(days=7))
        issue(earning.rider_id, now=MONDAY + timedelta(days=7), week=WEEK + timedelta(days=7))
        assert [week.earned_paise for week in WeekStatement.objects.order_by("week")] == [earning.total_paise, 4_000]

    @pytest.mark.parametrize("act", ["update", "delete"])
    def test_is_frozen_by_the_database(self, act):
        statement = issue(delivered().rider_id)
        rows = WeekStatement.objects.filter(pk=statement.pk)
        with pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
            rows.update(deliveries=9) if act == "update" else rows._raw_delete(rows.db)

    def test_an_hour_on_duty_earns_at_least_what_the_policy_promises(self):
        earning = delivered()
        PayPolicy.objects.create(starts_at=NOW, hour_least_paise=10_000)
        Rider.objects.get().shifts.update(ended_at=NOW + timedelta(hours=2))
        week = issue(earning.rider_id)
        assert week.added_paise == 20_000 - week.earned_paise
        assert week.lines == [{"kind": "hours", "text": "2.0", "paise": week.added_paise, "at": week.lines[0]["at"]}]


class TestPayout:
    def owed(self):
        issue(delivered().rider_id)
        return Payout.objects.get()

    def test_is_sent_once_and_booked_when_it_arrived(self, time_machine):
        payout = self.owed()
        for minutes in (0, 0, 1, 3, 9):
            at = MONDAY + timedelta(minutes=minutes)
            time_machine.move_to(at)
            for due in money.due_payouts(now=at, limit=9):
                money.send_payout(payout_id=due, now=at)
        payout.refresh_from_db()
        assert (payout.state, SandboxPayout.objects.count()) == (PayoutState.DONE, 1)
        assert ledger.balance(ledger.BANK) == -payout.amount_paise
        assert ledger.balance(ledger.pay_account(payout.rider_ref)) == 0
        assert books.audit() == []

    def test_a_bank_that_refuses_is_asked_again_later_by_the_sweep(self, monkeypatch):
        payout = self.owed()

        def refuse(self, **_):
            raise Conflict("The account is closed.")

        with monkeypatch.context() as patch:
            patch.setattr(SandboxBank, "pay", refuse)
            money.send_payout(payout_id=payout.pk, now=MONDAY)
        payout.refresh_from_db()
        assert (payout.state, payout.why_failed) == (PayoutState.FAILED, "The account is closed.")
        assert money.due_payouts(now=MONDAY, limit=9) == []
        assert money.due_payouts(now=payout.next_try_at, limit=9) == [payout.pk]
        money.send_payout(payout_id=payout.pk, now=payout.next_try_at)
        assert Payout.objects.get().state == PayoutState.SENT
        assert books.audit() == []


class TestTargets:
    def campaign(self, **more):
        hours = {"starts_at": NOW, "ends_at": NOW + timedelta(hours=4)}
        return Campaign.objects.create(**({"name": "Noon", "deliveries": 3, "reward_paise": 15_000} | hours | more))

    def test_is_paid_once_at_the_delivery_it_took(self):
        self.campaign()
        earning = delivered()
        earned(earning, 100)
        assert targets.pay_targets(now=NOW) == 0
        earned(earning, 100, 100, every=timedelta(hours=1.5))
        assert [targets.pay_targets(now=MONDAY) for _ in range(3)] == [1, 0, 0]
        reward = CampaignReward.objects.get()
        assert (reward.amount_paise, reward.earned_at) == (15_000, NOW + timedelta(hours=1.5))
        assert [row.code for row in timeline(f"rider:{earning.rider_id}")].count("delivery.TargetReached") == 1

    @pytest.mark.parametrize("other", [{"vehicle": "scooter"}, {"starts_at": NOW + timedelta(hours=1)}])
    def test_counts_only_its_own_vehicle_and_window(self, other):
        self.campaign(**({"deliveries": 1} | other))
        delivered()
        assert targets.pay_targets(now=MONDAY) == 0

    def test_counts_only_its_own_store(self):
        elsewhere = rider(delivered().rider.store)
        self.campaign(deliveries=1, store=elsewhere.store)
        assert targets.pay_targets(now=NOW) == 1

    def test_the_database_pays_a_rider_once(self):
        campaign, who = self.campaign(), delivered().rider
        row = {"campaign": campaign, "rider": who, "amount_paise": 1, "earned_at": NOW}
        CampaignReward.objects.create(**row)
        with pytest.raises(IntegrityError, match="campaign_pays_a_rider_once"):
            CampaignReward.objects.create(**row)


class TestDeductions:
    def test_needs_a_reason_evidence_and_a_sum(self):
        who = delivered().rider_id
        for wrong, refusal in (({"reason": " "}, ReasonMissing), ({"evidence": ""}, ReasonMissing)):
            with pytest.raises(refusal):
                deductions.ask_deduction(rider_id=who, amount_paise=1, now=NOW, **(TOLD | wrong))
        with pytest.raises(Invalid):
            lost_bag(who, 0)
        assert not Deduction.objects.exists()

    def test_does_not_count_before_the_rider_had_time_to_say_no(self):
        earning = delivered()
        asked = lost_bag(earning.rider_id, 1_000)
        assert "delivery.DeductionTold" in [row.code for row in timeline(f"rider:{earning.rider_id}")]
        assert issue(earning.rider_id).deducted_paise == 0, "told three days before the statement"
        earned(earning, 5_000, every=timedelta(days=7))
        week = issue(earning.rider_id, now=MONDAY + timedelta(days=7), week=WEEK + timedelta(days=7))
        assert (week.deducted_paise, week.payout_paise) == (1_000, 4_000)
        assert week.lines[0]["text"] == TOLD["reason"] and week.lines[0]["evidence"] == TOLD["evidence"]
        asked.refresh_from_db()
        assert asked.statement_id == week.pk
        assert ledger.balance(ledger.RIDER_DEDUCTIONS) == -1_000
        assert books.audit() == []
        with pytest.raises(DeductionFinal):
            deductions.dispute_deduction(deduction_id=asked.pk, rider_id=week.rider_id, words="No", now=NOW)

    def test_disputed_it_waits_for_somebody_else(self):
        earning = delivered()
        asked = lost_bag(earning.rider_id, 1_000, now=NOW - timedelta(days=6))
        mine = {"deduction_id": asked.pk, "rider_id": earning.rider_id}
        with pytest.raises(NoSuchDeduction):
            deductions.dispute_deduction(deduction_id=asked.pk, rider_id=earning.rider_id + 1, words="No", now=NOW)
        with pytest.raises(ReasonMissing):
            deductions.dispute_deduction(**mine, words=" ", now=NOW)
        for _ in range(2):
            deductions.dispute_deduction(**mine, words="It was at the door", now=NOW)
        assert issue(earning.rider_id).deducted_paise == 0
        decide = {"deduction_id": asked.pk, "counts": True, "words": "Camera", "now": MONDAY}
        with pytest.raises(SamePerson):
            deductions.decide_deduction(**decide, actor="user:1")
        deductions.decide_deduction(**decide, actor="user:2")
        earned(earning, 5_000, every=timedelta(days=7))
        week = issue(earning.rider_id, now=MONDAY + timedelta(days=7), week=WEEK + timedelta(days=7))
        assert week.deducted_paise == 1_000

    def test_dropped_it_never_counts(self):
        earning = delivered()
        asked = lost_bag(earning.rider_id, 1_000, now=NOW - timedelta(days=9))
        drop = {"deduction_id": asked.pk, "counts": False, "words": "Found", "actor": "user:1", "now": NOW}
        for _ in range(2):
            assert deductions.decide_deduction(**drop).state == DeductionState.DROPPED
        assert issue(earning.rider_id).deducted_paise == 0

    def test_no_more_than_half_is_taken_the_rest_waits_and_tips_are_never_touched(self):
        earning = delivered(tip_paise=9_000)
        for paise in (1_000, 5_000, 200):
            lost_bag(earning.rider_id, paise, now=NOW - timedelta(days=9))
        week = issue(earning.rider_id)
        assert (week.earned_paise // 2 >= week.deducted_paise, week.deducted_paise) == (True, 1_200)
        assert Deduction.objects.get(statement=None).amount_paise == 5_000

    def test_the_database_counts_none_that_is_disputed(self):
        statement = issue(delivered().rider_id)
        asked = lost_bag(statement.rider_id)
        with pytest.raises(IntegrityError, match="deduction_disputed_does_not_count"):
            Deduction.objects.filter(pk=asked.pk).update(state="disputed", statement=statement)


class TestReviews:
    def test_a_person_gives_once_or_nothing_with_a_reason(self):
        who = delivered().rider
        review = PayReview.objects.create(kind="detour", rider=who, key="x", opened_at=NOW)
        close = {"review_id": review.pk, "give_paise": 900, "actor": "user:1", "now": NOW}
        with pytest.raises(ReasonMissing):
            deductions.close_review(**close, outcome=" ")
        for _ in range(2):
            deductions.close_review(**close, outcome="The bridge is closed")
        with pytest.raises(ReviewClosed):
            deductions.close_review(**(close | {"give_paise": 1}), outcome="Again")
        assert (Adjustment.objects.get().amount_paise, issue(who.pk).added_paise) == (900, 900)


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_eight_sweeps_at_once_issue_and_owe_a_week_once(self, race):
        earning = delivered()
        lost_bag(earning.rider_id, 500, now=NOW - timedelta(days=9))
        made = race(8, lambda: weeks.issue_statements(now=MONDAY))
        assert sum(made) == WeekStatement.objects.count() == Payout.objects.count() == 1
        assert ledger.balance(ledger.pay_account(earning.rider_id)) == -WeekStatement.objects.get().payout_paise
        sent = race(8, lambda: money.send_payout(payout_id=Payout.objects.get().pk, now=MONDAY))
        assert sent == [None] * 8 and SandboxPayout.objects.count() == 1
        assert books.audit() == []

    def test_control_without_the_riders_lock_two_issue_it_and_the_database_refuses_one(self, race, monkeypatch):
        earning = delivered()
        monkeypatch.setattr(weeks, "lock_rider", lambda pk: Rider.objects.select_related("store").get(pk=pk))
        both = threading.Barrier(2, timeout=10)
        monkeypatch.setattr(weeks, "_hourly_promise", lambda *_: both.wait() and None)
        results = race(2, lambda: issue(earning.rider_id))
        assert sum("statement_once_per_rider_and_week" in str(one) for one in results) == 1, results
        assert WeekStatement.objects.count() == Payout.objects.count() == 1

    def test_eight_counts_at_once_pay_a_target_once(self, race):
        hours = {"starts_at": NOW, "ends_at": NOW + timedelta(hours=4)}
        Campaign.objects.create(name="Noon", deliveries=1, reward_paise=15_000, **hours)
        delivered()
        assert sum(race(8, lambda: targets.pay_targets(now=NOW))) == CampaignReward.objects.count() == 1


def test_every_part_of_pay_is_known_to_the_statement():
    assert set(issue(delivered().rider_id).parts) == set(PARTS)
