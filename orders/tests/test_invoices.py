"""Invoices and credit notes in their room: when, once, without gaps, frozen, and never more back than was invoiced."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, transaction

from accounts.models import Address
from blinkit.kernel.models import Receipt
from catalog.tests.factories import NOW, CityFactory, ProductFactory
from orders import services
from orders.claiming import Kind
from orders.claims import Claim
from orders.invoices import DocumentKind, DocumentSeries, Supplier, TaxDocument, TaxLine
from orders.models import Consent, Order, OrderLine
from orders.services import Reported
from orders.services.invoices import keep_documents, sweep_invoices
from orders.services.personal import forget, held
from orders.states import Status
from orders.tests.factories import address, advance, customer, order, place_order, shop
from orders.tests.invoicing import GSTIN, supplier
from payments.models import Payment

pytestmark = pytest.mark.django_db


def due(*, products: int = 2, qty: int = 2, **more) -> Order:
    """An order that has just left the store."""
    return advance(order(products=products, qty=qty, **more), Status.PICKED_UP)


def invoice_of(an_order: Order) -> TaxDocument:
    return TaxDocument.objects.get(order=an_order, kind=DocumentKind.INVOICE)


def notes_of(an_order: Order) -> list[TaxDocument]:
    return list(TaxDocument.objects.filter(order=an_order, kind=DocumentKind.CREDIT_NOTE).order_by("serial"))


def is_the_bill(an_order: Order) -> None:
    """Every figure of the invoice is the order's own, to the paisa."""
    an_order.refresh_from_db()
    document, lines = invoice_of(an_order), list(invoice_of(an_order).lines.all())
    assert document.total_paise == an_order.total_paise
    assert document.tip_paise == an_order.tip_paise
    assert document.round_off_paise == 0
    assert document.tax_paise == an_order.tax_paise == sum(line.tax_paise for line in lines)
    assert document.supply_paise == sum(line.total_paise for line in lines)
    assert sum(line.discount_paise for line in lines) == an_order.discount_paise
    goods = [line for line in lines if line.code == "goods"]
    assert sum(line.unit_price_paise * line.qty for line in goods) == an_order.items_paise
    fees = {line.code: line.total_paise for line in lines if line.code != "goods"}
    for code in ("delivery", "handling", "small_cart", "surge"):
        assert fees.get(code, 0) == getattr(an_order, f"{code}_paise")


