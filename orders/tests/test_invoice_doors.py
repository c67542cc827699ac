"""Who may look at an invoice, and what the doors show: pages, files, the API and the administration."""

import io
import json
import re
import zipfile
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from catalog.models import StoreMembership
from catalog.tests.factories import NOW, ProductFactory
from orders import services
from orders.models import Order
from orders.queries.invoices import credit_note_of, document_json, invoice_of
from orders.services.invoices import keep_documents
from orders.states import Status
from orders.tests.factories import advance, customer, place_order, shop
from orders.tests.invoicing import GSTIN, supplier

pytestmark = pytest.mark.django_db


@pytest.fixture
def sold() -> Order:
    """A gift that came back, so that it has an invoice and a credit note."""
    supplier()
    goods = ProductFactory.create_batch(2, hsn="1101")
    an_order = place_order(customer("Asha Rao"), shop(*goods), dict.fromkeys(goods, 2), tip_paise=500)
    Order.objects.filter(pk=an_order.pk).update(is_gift=True, gift_note="Eat well!", gift_from="Asha")
    advance(an_order, Status.PICKED_UP)
    keep_documents(order_id=an_order.pk, now=NOW)
    services.undelivered(order_id=an_order.pk, reason="Nobody there", actor="rider:7", now=NOW)
    keep_documents(order_id=an_order.pk, now=NOW)
    return Order.objects.get(pk=an_order.pk)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def with_role(role: str) -> User:
    user = customer(role)
    user.grants.create(role=role)
    return User.objects.get(pk=user.pk)


def doors(an_order: Order) -> list[str]:
    note = an_order.tax_documents.get(kind="credit-note")
    base = f"/orders/{an_order.pk}/"
    return [
        base + end for end in ("invoice/", "invoice.pdf", f"credit-notes/{note.pk}/", f"credit-notes/{note.pk}.pdf")
    ]


class TestWhoMayLook:
    def test_the_customer_and_staff(self, sold):
        for user in (sold.customer, with_role("ops"), with_role("admin")):
            client = signed_in(user)
            for url in doors(sold):
                answer = client.get(url)
                assert answer.status_code == 200, (user.name, url)
                assert "no-store" in answer["Cache-Control"]
                assert answer["Content-Type"].startswith("application/pdf" if url.endswith("pdf") else "text/html")

    @pytest.mark.parametrize("role", ["customer", "picker", "store_manager", "rider"])
    def test_nobody_else(self, sold, role):
        other = with_role(role)
        StoreMembership.objects.create(user=other, store=sold.store)
        client = signed_in(other)
        for url in doors(sold):
            assert client.get(url).status_code == 404, url

    def test_a_stranger_signs_in_first(self, sold):
        for url in [*doors(sold), f"/orders/{sold.pk}/slip.pdf"]:
            assert Client().get(url).status_code == 302

    def test_the_api_asks_the_same(self, sold, api):
        for url in doors(sold):
            url = f"/api/v1{url}"
            assert api(sold.customer).get(url).status_code == 200
            assert api(with_role("ops")).get(url).status_code == 200
            assert api(with_role("rider")).get(url).status_code == 404
            assert api(customer("Else")).get(url).json()["type"] == "/problems/no-such-document"
            assert api().get(url).status_code == 401

    def test_what_does_not_exist_is_not_found(self, sold, api):
        http = api(sold.customer)
        fresh = place_order(sold.customer, sold.store, [sold.lines.first().product])
        for url in (f"orders/{uuid4()}/invoice/", f"orders/{fresh.pk}/invoice/", f"orders/{fresh.pk}/invoice.pdf",
                    f"orders/{sold.pk}/credit-notes/{uuid4()}/"):  # fmt: skip
            assert http.get(f"/api/v1/{url}").json()["type"] == "/problems/no-such-document"
        assert signed_in(sold.customer).get(f"/orders/{fresh.pk}/invoice/").status_code == 404

    def test_files_are_counted(self, sold, monkeypatch):
        monkeypatch.setattr("orders.web.invoices.PDFS_PER_HOUR", 1)
        client = signed_in(sold.customer)
        url = doors(sold)[1]
        assert [client.get(url).status_code for _ in range(2)] == [200, 429]


