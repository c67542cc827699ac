"""Credit in, spent oldest-ending first, expired, paid back: and the books agree after all of it."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from accounts.tests.factories import UserFactory
from blinkit.kernel.errors import Invalid
from blinkit.kernel.ids import uuid7
from blinkit.kernel.models import Event
from catalog.tests.factories import NOW
from payments import ledger, queries, services
from payments.errors import PaymentClosed, RefundTooLarge, TooMuchGoodwill, WalletChanged
from payments.models import Payment, PaymentState, Refund, Transfer, Wallet, WalletLot, WalletSpent
from payments.services import settling, wallet
from payments.tests.factories import DUE_BY, sandbox, settle_refunds, start, tell

pytestmark = pytest.mark.django_db


def credit(user, paise, *, days=None, source="cashback", key=None, now=NOW):
    ends = None if days is None else NOW + timedelta(days=days)
    return services.credit_wallet(
        customer_id=user.pk, amount_paise=paise, source=source, key=key or str(uuid7()), reason="Order T-1",
        expires_at=ends, now=now,
    )  # fmt: skip


def take(user, paise, *, ref=None, now=NOW, **more):
    return services.take_from_wallet(
        customer_id=user.pk, ref=ref or uuid7(), most_paise=paise, memo="Order T-2", now=now, **more
    )


def payment_of(user, rest_paise, wallet_paise, *, method="online"):
    """A payment of which the wallet has paid a part."""
    ref = uuid7()
    assert take(user, wallet_paise, ref=ref) == wallet_paise
    return services.open_payment(
        ref=ref, customer_id=user.pk, amount_paise=rest_paise, method=method, wallet_paise=wallet_paise,
        due_by=DUE_BY if method == "online" else None, now=NOW,
    )  # fmt: skip


def pay_online(payment):
    sandbox.decide(intent_id=start(payment), outcome="pay", now=NOW)
    tell(NOW)
    payment.refresh_from_db()
    assert payment.state == "captured"


def balance(user):
    return queries.wallet_of(user.pk, now=NOW).balance_paise


def test_credit_is_given_once_per_key_and_the_customer_is_told():
    user = UserFactory()
    assert credit(user, 4_000, days=90, key="cashback:1")
    assert not credit(user, 4_000, days=90, key="cashback:1")
    assert balance(user) == Wallet.objects.get(customer=user).balance_paise == 4_000
    assert ledger.balance(f"wallet:{user.pk}") == -4_000
    assert ledger.balance("promotions") == 4_000
    told = Event.objects.get(code="payments.WalletCredited")
    assert (told.subject, told.payload["source"]) == (f"user:{user.pk}", "cashback")
    assert queries.audit() == []


def test_what_ends_first_is_spent_first_and_what_never_ends_last():
    user = UserFactory()
    credit(user, 1_000, key="never", source="goodwill")
    credit(user, 1_000, days=60, key="late")
    credit(user, 1_000, days=30, key="soon")
    assert take(user, 1_500) == 1_500
    left = dict(WalletLot.objects.values_list("key", "left_paise"))
    assert left == {"never": 1_000, "late": 500, "soon": 0}
    assert take(user, 9_999) == 1_500
    assert take(user, 9_999) == 0
    assert queries.audit() == []


def test_credit_that_cannot_end_does_not_hold_up_other_wallets(monkeypatch):
    users = [UserFactory(), UserFactory()]
    for user in users:
        credit(user, 1_000, days=1)
    act = wallet._expire

    def expire(wallet_id, lot_id, *, now):
        if wallet_id == users[0].pk:
            raise RuntimeError("This one breaks.")
        return act(wallet_id, lot_id, now=now)

    monkeypatch.setattr(wallet, "_expire", expire)
    assert services.sweep_expired(now=NOW + timedelta(days=1)) == 1
    assert list(Wallet.objects.order_by("pk").values_list("balance_paise", flat=True)) == [1_000, 0]


def test_expired_credit_is_no_money_even_before_the_sweep_and_goes_back_to_what_paid_it():
    user = UserFactory()
    credit(user, 1_000, days=1)
    later = NOW + timedelta(days=1)
    assert queries.wallet_of(user.pk, now=later).balance_paise == 0
    assert take(user, 500, now=later) == 0
    assert services.sweep_expired(now=later) == 1
    assert services.sweep_expired(now=later) == 0
    assert Wallet.objects.get().balance_paise == ledger.balance("promotions") == 0
    assert queries.audit() == []


def test_another_sum_than_was_shown_is_refused_and_nothing_is_written():
    user = UserFactory()
    credit(user, 1_000)
    with pytest.raises(WalletChanged) as refused:
        take(user, 5_000, shown_paise=2_000)
    assert refused.value.extra == {"wallet_paise": 1_000}
    assert not Transfer.objects.filter(kind="wallet").exists()
    assert take(user, 5_000, shown_paise=1_000) == 1_000


def test_the_database_refuses_a_wallet_below_zero():
    user = UserFactory()
    credit(user, 1_000)
    with pytest.raises(IntegrityError, match="wallet_balance_not_negative"), transaction.atomic():
        Wallet.objects.update(balance_paise=-1)


# -- goodwill ---------------------------------------------------------------------------------------------------------


def goodwill(user, paise=20_000, *, key="form-1", reason="Late and cold", now=NOW):
    return services.give_goodwill(
        customer_id=user.pk, amount_paise=paise, reason=reason, actor="user:1", key=key, now=now
    )


def test_goodwill_has_a_reason_an_actor_and_a_limit():
    user = UserFactory()
    assert goodwill(user)
    assert not goodwill(user)  # the same form sent twice
    lot = WalletLot.objects.get()
    assert (lot.reason, lot.actor, lot.expires_at) == ("Late and cold", "user:1", None)
    assert ledger.balance("goodwill") == 20_000
    with pytest.raises(TooMuchGoodwill) as refused:
        goodwill(user, 50_001, key="2")
    assert refused.value.extra == {"most_paise": 50_000}
    goodwill(user, 50_000, key="3")
    with pytest.raises(TooMuchGoodwill) as refused:
        goodwill(user, 30_001, key="4")
    assert refused.value.extra == {"most_paise": 30_000}
    with pytest.raises(Invalid):
        goodwill(user, 1_000, key="5", reason=" ")
    assert balance(user) == 70_000
    assert goodwill(user, 40_000, key="6", now=NOW + timedelta(days=31))


# -- back to its sources ----------------------------------------------------------------------------------------------


def test_a_refund_goes_to_the_gateway_first_and_to_the_wallet_for_what_is_left():
    user = UserFactory()
    credit(user, 4_000, days=5)
    payment = payment_of(user, 6_000, 4_000)
    pay_online(payment)

    def lower(paise, key):
        return services.lower_amount(ref=payment.ref, by_paise=paise, reason="short", key=key, now=NOW)

    assert lower(5_000, "a") == 5_000
    assert balance(user) == 0
    assert lower(3_000, "b") == 3_000  # 1,000 to the gateway, 2,000 to the wallet
    assert lower(3_000, "b") == 3_000
    payment.refresh_from_db()
    assert (payment.refunded_paise, payment.wallet_returned_paise, balance(user)) == (6_000, 2_000, 2_000)
    with pytest.raises(RefundTooLarge) as refused:
        lower(2_001, "c")
    assert refused.value.extra == {"left_paise": 2_000}
    services.cancel(ref=payment.ref, reason="changed mind", now=NOW)
    services.cancel(ref=payment.ref, reason="changed mind", now=NOW)
    assert balance(user) == 4_000
    assert not services.refund_settled(payment.ref)  # the gateway's part is on its way
    settle_refunds()
    assert services.refund_settled(payment.ref)
    assert ledger.balance("orders:prepaid") == ledger.balance("gateway:sandbox") == 0
    assert queries.audit() == []
    words = [line.text for line in services.statement(payment.ref)]
    assert "Paid from the wallet" in words and "Back in the wallet: changed mind" in words


def test_an_unpaid_rest_falls_away_before_the_wallet_gets_anything_back():
    user = UserFactory()
    credit(user, 4_000)
    payment = payment_of(user, 6_000, 4_000, method="cod")
    assert services.lower_amount(ref=payment.ref, by_paise=5_000, reason="short", key="a", now=NOW) == 0
    assert services.lower_amount(ref=payment.ref, by_paise=2_500, reason="short", key="b", now=NOW) == 1_500
    assert services.lower_amount(ref=payment.ref, by_paise=2_500, reason="short", key="b", now=NOW) == 1_500
    payment.refresh_from_db()
    assert (payment.amount_paise, payment.state, balance(user)) == (0, PaymentState.CAPTURED, 1_500)
    services.cancel(ref=payment.ref, reason="nobody there", now=NOW)
    assert balance(user) == 4_000
    assert queries.audit() == []


def test_a_key_that_lowered_an_open_payment_lowers_nothing_more_once_it_is_paid():
    user = UserFactory()
    payment = services.open_payment(
        ref=uuid7(), customer_id=user.pk, amount_paise=6_000, method="cod", due_by=None, now=NOW
    )

    def lower():
        return services.lower_amount(ref=payment.ref, by_paise=1_000, reason="short", key="short:1", now=NOW)

    assert lower() == 0
    services.collect_cash(ref=payment.ref, rider_ref=7, amount_paise=5_000, now=NOW)
    assert lower() == 0
    assert not Refund.objects.exists() and balance(user) == 0
    assert queries.audit() == []


def test_what_was_spent_comes_back_as_the_credit_it_was_with_its_own_end():
    user = UserFactory()
    credit(user, 1_000, days=5)
    credit(user, 2_000, days=60, source="referral")
    payment = payment_of(user, 6_000, 2_500)
    services.cancel(ref=payment.ref, reason="Not paid in time", now=NOW)
    lots = WalletLot.objects.order_by("pk").values_list("source", "left_paise", "expires_at")
    assert list(lots) == [
        ("cashback", 1_000, NOW + timedelta(days=5)),
        ("referral", 2_000, NOW + timedelta(days=60)),
    ]
    assert services.sweep_expired(now=NOW + timedelta(days=61)) == 2
    assert ledger.balance("promotions") == 0
    assert queries.audit() == []


def test_a_part_comes_back_to_the_credit_that_ends_last_and_never_more_than_was_taken():
    user = UserFactory()
    credit(user, 1_000, days=5)
    credit(user, 1_000, source="goodwill")
    payment = payment_of(user, 0, 2_000, method="wallet")
    services.lower_amount(ref=payment.ref, by_paise=1_200, reason="short", key="a", now=NOW)
    lots = WalletLot.objects.order_by("pk")
    assert list(lots.values_list("left_paise", flat=True)) == [200, 1_000]
    services.cancel(ref=payment.ref, reason="no", now=NOW)
    assert list(lots.values_list("left_paise", flat=True)) == [1_000, 1_000]
    assert queries.audit() == []


def test_credit_that_ended_while_an_order_had_it_is_good_for_a_week_more_once():
    user, later = UserFactory(), NOW + timedelta(days=5)
    credit(user, 1_000, days=1)
    services.cancel(ref=payment_of(user, 6_000, 1_000).ref, reason="no store", now=later)
    lot = WalletLot.objects.get()
    assert (lot.left_paise, lot.expires_at) == (1_000, later + timedelta(days=7))

    again = payment_of(user, 6_000, 1_000)
    much_later = later + timedelta(days=8)
    services.cancel(ref=again.ref, reason="no store", now=much_later)
    assert queries.wallet_of(user.pk, now=much_later).balance_paise == 0
    assert services.sweep_expired(now=much_later) == 1
    assert ledger.balance("promotions") == 0
    assert queries.audit() == []


def test_credit_that_came_back_before_the_sweep_had_the_lock_is_not_swept():
    user = UserFactory()
    credit(user, 1_000, days=1)
    later = NOW + timedelta(days=2)
    services.cancel(ref=payment_of(user, 6_000, 1_000).ref, reason="no store", now=later)
    assert not wallet._expire(user.pk, WalletLot.objects.get().pk, now=later)
    assert queries.wallet_of(user.pk, now=later).balance_paise == 1_000


def test_what_comes_back_after_the_rest_has_ended_ends_once_more():
    user = UserFactory()
    credit(user, 1_000, days=1)
    payment = payment_of(user, 6_000, 700)
    assert services.sweep_expired(now=NOW + timedelta(days=2)) == 1
    services.cancel(ref=payment.ref, reason="no store", now=NOW + timedelta(days=2))
    assert queries.wallet_of(user.pk, now=NOW + timedelta(days=3)).balance_paise == 700
    assert services.sweep_expired(now=NOW + timedelta(days=10)) == 1
    assert ledger.balance("promotions") == 0
    assert queries.audit() == []


def test_credit_spent_before_it_was_written_down_comes_back_as_a_refund():
    user = UserFactory()
    credit(user, 1_000, days=5)
    payment = payment_of(user, 6_000, 1_000)
    WalletSpent.objects.all().delete()
    services.cancel(ref=payment.ref, reason="no", now=NOW)
    assert WalletLot.objects.get(source="refund").left_paise == 1_000
    assert queries.audit() == []


def test_cash_and_the_wallets_part_go_back_as_one_refund_told_once():
    user = UserFactory()
    credit(user, 4_000, days=5)
    payment = payment_of(user, 6_000, 4_000, method="cod")
    services.collect_cash(ref=payment.ref, rider_ref=7, amount_paise=6_000, now=NOW)
    for _ in range(2):
        assert services.lower_amount(ref=payment.ref, by_paise=8_000, reason="Claim", key="k", now=NOW) == 8_000
    assert Refund.objects.get().amount_paise == balance(user) == 8_000
    assert Event.objects.filter(code="payments.RefundCompleted").count() == 1
    assert dict(WalletLot.objects.filter(left_paise__gt=0).values_list("source", "left_paise")) == {
        "cashback": 2_000,
        "refund": 6_000,
    }
    payment.refresh_from_db()
    assert (payment.refunded_paise, payment.wallet_returned_paise) == (6_000, 2_000)
    assert queries.audit() == []


def test_cancelling_before_it_is_paid_gives_the_wallet_its_part_and_a_late_capture_goes_back_the_other_way():
    user = UserFactory()
    credit(user, 4_000)
    payment = payment_of(user, 6_000, 4_000)
    intent = start(payment)
    services.cancel(ref=payment.ref, reason="Not paid in time", now=NOW)
    services.cancel(ref=payment.ref, reason="Not paid in time", now=NOW)
    assert balance(user) == 4_000
    sandbox.decide(intent_id=intent, outcome="pay", now=NOW)
    tell(NOW)
    settle_refunds()
    assert balance(user) == 4_000
    assert ledger.balance("gateway:sandbox") == ledger.balance("strays:payable") == 0
    assert queries.audit() == []


def test_the_wallet_alone_pays_at_once_and_there_is_nothing_to_try():
    user = UserFactory()
    credit(user, 9_000)
    payment = payment_of(user, 0, 9_000, method="wallet")
    assert (payment.state, payment.captured_paise) == (PaymentState.CAPTURED, 0)
    with pytest.raises(PaymentClosed):
        start(payment)
    assert queries.audit() == []


def test_a_refund_may_be_sent_to_the_wallet_instead_and_no_source_gives_twice():
    user = UserFactory()
    credit(user, 1_000)
    payment = payment_of(user, 6_000, 1_000)
    pay_online(payment)

    def ask(paise, key):
        return services.lower_amount(ref=payment.ref, by_paise=paise, reason="Claim", key=key, to_wallet=True, now=NOW)

    assert ask(5_000, "claim:1") == ask(5_000, "claim:1") == 5_000
    assert balance(user) == 5_000
    assert not Refund.objects.exclude(state="done").exists()
    with pytest.raises(RefundTooLarge):
        ask(2_001, "claim:2")
    assert ask(2_000, "claim:3") == 2_000
    payment.refresh_from_db()
    assert (payment.refunded_paise, payment.wallet_returned_paise) == (6_000, 1_000)
    assert queries.audit() == []


def test_a_cash_order_refunded_to_the_wallet():
    user = UserFactory()
    payment = services.open_payment(
        ref=uuid7(), customer_id=user.pk, amount_paise=6_000, method="cod", due_by=None, now=NOW
    )
    services.collect_cash(ref=payment.ref, rider_ref=7, amount_paise=6_000, now=NOW)
    services.lower_amount(ref=payment.ref, by_paise=500, reason="Claim", key="k", to_wallet=True, now=NOW)
    assert (balance(user), ledger.balance("bank")) == (500, 0)
    assert queries.audit() == []


# -- proof ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("corruption", "finding"),
    [
        ("UPDATE payments_wallet SET balance_paise = balance_paise + 1", "a wallet is not what the ledger says"),
        ("UPDATE payments_walletlot SET left_paise = left_paise - 1", "a wallet is not the sum of its lots"),
        (
            "UPDATE payments_payment SET wallet_paise = wallet_paise + 1",
            "what the wallet paid is not what the ledger says",
        ),
        (
            "UPDATE payments_payment SET wallet_returned_paise = 1",
            "what came back to the wallet is not what the ledger says",
        ),
    ],
)
def test_the_audit_catches_a_corruption_by_hand(corruption, finding):
    user = UserFactory()
    credit(user, 5_000)
    payment_of(user, 6_000, 1_000)
    assert queries.audit() == []
    with connection.cursor() as cursor:
        cursor.execute(corruption)
    assert finding in {difference.what for difference in queries.audit()}
    with pytest.raises(SystemExit):
        call_command("audit_ledger", stdout=open("/dev/null", "w"))  # noqa: SIM115


def test_a_payment_without_wallet_asks_nothing_more(django_assert_num_queries):
    user = UserFactory()
    with django_assert_num_queries(1):
        services.open_payment(ref=uuid7(), customer_id=user.pk, amount_paise=6_000, method="cod", due_by=None, now=NOW)
    payment = Payment.objects.get()
    with django_assert_num_queries(4):  # savepoint, lock, update, release
        services.cancel(ref=payment.ref, reason="changed mind", now=NOW)
    assert settling.refunding.due_refunds(now=NOW, limit=5) == []