class TestInvoice:
    def test_it_is_made_when_the_goods_leave_the_store(self, run_events):
        supplier(fssai="11226999000100")
        an_order = advance(order(tip_paise=2_000), Status.PACKED)
        run_events()
        assert not TaxDocument.objects.exists()
        an_order = due(products=3, tip_paise=2_000)
        run_events()
        document = invoice_of(an_order)
        assert (document.supplier_gstin, document.place_of_supply) == (GSTIN, "29")
        assert (document.serial, document.year, document.title) == (1, 2026, "tax-invoice")
        assert len(document.number) <= 16
        assert document.supplied_at == an_order.picked_up_at
        assert document.supplier_fssai == "11226999000100"
        assert document.recipient_address == an_order.address_text
        is_the_bill(an_order)

    def test_an_order_cancelled_before_has_none(self, run_events):
        supplier()
        an_order = advance(order(), Status.PACKED)
        services.cancel(order_id=an_order.pk, by="staff", reason="Flood", actor="user:1", now=NOW)
        run_events()
        assert keep_documents(order_id=an_order.pk, now=NOW) == []
        assert not TaxDocument.objects.exists()

    def test_doing_it_again_is_silent(self, run_events):
        supplier()
        an_order = due()
        run_events()
        for _ in range(3):
            assert keep_documents(order_id=an_order.pk, now=NOW) == []
        advance_to_door(an_order)
        run_events()
        assert TaxDocument.objects.count() == 1
        assert DocumentSeries.objects.get().last_serial == 1

    def test_it_says_what_was_handed_over(self, run_events):
        """One of three is missing, another is replaced by something cheaper: the invoice is of what came."""
        supplier()
        goods = ProductFactory.create_batch(2, category__slug="dal")
        instead = ProductFactory(category=goods[0].category, mrp_paise=8_000, gst_bp=1200, hsn="2106")
        place = shop(*goods, instead)
        an_order = place_order(customer(), place, {goods[0]: 3, goods[1]: 1}, method="cod")
        an_order.lines.update(consent=Consent.SUBSTITUTE)
        first, second = an_order.lines.order_by("pk")
        advance(an_order, Status.PICKING)
        more = {"order_id": an_order.pk, "actor": "user:2", "now": NOW}
        services.short_line(order_line_id=first.pk, qty=1, **more)
        services.substitute_line(order_line_id=second.pk, product_id=instead.pk, qty=1, **more)
        for act in (
            lambda: services.packed(bag_codes=["B"], shelf_slot="S", **more),
            lambda: services.rider_accepted(rider_id=7, rider_name="Ravi", **more),
            lambda: services.picked_up(bag_codes=["B"], **more),
        ):
            act()
        run_events()
        lines = {line.order_line_id: line for line in invoice_of(an_order).lines.filter(code="goods")}
        assert lines[first.pk].qty == 2
        assert second.pk not in lines
        new = OrderLine.objects.get(substitute_for=second)
        assert (lines[new.pk].hsn, lines[new.pk].gst_bp, lines[new.pk].total_paise) == ("2106", 1200, 8_000)
        is_the_bill(an_order)

    def test_an_address_in_another_state_is_taxed_by_the_union(self, run_events):
        supplier()
        user = customer()
        Address.objects.filter(pk=address(user).pk).update(pincode="620001")
        product = ProductFactory(gst_bp=1800)
        an_order = advance(place_order(user, shop(product), [product]), Status.PICKED_UP)
        run_events()
        document = invoice_of(an_order)
        assert (document.place_of_supply, document.is_interstate) == ("33", True)
        assert (document.cgst_paise, document.sgst_paise, document.igst_paise) == (0, 0, an_order.tax_paise)
        is_the_bill(an_order)

    def test_an_order_of_before_the_fee_s_rate_was_kept_has_the_same_figures(self, run_events):
        supplier()
        an_order = due()
        assert an_order.fee_gst_bp == 1800
        Order.objects.filter(pk=an_order.pk).update(fee_gst_bp=None, supplier_state="", place_of_supply="")
        run_events()
        rates = set(invoice_of(an_order).lines.exclude(code="goods").values_list("gst_bp", flat=True))
        assert rates == {1800}
        is_the_bill(an_order)

    def test_a_bill_that_does_not_add_up_is_a_failure_that_waits_for_somebody(self, run_events):
        supplier()
        an_order = due()
        Order.objects.filter(pk=an_order.pk).update(tax_paise=an_order.tax_paise + 1_000_000)
        run_events(failures=True)
        assert not TaxDocument.objects.exists()
        assert not DocumentSeries.objects.exists()
        failed = Receipt.objects.get(done_at=None, handler="orders.handlers.tax_documents")
        assert an_order.number in failed.last_error

    def test_it_costs_so_many_statements(self, django_assert_num_queries):
        supplier()
        an_order = due(products=6)
        # the order, is there one, the supplier, lines, number, document, its lines
        with django_assert_num_queries(7):
            keep_documents(order_id=an_order.pk, now=NOW)
        with django_assert_num_queries(2):
            keep_documents(order_id=an_order.pk, now=NOW)


