"""What an invoice says, in plain Python: figures, credit, words, numbers."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blinkit.kernel.money import share_out
from catalog.pricing.bill import BillInput, FeeRules, LineInput, make_bill
from orders import invoicing
from orders.invoicing import Fee, Sold, Standing
from orders.invoicing.gstin import check_digit, why_not

RATES = st.sampled_from([0, 25, 300, 500, 1200, 1800, 2800, 4000])
STATES = st.sampled_from(["29", "33", "07"])


@st.composite
def bills(draw):
    lines = [
        LineInput(number, draw(st.integers(1, 12)), price := draw(st.integers(1, 90_000)), price, draw(RATES))
        for number in range(draw(st.integers(1, 8)))
    ]
    policy = FeeRules(fee_gst_bp=draw(RATES), handling_paise=draw(st.integers(0, 1_500)))
    return make_bill(
        BillInput(
            lines,
            policy,
            distance_metres=draw(st.integers(0, 6_000)),
            surge_paise=draw(st.integers(0, 4_999)),
            tip_paise=draw(st.integers(0, 9_999)),
            discount_paise=draw(st.integers(0, 30_000)),
        )
    )


def figures_of(bill, *, supplier_state="29", place_of_supply="29"):
    goods = [
        Sold(
            line.product_id, "Rice", "1 kg", "1006", line.qty, line.unit_price_paise, line.discount_paise, line.gst_bp,
            line.tax_paise,
        )
        for line in bill.lines
    ]  # fmt: skip
    fees = [Fee(code, code, getattr(bill, f"{code}_paise")) for code in ("delivery", "handling", "small_cart", "surge")]
    return invoicing.make_figures(
        goods,
        fees,
        fee_tax_paise=bill.fee_tax_paise,
        fee_gst_bp=bill.fee_gst_bp,
        tip_paise=bill.tip_paise,
        supplier_state=supplier_state,
        place_of_supply=place_of_supply,
    )


class TestFigures:
    @given(bills(), STATES)
    def test_an_invoice_is_the_bill_to_the_paisa(self, bill, place):
        figures = figures_of(bill, place_of_supply=place)
        assert figures.total_paise == bill.total_paise
        assert figures.tax_paise == bill.tax_paise
        assert figures.tax == bill.tax_split(supplier_state="29", place_of_supply=place)
        assert figures.supply_paise == bill.total_paise - bill.tip_paise
        assert figures.taxable_paise + figures.tax_paise + figures.round_off_paise == figures.supply_paise
        assert sum(line.discount_paise for line in figures.lines) == bill.discount_paise
        for line in figures.lines:
            assert line.taxable_paise + line.tax_paise == line.total_paise
            assert line.total_paise == line.unit_price_paise * line.qty - line.discount_paise
            assert min(line.taxable_paise, line.cgst_paise, line.sgst_paise, line.igst_paise) >= 0

    @given(bills())
    def test_each_half_is_half_and_the_central_one_has_the_odd_paisa(self, bill):
        for line in figures_of(bill).lines:
            assert line.igst_paise == 0
            assert abs(line.cgst_paise - line.sgst_paise) <= 1
            if line.code == "goods":
                assert line.cgst_paise - line.sgst_paise == line.tax_paise % 2

    @given(bills())
    def test_to_another_state_all_of_it_is_integrated_tax(self, bill):
        figures = figures_of(bill, place_of_supply="33")
        assert (figures.tax.cgst_paise, figures.tax.sgst_paise) == (0, 0)
        assert figures.tax.igst_paise == bill.tax_paise

    def test_what_was_not_found_is_not_invoiced(self):
        bill = make_bill(BillInput([LineInput(1, 2, 5_000, 5_000, 500)], FeeRules(delivery_paise=0)))
        gone = Sold(9, "Gone", "", "1006", 0, 100, 0, 500, 0)
        figures = invoicing.make_figures(
            [gone], [], fee_tax_paise=0, fee_gst_bp=0, tip_paise=0, supplier_state="29", place_of_supply="29"
        )
        assert figures.lines == () and bill.total_paise

    @pytest.mark.parametrize(
        ("rates", "title"),
        [((500, 1800), "tax-invoice"), ((0, 0), "bill-of-supply"), ((0, 500), "invoice-cum-bill")],
    )
    def test_the_title_says_whether_anything_is_taxed(self, rates, title):
        policy = FeeRules(delivery_paise=0, handling_paise=0, small_cart_paise=0, far_extra_paise=0)
        lines = [LineInput(number, 1, 500, 500, rate) for number, rate in enumerate(rates)]
        assert figures_of(make_bill(BillInput(lines, policy))).title == title

    def test_fees_have_their_service_codes(self):
        bill = make_bill(BillInput([LineInput(1, 1, 500, 500, 500)], FeeRules(), surge_paise=700))
        codes = {line.code: line.hsn for line in figures_of(bill).lines if line.code != "goods"}
        assert codes == {"delivery": "996813", "surge": "996813", "handling": "998599", "small_cart": "998599"}

    @given(bills())
    def test_the_rate_of_fees_is_found_again_from_their_tax(self, bill):
        found = invoicing.fee_rate(fees_paise=bill.fees_paise, fee_tax_paise=bill.fee_tax_paise)
        again = replace(bill, fee_gst_bp=found)
        assert again.fee_tax_paise == bill.fee_tax_paise


@st.composite
def standings(draw):
    parts = [draw(st.integers(0, 9_000)) for _ in range(4)]
    inter = draw(st.booleans())
    cgst, sgst, igst = (0, 0, parts[0]) if inter else (parts[0], max(0, parts[0] - draw(st.integers(0, 1))), 0)
    total = cgst + sgst + igst + parts[2] % 50 + sum(parts) + 1
    return Standing(1, "goods", total, cgst, sgst, igst, parts[2] % 50)


class TestCredit:
    @given(standings(), st.lists(st.integers(1, 1_000), min_size=1, max_size=12))
    def test_steps_never_give_back_a_negative_part_and_all_of_them_are_the_line(self, line, weights):
        steps = [step for step in share_out(line.total_paise, weights) if step]
        sums = dict.fromkeys(("cgst_paise", "sgst_paise", "igst_paise", "cess_paise", "taxable_paise"), 0)
        now = line
        for step in steps:
            part = invoicing.reduce(now, step)
            amounts = {name: getattr(part, name) for name in sums}
            assert min(amounts.values()) >= 0
            assert sum(amounts.values()) == step
            sums = {name: sums[name] + amounts[name] for name in sums}
            now = replace(now, credited_paise=now.credited_paise + step)
        assert (sums["cgst_paise"], sums["sgst_paise"]) == (line.cgst_paise, line.sgst_paise)
        assert (sums["igst_paise"], sums["cess_paise"]) == (line.igst_paise, line.cess_paise)
        assert sum(sums.values()) == line.total_paise

    @given(standings())
    def test_never_more_than_is_left(self, line):
        with pytest.raises(ValueError, match="left"):
            invoicing.reduce(replace(line, credited_paise=line.total_paise - 1), 2)

    def test_a_whole_order_is_taken_back_by_size_with_the_tip(self):
        lines = [Standing(1, "goods", 600, 30, 30, 0, 0), Standing(2, "delivery", 300, 0, 0, 0, 0)]
        parts, tip = invoicing.whole(lines, 500, tip_left_paise=100)
        assert [part.total_paise for part in parts] + [tip] == [300, 150, 50]
        parts, tip = invoicing.whole(lines, 5_000, tip_left_paise=100)
        assert sum(part.total_paise for part in parts) + tip == 1_000

    def test_goodwill_is_no_reduction_of_the_price(self):
        assert {kind for kind in ("missing", "late", "rider", "payment") if invoicing.is_price_reduction(kind)} == {
            "missing",
            "late",
        }


class TestNumbersAndWords:
    @pytest.mark.parametrize(
        ("at", "year"),
        [
            (datetime(2026, 3, 31, 18, 29, tzinfo=UTC), 2025),  # 23:59 in India
            (datetime(2026, 3, 31, 18, 30, tzinfo=UTC), 2026),  # midnight there
            (datetime(2027, 1, 1, tzinfo=UTC), 2026),
        ],
    )
    def test_a_financial_year_begins_in_april_by_the_clock_of_india(self, at, year):
        assert invoicing.financial_year(at) == year

    def test_a_number_has_at_most_sixteen_characters(self):
        longest = invoicing.document_number(letter="I", store_id=36**4 - 1, year=2026, serial=9_999_999)
        assert (longest, len(longest)) == ("IZZZZ-26-9999999", 16)
        with pytest.raises(ValueError, match="16"):
            invoicing.document_number(letter="I", store_id=36**4 - 1, year=2026, serial=10_000_000)

    def test_a_month_is_india_s(self):
        since, until = invoicing.month_of("2026-12")
        assert (since, until) == (
            datetime(2026, 11, 30, 18, 30, tzinfo=UTC),
            datetime(2026, 12, 31, 18, 30, tzinfo=UTC),
        )
        with pytest.raises(ValueError):
            invoicing.month_of("2026-13")

    def test_the_last_day_for_a_credit_note_is_the_30th_of_november_after_the_year(self):
        assert invoicing.credit_until(datetime(2026, 11, 20, tzinfo=UTC)) == datetime(2027, 11, 30, 18, 30, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("paise", "words"),
        [
            (0, "Rupees Zero Only"),
            (100, "Rupee One Only"),
            (101, "Rupee One and One Paisa Only"),
            (48_250, "Rupees Four Hundred Eighty-Two and Fifty Paise Only"),
            (1_00_000_00, "Rupees One Lakh Only"),
            (
                12_34_567_89,
                "Rupees Twelve Lakh Thirty-Four Thousand Five Hundred Sixty-Seven and Eighty-Nine Paise Only",
            ),
            (10_00_00_019_00, "Rupees Ten Crore Nineteen Only"),
            (1_00_000_00_00_000_00, "Rupees One Lakh Crore Only"),
        ],
    )
    def test_amounts_in_words(self, paise, words):
        assert invoicing.rupees_in_words(paise) == words

    @pytest.mark.parametrize("number", ["27AAPFU0939F1ZV", "29AAGCB7383J1Z4", "29AAZCT4821K1ZG"])
    def test_a_gstin_checks_itself(self, number):
        """The first two are published as valid examples; the third is the demo company's."""
        assert why_not(number) == ""

    @given(st.integers(0, 13), st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    def test_one_mistyped_character_is_always_found(self, place, sign):
        good = "29AAZCT4821K1ZG"
        bad = good[:place] + sign + good[place + 1 :]
        assert bad == good or why_not(bad)
        assert bad == good or check_digit(bad[:14]) != "G"

    def test_a_gstin_of_no_state_or_shape_is_none(self):
        assert not invoicing.is_gstin("29AAZCT4821K1Z")
        assert not invoicing.is_gstin("29aazct4821k1zg")
        assert not invoicing.is_gstin("99AAZCT4821K1Z" + check_digit("99AAZCT4821K1Z"))
