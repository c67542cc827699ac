"""GSTR-1: the tables of a month are the sums of its documents, in so many statements whatever their number."""

import csv
import json
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Address
from catalog.tests.factories import NOW, ProductFactory
from orders import services
from orders.invoices import TaxDocument, TaxLine
from orders.invoicing.gstr1 import large_above_paise
from orders.invoicing.numbers import IST
from orders.models import Order
from orders.services.gstr1 import write_gstr1
from orders.services.invoices import keep_documents
from orders.states import Status
from orders.tests.factories import address, advance, customer, place_order, shop
from orders.tests.invoicing import GSTIN, supplier
from orders.tests.test_life import pay

pytestmark = pytest.mark.django_db
PARTS = ("taxable_paise", "cgst_paise", "sgst_paise", "igst_paise")


def sell(place, product, *, qty=1, pincode="560038", back=False) -> TaxDocument:
    """An invoice; with `back`, and a credit note of all of it."""
    user = customer()
    Address.objects.filter(pk=address(user).pk).update(pincode=pincode)
    an_order = place_order(user, place, {product: qty}, method="online")
    pay(an_order)
    services.confirm(order_id=an_order.pk, now=NOW)
    advance(an_order, Status.PICKED_UP)
    (document,) = keep_documents(order_id=an_order.pk, now=NOW)
    if back:
        services.undelivered(order_id=an_order.pk, reason="Nobody there", actor="rider:7", now=NOW)
        keep_documents(order_id=an_order.pk, now=NOW)
    return document


@pytest.fixture
def month(tmp_path):
    supplier()
    rice = ProductFactory(gst_bp=500, hsn="1006")
    milk = ProductFactory(gst_bp=0, hsn="0401", mrp_paise=3_333)
    phone = ProductFactory(gst_bp=1800, hsn="8517", mrp_paise=150_000_00)
    place = shop(rice, milk, phone, units=50)
    sell(place, rice, qty=3)
    sell(place, rice, qty=2, back=True)
    sell(place, milk, qty=3)
    sell(place, milk, pincode="620001")
    sell(place, rice, pincode="620001")
    sell(place, phone, pincode="620001")
    sell(place, phone, pincode="620001", back=True)
    sell(place, phone)  # large, but within the state
    return tmp_path


def table(folder, name) -> list[dict[str, str]]:
    with (folder / name).open(newline="") as rows:
        return list(csv.DictReader(rows))


def told(folder) -> dict:
    return json.loads((folder / "gstr1.json").read_text(), parse_float=Decimal, parse_int=Decimal)


def net(**where) -> dict[str, int]:
    sums = dict.fromkeys(PARTS, 0)
    for line in TaxLine.objects.filter(**where).select_related("document"):
        sign = -1 if line.document.is_credit_note else 1
        sums = {name: sums[name] + sign * getattr(line, name) for name in PARTS}
    return sums


def paise(amount) -> int:
    return int(Decimal(amount) * 100)


def test_the_tables_add_up_to_the_documents(month):
    write_gstr1(month="2026-11", gstin=GSTIN, into=month)
    data = told(month)
    assert (data["gstin"], data["fp"]) == (GSTIN, "112026")
    large = [item["itm_det"] for group in data["b2cl"] for one in group["inv"] for item in one["itms"]]
    credited = [item["itm_det"] for note in data["cdnur"] for item in note["itms"]]
    for key, name in (
        ("txval", "taxable_paise"),
        ("camt", "cgst_paise"),
        ("samt", "sgst_paise"),
        ("iamt", "igst_paise"),
    ):
        total = sum(paise(row.get(key, 0)) for row in [*data["b2cs"], *large])
        total -= sum(paise(row.get(key, 0)) for row in credited)
        assert total == net(gst_bp__gt=0)[name], key
    exempt = sum(paise(row["expt_amt"]) for row in data["nil"]["inv"])
    assert exempt == net(gst_bp=0)["taxable_paise"] == 3_333 * 4
    hsn = table(month, "hsn.csv")
    for column, name in (("Taxable Value", "taxable_paise"), ("Central Tax Amount", "cgst_paise"),
                         ("State/UT Tax Amount", "sgst_paise"), ("Integrated Tax Amount", "igst_paise")):  # fmt: skip
        assert sum(paise(row[column]) for row in hsn) == net()[name], column
    assert {row["HSN"]: row["Total Quantity"] for row in hsn}["8517"] == "2"
    assert {row["UQC"] for row in hsn if row["HSN"] == "996813"} <= {"NA"}


