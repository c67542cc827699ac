"""The PDF of an invoice and the slip of a gift."""

import zlib

import pytest

from catalog.tests.factories import NOW, ProductFactory
from orders import invoice_pdf, services
from orders.models import Order
from orders.queries.invoices import credit_note_of, invoice_of
from orders.services.invoices import keep_documents
from orders.states import Status
from orders.tests.factories import advance, customer, place_order, shop
from orders.tests.invoicing import supplier

pytestmark = pytest.mark.django_db


@pytest.fixture
def sold() -> Order:
    supplier(fssai="11226999000100", trade_name="Tokri")
    goods = [
        ProductFactory(name="Aashirvaad Shudh Chakki Atta", hsn="1101", gst_bp=0, mrp_paise=26_900, pack="5 kg"),
        ProductFactory(name="Amul Butter", hsn="0405", gst_bp=500, mrp_paise=6_000, pack="100 g"),
        ProductFactory(name="Surf Excel Matic Front Load Liquid Detergent Pouch", hsn="3402", gst_bp=1800, mrp_paise=24_000, pack="1 L"),
        ProductFactory(name="Bisleri", hsn="2201", gst_bp=500, mrp_paise=2_000, pack="1 L"),
    ]  # fmt: skip
    an_order = place_order(customer("Asha Rao"), shop(*goods), dict.fromkeys(goods, 2), tip_paise=2_000)
    return advance(an_order, Status.PICKED_UP)


def words_of(pdf: bytes) -> bytes:
    """Everything in the streams of a PDF, unpacked."""
    out, at = [], 0
    while (at := pdf.find(b"stream\n", at)) >= 0:
        end = pdf.find(b"endstream", at)
        try:
            out.append(zlib.decompress(pdf[at + 7 : end]))
        except zlib.error:
            pass
        at = end
    return b"".join(out)


@pytest.mark.parametrize("language", ["en", "hi"])
def test_an_invoice_is_drawn(sold, language, tmp_path):
    keep_documents(order_id=sold.pk, now=NOW)
    view = invoice_of(sold.pk, customer_id=None)
    pdf = invoice_pdf.document_pdf(view, url="https://example.in/orders/1/invoice/", brand="Tokri", language=language)
    assert pdf.startswith(b"%PDF-")
    assert len(pdf) < 150_000
    (tmp_path / f"{language}.pdf").write_bytes(pdf)
    import os

    if os.environ.get("KEEP"):
        open(f"{os.environ['KEEP']}/{language}.pdf", "wb").write(pdf)


def test_slip(sold):
    import os

    Order.objects.filter(pk=sold.pk).update(is_gift=True, gift_note="जन्मदिन मुबारक, Meera! Eat well.", gift_from="Asha")
    sold.refresh_from_db()
    pdf = invoice_pdf.slip_pdf(sold, list(sold.lines.all()), brand="Tokri", language="hi")
    if os.environ.get("KEEP"):
        open(f"{os.environ['KEEP']}/slip.pdf", "wb").write(pdf)