class TestSupplier:
    def test_without_one_nothing_is_made_and_the_sweep_makes_up_for_it(self, run_events):
        an_order = advance(order(), Status.DELIVERED)
        run_events()
        assert sweep_invoices(now=NOW) == 0
        supplier()
        assert sweep_invoices(now=NOW) == 1
        assert sweep_invoices(now=NOW) == 0
        is_the_bill(an_order)

    def test_the_store_s_own_wins(self, run_events):
        place = shop(product := ProductFactory())
        supplier(place.city)
        supplier(store=place, legal_name="Franchise Foods LLP", gstin="29AAGCB7383J1Z4")
        an_order = advance(place_order(customer(), place, [product]), Status.PICKED_UP)
        run_events()
        assert invoice_of(an_order).supplier_name == "Franchise Foods LLP"

    def test_the_store_s_own_licence_is_printed(self, run_events):
        supplier(fssai="11226999000100")
        place = shop(product := ProductFactory())
        place.fssai = "11226999000777"
        place.save()
        an_order = advance(place_order(customer(), place, [product]), Status.PICKED_UP)
        run_events()
        assert invoice_of(an_order).supplier_fssai == "11226999000777"

    @pytest.mark.parametrize(
        ("number", "sentence"),
        [("29AAZCT4821K1ZX", "typing mistake"), ("27AAPFU0939F1ZV", "another"), ("29", "two digits of a state")],
    )
    def test_a_wrong_gstin_is_refused(self, number, sentence):
        with pytest.raises(ValidationError, match=sentence):
            Supplier(city=CityFactory(), legal_name="A", gstin=number, address="B").full_clean()

    def test_the_database_wants_one_of_city_and_store(self):
        with pytest.raises(IntegrityError, match="supplier_is_of_a_city_or_a_store"), transaction.atomic():
            supplier(CityFactory(), store=shop(ProductFactory())).delete()
            Supplier.objects.create(legal_name="A", gstin=GSTIN, address="B")

    def test_old_orders_get_theirs_by_a_command(self, capsys):
        old = [advance(order(at=None), Status.DELIVERED)]
        supplier()
        call_command("make_invoices")
        assert "1 order" in capsys.readouterr().out
        is_the_bill(old[0])
        call_command("make_invoices")
        assert "0 orders" in capsys.readouterr().out


def advance_to_door(an_order: Order) -> None:
    services.delivered(
        order_id=an_order.pk,
        rider_id=7,
        otp=an_order.door_otp,
        cash_paise=an_order.cash_due_paise,
        actor="rider:7",
        now=NOW,
    )


class TestNumbers:
    def test_they_go_on_one_by_one_and_begin_anew_in_april(self):
        supplier()
        place = shop(product := ProductFactory(), units=50)
        march, april = datetime(2027, 3, 31, 18, 29, tzinfo=UTC), datetime(2027, 3, 31, 18, 30, tzinfo=UTC)
        numbers = []
        for now in (march, march, april, april):
            an_order = advance(place_order(customer(), place, [product]), Status.PICKED_UP)
            (document,) = keep_documents(order_id=an_order.pk, now=now)
            numbers.append((document.year, document.serial))
        assert numbers == [(2026, 1), (2026, 2), (2027, 1), (2027, 2)]

    def test_a_number_is_given_back_with_its_transaction(self):
        supplier()
        place = shop(product := ProductFactory())
        first, second = (advance(place_order(customer(), place, [product]), Status.PICKED_UP) for _ in range(2))
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            keep_documents(order_id=first.pk, now=NOW)
            _ = 1 / 0
        (document,) = keep_documents(order_id=second.pk, now=NOW)
        assert document.serial == 1

    def test_a_later_number_never_has_an_earlier_date(self):
        supplier()
        place = shop(product := ProductFactory())
        first, second = (advance(place_order(customer(), place, [product]), Status.PICKED_UP) for _ in range(2))
        (one,) = keep_documents(order_id=first.pk, now=NOW)
        (two,) = keep_documents(order_id=second.pk, now=NOW - timedelta(seconds=5))
        assert (one.issued_at, two.issued_at) == (NOW, NOW)

    def test_the_database_refuses_a_number_without_a_document(self):
        supplier()
        keep_documents(order_id=due().pk, now=NOW)
        with pytest.raises(IntegrityError, match="without a document"), transaction.atomic():
            DocumentSeries.objects.update(last_serial=2)
            connection.check_constraints()
        with pytest.raises(IntegrityError, match="one by one"), transaction.atomic():
            DocumentSeries.objects.update(last_serial=5)
        with pytest.raises(IntegrityError, match="one by one"), transaction.atomic():
            DocumentSeries.objects.all().delete()