class TestWhatIsShown:
    def test_json_is_the_document(self, sold, api):
        found = api(sold.customer).get(f"/api/v1/orders/{sold.pk}/invoice/").json()
        view = invoice_of(sold.pk, customer_id=sold.customer_id)
        assert found == json.loads(json.dumps(document_json(view), default=_plain))
        assert found["total_paise"] == sold.total_paise
        assert found["supply_paise"] + found["tip_paise"] == found["total_paise"]
        assert sum(row["total_paise"] for row in found["hsn"]) == found["supply_paise"]
        assert sum(way["paise"] for way in found["paid"]) == found["total_paise"]
        (note,) = found["credit_notes"]
        taken = api(sold.customer).get(f"/api/v1/orders/{sold.pk}/credit-notes/{note['id']}/").json()
        assert taken["against"]["number"] == found["number"]
        assert taken["total_paise"] == found["total_paise"]

    def test_the_page_says_every_figure_and_leads_on(self, sold):
        view = invoice_of(sold.pk, customer_id=None)
        html = signed_in(sold.customer).get(doors(sold)[0]).content.decode()
        for words in (view.document.number, GSTIN, view.words, "Karnataka (29)", doors(sold)[1], doors(sold)[2]):
            assert words in html, words

    def test_the_order_s_page_leads_to_it_and_only_once_it_is_there(self, sold):
        client = signed_in(sold.customer)
        link = reverse("shop-invoice", args=[sold.pk])
        assert link in client.get(f"/orders/{sold.pk}/").content.decode()
        fresh = place_order(sold.customer, sold.store, [sold.lines.first().product])
        assert "/invoice/" not in client.get(f"/orders/{fresh.pk}/").content.decode()

    def test_reading_it_costs_so_many_statements(self, sold, django_assert_num_queries):
        with django_assert_num_queries(4):  # the document with its order, lines, what they were, credit notes
            document_json(invoice_of(sold.pk, customer_id=sold.customer_id))
        note = sold.tax_documents.get(kind="credit-note")
        with django_assert_num_queries(4):
            credit_note_of(sold.pk, note.pk, customer_id=None)


class TestSlip:
    def test_it_shows_no_price(self, sold, monkeypatch):
        said = []
        from orders import invoice_pdf

        for name in ("cell", "multi_cell", "write", "text"):
            old = getattr(invoice_pdf.FPDF, name)

            def spy(self, *args, _old=old, **more):
                said.extend(str(value) for value in (*args, *more.values()) if isinstance(value, str))
                return _old(self, *args, **more)

            monkeypatch.setattr(invoice_pdf.FPDF, name, spy)
        answer = signed_in(sold.customer).get(f"/orders/{sold.pk}/slip.pdf")
        assert answer.content.startswith(b"%PDF-")
        words = " ".join(said)
        assert "Eat well!" in words and "— Asha" in words and sold.lines.first().name in words
        assert "₹" not in words
        assert not re.search(r"\d[.,]\d\d\b", words)

    def test_the_floor_of_its_store_prints_it_and_no_other(self, sold):
        url = f"/orders/{sold.pk}/slip.pdf"
        here, elsewhere, rider = with_role("picker"), with_role("picker"), with_role("rider")
        StoreMembership.objects.create(user=here, store=sold.store)
        StoreMembership.objects.create(user=rider, store=sold.store)
        assert signed_in(here).get(url).status_code == 200
        for user in (elsewhere, rider, customer("Else")):
            assert signed_in(user).get(url).status_code == 404


class TestAdministration:
    @pytest.fixture
    def boss(self, sold):
        return signed_in(User.objects.create_superuser("+919000099999", "secret-long-one"))

    def test_documents_are_looked_at_and_the_month_is_a_file(self, boss, sold):
        for name in ("taxdocument", "supplier", "documentseries"):
            assert boss.get(reverse(f"admin:orders_{name}_changelist")).status_code == 200
        document = sold.tax_documents.first()
        assert boss.get(reverse("admin:orders_taxdocument_change", args=[document.pk])).status_code == 200
        url = reverse("admin:orders_taxdocument_gstr1")
        assert GSTIN in boss.get(url).content.decode()
        answer = boss.post(url, {"month": "2026-11", "gstin": GSTIN})
        archive = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
        assert "gstr1.json" in archive.namelist()
        assert json.loads(archive.read("gstr1.json"))["doc_issue"]["doc_det"][0]["docs"][0]["totnum"] == 1
        assert boss.post(url, {"month": "2026-13", "gstin": GSTIN}).status_code == 200
        assert boss.post(url, {"month": "2026-11", "gstin": "27AAPFU0939F1ZV"}).status_code == 200

    def test_a_wrong_gstin_is_a_sentence(self, boss, sold):
        form = {"city": sold.store.city_id, "legal_name": "A", "gstin": "29AAZCT4821K1ZX", "address": "B"}
        assert "typing mistake" in boss.post(reverse("admin:orders_supplier_add"), form).content.decode()

    def test_staff_without_the_permission_is_refused(self, sold):
        user = customer("Clerk")
        User.objects.filter(pk=user.pk).update(is_staff=True)
        client = signed_in(User.objects.get(pk=user.pk))
        assert client.get(reverse("admin:orders_taxdocument_gstr1")).status_code == 403


def _plain(value):
    from datetime import datetime

    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else str(value)
