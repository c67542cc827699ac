"""The figures of an invoice, taken from an order's bill to the paisa: nothing is priced or taxed anew.

Prices include the tax, so the value of a line is what was paid for it less the tax the bill found inside. Tax within a
state is half central and half state; of an odd paisa the central half has it (`catalog.pricing.tax.split`). The tax of
the fees is taken from their sum, split, and each half shared out over the fees, so that every column sums to the bill.
A tip is not the price of anything: it stands below the supply, without tax.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from blinkit.kernel.money import BASIS_POINTS, share_out, tax_inside
from catalog.pricing.tax import TaxSplit, split

LOCAL_DELIVERY = "996813"
"""SAC: local delivery services (postal and courier services, 9968)."""
OTHER_SUPPORT = "998599"
"""SAC: other support services n.e.c. (9985)."""
FEE_SAC = {"delivery": LOCAL_DELIVERY, "surge": LOCAL_DELIVERY, "handling": OTHER_SUPPORT, "small_cart": OTHER_SUPPORT}
RATES = (0, 25, 300, 500, 1200, 1800, 2800, 4000)
"""Rates there are or were, in basis points."""


@dataclass(frozen=True, slots=True)
class Sold:
    """A line of goods as it was handed over. `qty` is what came; discount and tax are of that."""

    line_id: int
    name: str
    pack: str
    hsn: str
    qty: int
    unit_price_paise: int
    discount_paise: int
    gst_bp: int
    tax_paise: int


@dataclass(frozen=True, slots=True)
class Fee:
    """`code` is one of FEE_SAC."""

    code: str
    name: str
    paise: int


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """total = unit price × qty − discount = taxable + CGST + SGST + IGST + cess. `line_id` is None of a fee."""

    code: str
    line_id: int | None
    name: str
    pack: str
    hsn: str
    uqc: str
    qty: int
    unit_price_paise: int
    discount_paise: int
    gst_bp: int
    taxable_paise: int
    cgst_paise: int
    sgst_paise: int
    igst_paise: int
    total_paise: int
    cess_paise: int = 0

    @property
    def tax_paise(self) -> int:
        return self.cgst_paise + self.sgst_paise + self.igst_paise + self.cess_paise


@dataclass(frozen=True, slots=True)
class Figures:
    """supply = taxable + taxes + round-off; total = supply + tip.

    The round-off is 0: what is paid is exact to the paisa, so there is nothing to round.
    """

    lines: tuple[InvoiceLine, ...]
    tip_paise: int = 0
    round_off_paise: int = 0

    @property
    def taxable_paise(self) -> int:
        return sum(line.taxable_paise for line in self.lines)

    @property
    def tax(self) -> TaxSplit:
        return sum((TaxSplit(line.cgst_paise, line.sgst_paise, line.igst_paise) for line in self.lines), TaxSplit())

    @property
    def tax_paise(self) -> int:
        return sum(line.tax_paise for line in self.lines)

    @property
    def supply_paise(self) -> int:
        return sum(line.total_paise for line in self.lines) + self.round_off_paise

    @property
    def total_paise(self) -> int:
        return self.supply_paise + self.tip_paise

    @property
    def title(self) -> str:
        """ "tax-invoice"; "bill-of-supply" when nothing is taxed (section 31(3)(c), rule 49); "invoice-cum-bill" when
        an unregistered person gets both (rule 46A)."""
        taxed = {bool(line.gst_bp) for line in self.lines}
        return "invoice-cum-bill" if len(taxed) == 2 else "tax-invoice" if True in taxed else "bill-of-supply"


def make_figures(
    goods: Sequence[Sold],
    fees: Sequence[Fee],
    *,
    fee_tax_paise: int,
    fee_gst_bp: int,
    tip_paise: int,
    supplier_state: str,
    place_of_supply: str,
) -> Figures:
    """The invoice of what was handed over. Lines of which nothing came, and fees of nothing, are left out."""
    states = {"supplier_state": supplier_state, "place_of_supply": place_of_supply}
    lines = [_goods(line, split(line.tax_paise, **states)) for line in goods if line.qty]
    charged = [fee for fee in fees if fee.paise]
    if charged:
        whole = split(fee_tax_paise, **states)
        weights = [fee.paise for fee in charged]
        taxes = share_out(fee_tax_paise, weights)
        # The central half of each fee follows its tax, and the state's half is the rest of that.
        central = _halves(whole.cgst_paise, taxes)
        for fee, tax, cgst in zip(charged, taxes, central, strict=True):
            parts = TaxSplit(igst_paise=tax) if whole.igst_paise else TaxSplit(cgst, tax - cgst)
            lines.append(_fee(fee, parts, fee_gst_bp))
    return Figures(tuple(lines), tip_paise)


def fee_rate(*, fees_paise: int, fee_tax_paise: int, likely: Sequence[int] = ()) -> int:
    """The rate (basis points) that makes this tax of these fees: of an order that did not keep it."""
    for rate in (*likely, *reversed(RATES)):
        if tax_inside(fees_paise, rate) == fee_tax_paise:
            return rate
    return round(BASIS_POINTS * fee_tax_paise / max(1, fees_paise - fee_tax_paise))


def _halves(central_paise: int, taxes: Sequence[int]) -> list[int]:
    """A half of each tax; who has an odd paisa is settled in order, so that the sum is `central_paise`."""
    halves = [tax // 2 for tax in taxes]
    more = central_paise - sum(halves)
    for place, tax in enumerate(taxes):
        if more > 0 and tax % 2:
            halves[place] += 1
            more -= 1
    return halves


def _goods(line: Sold, tax: TaxSplit) -> InvoiceLine:
    total = line.unit_price_paise * line.qty - line.discount_paise
    return InvoiceLine(
        code="goods",
        line_id=line.line_id,
        name=line.name,
        pack=line.pack,
        hsn=line.hsn,
        uqc="PAC",
        qty=line.qty,
        unit_price_paise=line.unit_price_paise,
        discount_paise=line.discount_paise,
        gst_bp=line.gst_bp,
        taxable_paise=total - line.tax_paise,
        cgst_paise=tax.cgst_paise,
        sgst_paise=tax.sgst_paise,
        igst_paise=tax.igst_paise,
        total_paise=total,
    )


def _fee(fee: Fee, tax: TaxSplit, rate_bp: int) -> InvoiceLine:
    return InvoiceLine(
        code=fee.code,
        line_id=None,
        name=fee.name,
        pack="",
        hsn=FEE_SAC[fee.code],
        uqc="NA",
        qty=1,
        unit_price_paise=fee.paise,
        discount_paise=0,
        gst_bp=rate_bp,
        taxable_paise=fee.paise - tax.cgst_paise - tax.sgst_paise - tax.igst_paise,
        cgst_paise=tax.cgst_paise,
        sgst_paise=tax.sgst_paise,
        igst_paise=tax.igst_paise,
        total_paise=fee.paise,
    )