class TestFrozen:
    @pytest.fixture
    def document(self):
        supplier()
        (document,) = keep_documents(order_id=due().pk, now=NOW)
        return document

    @pytest.mark.parametrize("fields", [{"supply_paise": 1}, {"recipient_name": "Else"}, {"number": "X"}])
    def test_it_cannot_be_changed(self, document, fields):
        with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
            TaxDocument.objects.filter(pk=document.pk).update(**fields)

    def test_its_lines_cannot_be_changed_or_taken_away(self, document):
        with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
            document.lines.update(name="Else")
        with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
            TaxLine.objects.filter(document=document)._raw_delete("default")
        with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
            TaxDocument.objects.filter(pk=document.pk)._raw_delete("default")

    def test_a_line_more_is_refused_because_the_sum_is_another(self, document):
        line = document.lines.first()
        line.pk, line.position, line._state.adding = None, 99, True
        with pytest.raises(IntegrityError, match="sum of its lines"), transaction.atomic():
            line.save()
            connection.check_constraints()

    def test_a_forgotten_person_leaves_the_figures(self, document):
        user_id = document.order.customer_id
        assert held(user_id=user_id)["invoices"][0]["number"] == document.number
        Order.objects.filter(pk=document.order_id).update(status=Status.CLOSED)
        forget(user_id=user_id, now=NOW)
        document.refresh_from_db()
        assert (document.recipient_name, document.recipient_address) == ("", "—")
        assert document.lines.exists()
        forget(user_id=user_id, now=NOW)

    def test_above_fifty_thousand_rupees_the_law_wants_the_name(self):
        supplier()
        product = ProductFactory(mrp_paise=60_000_00)
        an_order = order_of(product, method="online")
        (document,) = keep_documents(order_id=an_order.pk, now=NOW)
        Order.objects.filter(pk=an_order.pk).update(status=Status.CLOSED)
        forget(user_id=an_order.customer_id, now=NOW)
        document.refresh_from_db()
        assert document.recipient_address != "—"


def order_of(product, **more) -> Order:
    from orders.tests.test_life import pay

    an_order = place_order(customer(), shop(product), [product], **more)
    pay(an_order)
    services.confirm(order_id=an_order.pk, now=NOW)
    return advance(an_order, Status.PICKED_UP)


