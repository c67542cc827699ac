"""Whatever happens to wallets in whatever order: never below zero, and the books agree."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.tests.factories import UserFactory
from blinkit.kernel.errors import Refusal
from blinkit.kernel.ids import uuid7
from catalog.tests.factories import NOW
from payments import queries, services
from payments.models import Payment, Wallet, WalletLot

pytestmark = pytest.mark.django_db

PAISE = st.integers(1, 5_000)
PICK = st.integers(0, 3)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("credit"), PAISE, PICK),
        st.tuples(st.just("pay"), PAISE, PICK),
        st.tuples(st.just("lower"), PAISE, PICK),
        st.tuples(st.just("to_wallet"), PAISE, PICK),
        st.tuples(st.just("collect"), PAISE, PICK),
        st.tuples(st.just("cancel"), PAISE, PICK),
        st.tuples(st.just("wait"), st.integers(1, 40), PICK),
        st.tuples(st.just("sweep"), PAISE, PICK),
    ),
    max_size=30,
)


@given(steps=STEPS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_books_agree_after_anything(steps):
    user, now, refs = UserFactory(), NOW, []
    for number, (act, paise, pick) in enumerate(steps):
        ref = refs[pick % len(refs)] if refs else None
        try:
            if act == "credit":
                ends = None if pick == 0 else now + timedelta(days=10 * pick)
                services.credit_wallet(
                    customer_id=user.pk, amount_paise=paise, source="cashback", key=f"{user.pk}:{number}", reason="T",
                    expires_at=ends, now=now,
                )  # fmt: skip
            elif act == "pay":
                new = uuid7()
                taken = services.take_from_wallet(
                    customer_id=user.pk, ref=new, most_paise=paise, memo="Order T", now=now
                )
                rest = 0 if pick == 0 else pick * 500
                method = "cod" if rest or not taken else "wallet"
                services.open_payment(
                    ref=new, customer_id=user.pk, amount_paise=rest, method=method, wallet_paise=taken, due_by=None,
                    now=now,
                )  # fmt: skip
                refs.append(new)
            elif act == "wait":
                now += timedelta(days=paise)
            elif act == "sweep":
                services.sweep_expired(now=now)
            elif ref is not None and act == "collect":
                due = Payment.objects.get(ref=ref).amount_paise
                if due:
                    services.collect_cash(ref=ref, rider_ref=7, amount_paise=due, now=now)
            elif ref is not None and act == "cancel":
                services.cancel(ref=ref, reason="c", now=now)
            elif ref is not None:
                services.lower_amount(
                    ref=ref, by_paise=paise, reason="l", key=f"{ref}:{pick}", to_wallet=act == "to_wallet", now=now
                )
        except Refusal:
            pass
        assert queries.audit() == []
    balance = sum(Wallet.objects.filter(customer=user).values_list("balance_paise", flat=True))
    spendable = queries.wallet_of(user.pk, now=now).balance_paise
    assert 0 <= spendable <= balance
    expired = WalletLot.objects.filter(wallet_id=user.pk, left_paise__gt=0, expires_at__lte=now)
    assert balance - spendable == sum(expired.values_list("left_paise", flat=True))
    for payment in Payment.objects.filter(customer=user):
        assert payment.refunded_paise <= payment.captured_paise
        assert payment.wallet_returned_paise <= payment.wallet_paise
