"""Settlement files: what a gateway paid out is matched, posted once, and what differs is named."""

import json
from datetime import datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from accounts.models import User
from blinkit.kernel.ids import uuid7
from catalog.tests.factories import NOW
from payments import ledger, queries, services
from payments.gateways import sandbox
from payments.models import Attempt, Entry, Payment, Refund, SettlementLine, Transfer
from payments.services import settlement
from payments.settlement_files import BadFile, read
from payments.tests.factories import online, paid, settle_refunds, start, tell

pytestmark = pytest.mark.django_db

COLUMNS = (
    "entity_id", "type", "debit", "credit", "amount", "currency", "fee", "tax", "settlement_id", "settled_at",
    "order_id", "order_receipt",
)  # fmt: skip
LATER = NOW + timedelta(days=2)


def attempt_of(payment: Payment) -> Attempt:
    return Attempt.objects.get(payment=payment)


def line(entity: str, paise: int, *, kind="payment", fee=None, tax=None, setl="setl_1", **more) -> dict[str, object]:
    """As Razorpay writes it, in paise: 2 % and 18 % GST on that."""
    back = kind == "refund"
    charged = fee if fee is not None else 0 if back else paise * 2 // 100
    gst = charged * 18 // 100 if tax is None else tax
    return {
        "entity_id": entity,
        "type": kind,
        "debit": paise if back else 0,
        "credit": 0 if back else paise - charged - gst,
        "amount": paise,
        "currency": "INR",
        "fee": charged + gst,
        "tax": gst,
        "settlement_id": setl,
        "settled_at": int(LATER.timestamp()),
    } | more


def as_csv(*lines, columns=COLUMNS) -> bytes:
    rows = [",".join(columns), *(",".join(str(one.get(name, "")) for name in columns) for one in lines)]
    return ("\n".join(rows) + "\n").encode()


def take(*lines, gateway="sandbox", unit="paise", now=LATER, **more) -> settlement.Outcome:
    return services.import_settlement(
        gateway=gateway, file=read(as_csv(*lines), gateway=gateway), unit=unit, now=now, **more
    )


def problems(outcome: settlement.Outcome) -> dict[str, str]:
    return {finding.line_id: finding.problem for finding in outcome.findings}


# -- what is posted ----------------------------------------------------------------------------------------------------


def test_a_payment_and_a_refund_go_from_the_gateway_to_the_bank_with_fee_and_gst():
    payment = paid(50_000)
    services.lower_amount(ref=payment.ref, by_paise=8_000, reason="short", key="k", now=NOW)
    settle_refunds()
    attempt, refund = attempt_of(payment), Refund.objects.get()
    outcome = take(line(attempt.gateway_ref, 50_000), line(refund.gateway_ref, 8_000, kind="refund"))
    assert outcome.findings == [] and (outcome.new, outcome.net_paise) == (2, 50_000 - 1_180 - 8_000)
    assert ledger.balance("bank") == 40_820
    assert (ledger.balance("fees:gateway:sandbox"), ledger.balance("gst:input")) == (1_000, 180)
    assert ledger.balance("gateway:sandbox") == 0
    assert {row.attempt_id or row.refund_id for row in SettlementLine.objects.all()} == {attempt.pk, refund.pk}
    assert set(Transfer.objects.filter(kind="settled").values_list("ref", flat=True)) == {payment.ref}
    assert queries.audit() == []


def test_a_second_import_changes_nothing_and_tells_the_same():
    attempt = attempt_of(paid(50_000))
    lines = (line(attempt.gateway_ref, 50_000), line("int_unknown", 700))
    first = take(*lines)
    before = (Transfer.objects.count(), Entry.objects.count(), SettlementLine.objects.count())
    again = take(*lines, now=LATER + timedelta(days=1))
    assert (Transfer.objects.count(), Entry.objects.count(), SettlementLine.objects.count()) == before
    assert (again.new, again.net_paise) == (0, 0)
    assert problems(again) == problems(first) == {"setl_1:int_unknown": "unknown"}


def test_our_own_receipt_names_an_attempt_too():
    attempt = attempt_of(paid(50_000))
    assert take(line("pay_theirs", 50_000, order_receipt=attempt.pk.hex)).findings == []
    assert SettlementLine.objects.get().attempt == attempt


# -- what differs ------------------------------------------------------------------------------------------------------