class TestCreditNotes:
    @pytest.fixture(autouse=True)
    def _sold_by(self):
        supplier()

    def report(self, an_order: Order, *reported: Reported) -> list[Claim]:
        return services.open_claims(
            order_id=an_order.pk,
            customer_id=an_order.customer_id,
            reported=reported,
            now=an_order.delivered_at + timedelta(hours=1),
        )

    def delivered(self, **more) -> Order:
        return advance(order(**more), Status.DELIVERED)

    def test_a_refunded_item_is_taken_back_with_its_tax(self, run_events):
        an_order = self.delivered(products=2, qty=2)
        line = an_order.lines.first()
        (claim,) = self.report(an_order, Reported(Kind.MISSING, line.pk, 1))
        run_events()
        (note,) = notes_of(an_order)
        invoice = invoice_of(an_order)
        assert (note.against, note.cause, note.serial) == (invoice, f"claim:{claim.pk}", 1)
        assert note.number != invoice.number
        assert note.total_paise == claim.refund_paise == line.unit_price_paise
        (back,) = note.lines.all()
        whole = invoice.lines.get(order_line=line)
        assert (back.of, back.qty) == (whole, 1)
        assert back.total_paise * 2 == whole.total_paise
        assert abs(back.tax_paise * 2 - whole.tax_paise) <= 1

        self.report(an_order, Reported(Kind.BAD, line.pk, 1, photo_id=photo(an_order)))
        run_events()
        for name in ("taxable_paise", "cgst_paise", "sgst_paise", "total_paise"):
            assert sum(getattr(row, name) for row in whole.credits.all()) == getattr(whole, name)
        assert [note.serial for note in notes_of(an_order)] == [1, 2]

    def test_a_late_order_gives_back_of_the_delivery_alone(self, run_events):
        an_order = self.delivered(products=1, qty=1)
        assert an_order.delivery_paise
        Order.objects.filter(pk=an_order.pk).update(promised_by=an_order.delivered_at - timedelta(hours=1))
        (claim,) = self.report(an_order, Reported(Kind.LATE))
        run_events()
        assert claim.refund_paise == an_order.delivery_paise
        (note,) = notes_of(an_order)
        assert [(line.code, line.total_paise) for line in note.lines.all()] == [("delivery", claim.refund_paise)]

    def test_goodwill_leaves_the_invoice_alone(self, run_events):
        an_order = self.delivered()
        (claim,) = self.report(an_order, Reported(Kind.RIDER))
        services.decide_claim(claim_id=claim.pk, refund_paise=1_000, reason="Sorry", actor="user:1", now=NOW)
        run_events()
        assert notes_of(an_order) == []

    def test_an_order_that_never_came_is_taken_back_whole_and_never_more(self, run_events):
        an_order = self.delivered(tip_paise=1_500)
        line = an_order.lines.first()
        self.report(an_order, Reported(Kind.MISSING, line.pk, 1))
        (claim,) = self.report(an_order, Reported(Kind.NEVER_CAME))
        services.decide_claim(
            claim_id=claim.pk,
            refund_paise=services.most_back(claim),
            reason="Lost",
            actor="user:1",
            now=an_order.delivered_at + timedelta(hours=2),
        )
        run_events()
        invoice, notes = invoice_of(an_order), notes_of(an_order)
        for name in ("taxable_paise", "cgst_paise", "sgst_paise", "supply_paise", "tip_paise", "total_paise"):
            assert sum(getattr(note, name) for note in notes) == getattr(invoice, name), name
        payment = Payment.objects.get(ref=an_order.pk)
        assert sum(note.total_paise for note in notes) == payment.refunded_paise + payment.wallet_returned_paise

    def test_goods_that_came_back_are_taken_back_whole(self, run_events):
        an_order = due(tip_paise=500)
        services.undelivered(order_id=an_order.pk, reason="Nobody there", actor="rider:7", now=NOW)
        run_events()
        (note,) = notes_of(an_order)
        assert (note.cause, note.total_paise) == ("undelivered", invoice_of(an_order).total_paise)
        assert "Nobody there" in note.reason
        assert keep_documents(order_id=an_order.pk, now=NOW) == []

    def test_an_invoice_that_comes_late_brings_its_credit_notes(self, run_events):
        Supplier.objects.all().delete()
        an_order = self.delivered()
        self.report(an_order, Reported(Kind.MISSING, an_order.lines.first().pk, 1))
        run_events()
        supplier()
        made = keep_documents(order_id=an_order.pk, now=NOW)
        assert [document.kind for document in made] == ["invoice", "credit-note"]
        is_the_bill(an_order)

    def test_after_the_last_day_of_the_law_there_is_no_credit_note(self, run_events):
        an_order = self.delivered()
        keep_documents(order_id=an_order.pk, now=NOW)
        self.report(an_order, Reported(Kind.MISSING, an_order.lines.first().pk, 1))
        assert keep_documents(order_id=an_order.pk, now=datetime(2027, 11, 30, 18, 30, tzinfo=UTC)) == []
        assert len(keep_documents(order_id=an_order.pk, now=datetime(2027, 11, 30, 18, 29, tzinfo=UTC))) == 1

    def test_the_database_refuses_more_than_was_invoiced(self, run_events):
        an_order = self.delivered(qty=1)
        self.report(an_order, Reported(Kind.MISSING, an_order.lines.first().pk, 1))
        run_events()
        (note,) = notes_of(an_order)
        line = note.lines.get()
        line.pk, line.position, line._state.adding = None, 2, True
        with pytest.raises(IntegrityError, match="More would be credited"), transaction.atomic():
            line.save()


def photo(an_order: Order):
    from orders.tests.test_claims import photo_of

    return photo_of(an_order).pk


def test_one_order_that_does_not_add_up_does_not_hold_up_the_others():
    broken, good = due(), due()
    supplier()
    Order.objects.filter(pk=broken.pk).update(tax_paise=broken.tax_paise + 1, picked_up_at=NOW)
    assert sweep_invoices(now=NOW + timedelta(hours=1)) == 1
    assert invoice_of(good)
    assert not TaxDocument.objects.filter(order=broken).exists()