def test_each_document_is_in_its_table(month):
    write_gstr1(month="2026-11", gstin=GSTIN, into=month)
    data = told(month)
    assert {(row["pos"], row["rt"], row["sply_ty"]) for row in data["b2cs"]} == {
        ("29", 5, "INTRA"),
        ("29", 18, "INTRA"),
        ("33", 5, "INTER"),
        ("33", 18, "INTER"),
    }
    (group,) = data["b2cl"]
    assert (group["pos"], len(group["inv"])) == ("33", 2)
    assert {paise(one["val"]) > 1_00_000_00 for one in group["inv"]} == {True}
    (note,) = data["cdnur"]
    assert (note["typ"], note["ntty"], note["pos"]) == ("B2CL", "C", "33")
    assert {row["Place Of Supply"] for row in table(month, "b2cl.csv")} == {"33-Tamil Nadu"}
    assert table(month, "b2cl.csv")[0]["Invoice date"] == "20-Nov-26"
    nil = {row["sply_ty"]: paise(row["expt_amt"]) for row in data["nil"]["inv"]}
    assert nil == {"INTRAB2C": 9_999, "INTRB2C": 3_333}


def test_documents_issued_have_no_gap_and_none_is_cancelled(month):
    write_gstr1(month="2026-11", gstin=GSTIN, into=month)
    invoices, notes = table(month, "docs.csv")
    assert (invoices["Nature of Document"], invoices["Total Number"], invoices["Cancelled"]) == (
        "Invoices for outward supply",
        "8",
        "0",
    )
    assert int(invoices["Sr. No. To"][-7:]) - int(invoices["Sr. No. From"][-7:]) + 1 == 8
    assert (notes["Nature of Document"], notes["Total Number"]) == ("Credit Note", "2")
    docs = {row["doc_num"]: row["docs"] for row in told(month)["doc_issue"]["doc_det"]}
    assert (docs[1][0]["net_issue"], docs[5][0]["net_issue"]) == (8, 2)


def test_another_month_and_another_supplier_have_nothing_of_it(month):
    write_gstr1(month="2026-10", gstin=GSTIN, into=month / "before")
    assert told(month / "before")["b2cs"] == []
    write_gstr1(month="2026-11", gstin="27AAPFU0939F1ZV", into=month / "other")
    assert table(month / "other", "docs.csv") == []


def test_it_costs_the_same_statements_for_more_documents(month):
    def counted() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            write_gstr1(month="2026-11", gstin=GSTIN, into=month)
        return len(seen)

    before = counted()
    an_order = Order.objects.order_by("pk").first()
    product = an_order.lines.get().product
    for _ in range(5):
        sell(an_order.store, product)
    assert counted() == before <= 9


def test_the_command_writes_the_files_and_refuses_nonsense(month, capsys):
    call_command("gstr1", "2026-11", "--gstin", GSTIN, "--out", str(month / "new"))
    names = [line.rsplit("/", 1)[-1] for line in capsys.readouterr().out.split()]
    assert names == ["b2cs.csv", "b2cl.csv", "cdnur.csv", "exemp.csv", "hsn.csv", "docs.csv", "gstr1.json"]
    with pytest.raises(CommandError, match="typing mistake"):
        call_command("gstr1", "2026-11", "--gstin", GSTIN[:-1] + "A", "--out", str(month))
    with pytest.raises(CommandError):
        call_command("gstr1", "2026-13", "--gstin", GSTIN, "--out", str(month))


def test_the_limit_is_that_of_the_day():
    midnight = datetime(2024, 8, 1, tzinfo=IST)
    assert large_above_paise(midnight) == 1_00_000_00
    assert large_above_paise(midnight - timedelta(seconds=1)) == 2_50_000_00