def test_each_difference_has_its_name():
    right, more, dear, sum_, twice = (attempt_of(paid(50_000)).gateway_ref for _ in range(5))
    started = start(online(50_000))
    outcome = take(
        line(right, 50_000),
        line(more, 50_100),
        line(dear, 50_000, fee=1_200),
        line(sum_, 50_000, credit=1),
        line(twice, 50_000),
        line(twice, 50_000, setl="setl_2"),
        line(right, 50_000),
        line(started, 50_000),
        line("int_unknown", 900),
        line("rfnd_unknown", 900, kind="refund"),
        line("adj_1", 300, kind="adjustment", fee=0, credit=0, debit=300),
    )
    assert problems(outcome) == {
        f"setl_1:{more}": "amount",
        f"setl_1:{dear}": "fee",
        f"setl_1:{sum_}": "sum",
        f"setl_2:{twice}": "twice",
        f"setl_1:{right}": "twice",
        f"setl_1:{started}": "amount",
        "setl_1:int_unknown": "unknown",
        "setl_1:rfnd_unknown": "unknown",
        "setl_1:adj_1": "unknown",
    }
    assert outcome.new == 10
    # Our five captures are cleared once each; what is not explained waits, and everything balances.
    assert ledger.balance("gateway:sandbox") == 0
    assert ledger.balance("suspense:sandbox") != 0
    assert ledger.balance("bank") == outcome.net_paise
    assert queries.audit() == []


def test_what_was_captured_long_ago_and_not_paid_out_is_missing():
    old, known = attempt_of(paid(50_000)), attempt_of(paid(60_000))
    refunded = paid(10_000)
    services.lower_amount(ref=refunded.ref, by_paise=10_000, reason="short", key="k", now=NOW)
    settle_refunds()
    lines = [line(known.gateway_ref, 60_000), line(attempt_of(refunded).gateway_ref, 10_000)]
    assert take(*lines, now=NOW + timedelta(days=2, hours=23)).findings == []
    outcome = take(*lines, now=NOW + timedelta(days=4))
    assert {finding.line_id for finding in outcome.findings} == {old.gateway_ref, Refund.objects.get().gateway_ref}
    assert {finding.problem for finding in outcome.findings} == {"missing"} and outcome.missing == 2


def test_money_nobody_wanted_is_known_when_it_is_paid_out():
    payment = online(50_000)
    intent = start(payment)
    services.cancel(ref=payment.ref, reason="c", now=NOW)
    sandbox.decide(intent_id=intent, outcome="pay", now=NOW)
    tell(NOW)
    settle_refunds()
    refund = Refund.objects.get()
    assert take(line(intent, 50_000), line(refund.gateway_ref, 50_000, kind="refund")).findings == []
    assert ledger.balance("gateway:sandbox") == 0 and queries.audit() == []


def test_the_database_refuses_to_settle_a_payment_twice():
    attempt = attempt_of(paid(50_000))
    take(line(attempt.gateway_ref, 50_000))
    with pytest.raises(DatabaseError, match="attempt_is_settled_once"), transaction.atomic():
        SettlementLine.objects.create(
            gateway="sandbox", line_id="other", settlement_id="s", settled_at=NOW, kind="payment", attempt=attempt,
            amount_paise=1, net_paise=1, imported_at=NOW,
        )  # fmt: skip


def test_a_line_changed_by_hand_is_named_by_the_audit():
    take(line(attempt_of(paid(50_000)).gateway_ref, 50_000))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE payments_settlementline SET net_paise = net_paise + 1")
    assert [found.what for found in queries.audit()] == ["a settlement line is not what the ledger says"]


# -- many lines --------------------------------------------------------------------------------------------------------


def many(count: int) -> list[dict[str, object]]:
    payment = online(1_000)
    attempts = [
        Attempt(
            id=uuid7(), payment=payment, gateway="sandbox", gateway_ref=f"int_{n}", state="stray",
            captured_paise=1_000 + n, created_at=NOW, settled_at=NOW,
        )
        for n in range(count)
    ]  # fmt: skip
    Attempt.objects.bulk_create(attempts)
    return [line(f"int_{n}", 1_000 + n) for n in range(count)]


def test_lines_cost_statements_by_the_thousand_and_not_by_the_line(monkeypatch, django_assert_max_num_queries):
    lines = many(600)
    take(lines[0])  # the accounts are there
    monkeypatch.setattr(settlement, "CHUNK", 200)
    with django_assert_max_num_queries(3 * 8 + 8):
        outcome = take(*lines)
    assert (outcome.new, outcome.findings) == (599, [])
    assert queries.audit() == []


# -- files as they come ------------------------------------------------------------------------------------------------


def in_rupees(one: dict[str, object]) -> dict[str, object]:
    money = ("debit", "credit", "amount", "fee", "tax")
    return one | {name: f"{int(one[name]) / 100:.2f}" for name in money}


def test_rupees_and_paise_are_told_apart():
    attempt = attempt_of(paid(50_000))
    one = line(attempt.gateway_ref, 50_000, fee=1_001, tax=180)
    assert read(as_csv(in_rupees(one)), gateway="razorpay").unit == "rupees"
    assert read(as_csv(one), gateway="razorpay").unit is None
    money = ("debit", "credit", "amount", "fee", "tax")
    headings = tuple(f"{name} (paise)" if name in money else name for name in COLUMNS)
    named = as_csv(one | {f"{name} (paise)": one[name] for name in money}, columns=headings)
    assert read(named, gateway="razorpay").unit == "paise"
    # Whole figures without a word: our own capture tells.
    whole = line(attempt.gateway_ref, 500, fee=10, tax=0)
    file = read(as_csv(whole), gateway="sandbox")
    outcome = services.import_settlement(gateway="sandbox", file=file, now=LATER)
    assert outcome.findings == [] and SettlementLine.objects.get().amount_paise == 50_000


def test_a_unit_that_nobody_can_tell_is_asked_for_and_nothing_is_written():
    file = read(as_csv(line("int_unknown", 500)), gateway="sandbox")
    with pytest.raises(BadFile, match="say --unit"):
        services.import_settlement(gateway="sandbox", file=file, now=LATER)
    assert not SettlementLine.objects.exists()


def test_marks_semicolons_thousands_and_indian_dates_are_read():
    attempt = attempt_of(paid(150_000))
    one = in_rupees(line(attempt.gateway_ref, 150_000)) | {"amount": "₹ 1,500.00", "settled_at": "04/03/2026 18:30:00"}
    text = as_csv(one).decode().replace("₹ 1,500.00", '"₹ 1,500.00"')
    for content in (b"\xef\xbb\xbf" + text.encode(), text.encode("utf-16")):
        (found,) = read(content, gateway="razorpay").lines
        assert found.figures.amount == 1_500
        assert found.settled_at == datetime(2026, 3, 4, 18, 30, tzinfo=ZoneInfo("Asia/Kolkata"))
    semicolons = text.replace('"₹ 1,500.00"', "1500.00").replace(",", ";")
    assert read(semicolons.encode(), gateway="razorpay").lines[0].figures.amount == 1_500


def test_what_is_not_paid_out_yet_and_sums_are_left_out():
    attempt = attempt_of(paid(50_000))
    file = read(
        as_csv(line(attempt.gateway_ref, 50_000), line("int_2", 1, setl=""), line("setl_1", 1, kind="settlement")),
        gateway="razorpay",
    )
    assert (len(file.lines), file.skipped) == (1, 2)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty."),
        (b"\x00\x01\x02", "not a CSV file"),
        (b"\xff\xfa\xfb", "not a text file"),
        (b"a,b\n1,2\n", "the columns entity_id, type, debit"),
        (as_csv(line("x", 1), columns=COLUMNS[1:]), "the column entity_id is missing"),
        (as_csv(line("x", 1, amount="abc")), "Row 2: “abc” in amount is not an amount."),
        (as_csv(line("x", 1, amount="1.005")), "Row 2: “1.005” in amount has parts of a paisa."),
        (as_csv(line("x", 1), line("y", 1, amount="NaN")), "Row 3: “NaN” in amount is not an amount."),
        (as_csv(line("x", 1, settled_at="soon")), "Row 2: “soon” is not a time."),
        (as_csv(line("", 1)), "Row 2 has no id."),
        (as_csv(line("x" * 99, 1)), "is too long"),
        (as_csv(line("x", 1, currency="USD")), "Row 2 is in USD"),
        (as_csv(line("x", 1, order_receipt="a,b,c")), "Row 2 has 14 cells, the header 12."),
        (as_csv(line("x", 1), columns=(*COLUMNS, "amount")), "The column amount is there twice."),
    ],
)
def test_a_dirty_file_is_a_sentence_and_nothing_is_written(content, sentence, tmp_path):
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    with pytest.raises(CommandError, match=None) as refused:
        call_command("reconcile_settlement", str(path), gateway="razorpay", stdout=StringIO())
    assert sentence in str(refused.value)
    assert not SettlementLine.objects.exists()


def test_a_file_that_is_not_there_is_a_sentence():
    with pytest.raises(CommandError, match="can't be read: No such file"):
        call_command("reconcile_settlement", "/nowhere.csv", gateway="stripe", stdout=StringIO())


# -- Stripe ------------------------------------------------------------------------------------------------------------

STRIPE = (
    "balance_transaction_id", "created_utc", "currency", "gross", "fee", "net", "reporting_category", "source_id",
    "charge_id", "payment_intent_id", "automatic_payout_id", "automatic_payout_effective_at", "description",
)  # fmt: skip


def stripe_line(number: int, gross: str, fee: str, net: str, category: str, **ids) -> dict[str, object]:
    return {
        "balance_transaction_id": f"txn_{number}", "currency": "inr", "gross": gross, "fee": fee, "net": net,
        "reporting_category": category, "automatic_payout_id": "po_1",
        "automatic_payout_effective_at": "2026-03-04 00:00:00",
    } | ids  # fmt: skip


def test_a_stripe_report_is_matched_by_its_payment_intent():
    payment = paid(50_000)
    services.lower_amount(ref=payment.ref, by_paise=8_000, reason="short", key="k", now=NOW)
    settle_refunds()
    Attempt.objects.update(gateway="stripe", gateway_ref="pi_1")
    Refund.objects.update(gateway_ref="re_1")
    content = as_csv(
        stripe_line(1, "500.00", "11.80", "488.20", "charge", source_id="ch_1", payment_intent_id="pi_1"),
        stripe_line(2, "-80.00", "0.00", "-80.00", "refund", source_id="re_1", charge_id="ch_1"),
        stripe_line(3, "-408.20", "0.00", "-408.20", "payout", source_id="po_1"),
        stripe_line(4, "-20.00", "0.00", "-20.00", "dispute", source_id="dp_1"),
        columns=STRIPE,
    )
    outcome = services.import_settlement(gateway="stripe", file=read(content, gateway="stripe"), now=LATER)
    assert problems(outcome) == {"txn_4": "unknown"}
    assert ledger.balance("bank") == 48_820 - 8_000 - 2_000
    assert ledger.balance("suspense:stripe") == 2_000
    assert set(SettlementLine.objects.values_list("word", "kind")) == {
        ("charge", "payment"), ("refund", "refund"), ("dispute", "other"),
    }  # fmt: skip


# -- the command and the screens ---------------------------------------------------------------------------------------


def run(path, *args):
    out, code = StringIO(), 0
    try:
        call_command("reconcile_settlement", str(path), "--gateway", "sandbox", "--unit", "paise", *args, stdout=out)
    except SystemExit as stop:
        code = stop.code
    return code, out.getvalue()


def test_the_command_says_what_differs_and_ends_with_one(tmp_path):
    attempt = attempt_of(paid(50_000))
    path = tmp_path / "file.csv"
    path.write_bytes(as_csv(line(attempt.gateway_ref, 50_000)))
    code, said = run(path, "--after-days", "4000")
    assert code == 0 and "Nothing differs." in said
    assert json.loads(said.splitlines()[-1])["into_bank_paise"] == 48_820
    path.write_bytes(as_csv(line(attempt.gateway_ref, 50_000), line("int_x", 700)))
    code, said = run(path, "--after-days", "4000")
    assert code == 1 and "No payment of ours" in said
    figures = json.loads(said.splitlines()[-1])
    assert (figures["new"], figures["differences"], figures["by_problem"]) == (1, 1, {"unknown": 1})


def test_the_lines_can_be_looked_at_and_filtered(client, django_assert_max_num_queries):
    client.force_login(User.objects.create_superuser("+917000000000", "x"))
    attempt = attempt_of(paid(50_000))
    take(line(attempt.gateway_ref, 50_000), line("int_x", 700))
    url = reverse("admin:payments_settlementline_changelist")
    with django_assert_max_num_queries(10):
        page = client.get(url).content.decode()
    assert "int_x" in page and attempt.gateway_ref in page
    page = client.get(url, {"differs": "any"}).content.decode()
    assert "int_x" in page and f"setl_1:{attempt.gateway_ref}" not in page
    assert "int_x" not in client.get(url, {"differs": "fee"}).content.decode()
    one = reverse("admin:payments_settlementline_change", args=[SettlementLine.objects.first().pk])
    assert client.get(one).status_code == 200 and client.post(one, {}).status_code == 403


def test_the_lines_are_not_for_everybody(client):
    client.force_login(User.objects.create_user("+917000000001", name="Staff", is_staff=True))
    assert client.get(reverse("admin:payments_settlementline_changelist")).status_code == 403
