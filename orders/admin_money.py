"""An order's money on its page in Django Admin: the bill, what was paid how, what it became, and whether it adds up."""

from __future__ import annotations

from typing import Any

from django.db.models import Sum
from django.http import HttpRequest, HttpResponse

from blinkit.kernel.money import rupees
from orders.claims import Claim, ClaimState
from orders.models import Order
from orders.states import FINISHED, Status
from orders.words import charges_of
from payments.models import Payment, PaymentState
from payments.statements import Check, MoneyStatement, Row, statement_of


class WithMoney:
    """For the admin of orders: `money` in the context of an order's page."""

    change_form_template = "orders/admin_order.html"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        order = self.get_object(request, object_id)  # type: ignore[attr-defined]
        more = {} if order is None else {"money": money_of(order)}
        answer: HttpResponse = super().change_view(  # type: ignore[misc]
            request, object_id, form_url, {**(extra_context or {}), **more}
        )
        return answer


def money_of(order: Order) -> MoneyStatement:
    """The order's statement, judged by its bill."""
    found = statement_of(order.pk)
    claims = Claim.objects.filter(order=order, state=ClaimState.REFUNDED).aggregate(sum=Sum("refund_paise"))
    back_paise = int(claims["sum"] or 0)
    return found.judged(bill=_bill(order, back_paise), checks=_checks(order, found, back_paise))


def _bill(order: Order, claimed_paise: int) -> list[Row]:
    lines = [
        Row(
            line.name,
            line.unit_price_paise * (line.qty - line.short_qty),
            f"{line.qty - line.short_qty} × {rupees(line.unit_price_paise)}"
            + (f", {line.short_qty} not found" if line.short_qty else "")
            + f", GST {line.gst_bp / 100:g} %",
        )
        for line in order.lines.all()
    ]
    rows = [*lines, *(Row(name, paise) for name, paise in charges_of(order))]
    rows.append(Row("Total", order.total_paise, f"with {rupees(order.tax_paise)} of GST inside", is_sum=True))
    if claimed_paise:
        rows.append(Row("Given back for claims", -claimed_paise))
    return rows


def _checks(order: Order, found: MoneyStatement, claimed_paise: int) -> list[Check]:
    kept, became = found.kept_paise, found.became_paise
    if order.delivered_at is not None:
        due = order.total_paise - claimed_paise
        bill = f"The bill of {rupees(order.total_paise)}"
        bill += f" less {rupees(claimed_paise)} for claims" if claimed_paise else ""
        return [
            Check(f"{bill} is {rupees(due)}; {rupees(kept)} were kept.", kept == due),
            Check(f"Revenue, GST and tip less costs are {rupees(became)}; {rupees(kept)} were kept.", became == kept),
        ]
    nothing = Check("Nothing is earned before it is delivered.", not found.became)
    if Status(order.status) in FINISHED:
        return [Check(f"It did not come: {rupees(kept)} of it are kept.", kept == 0), nothing]
    payment = Payment.objects.filter(ref=order.pk).first()
    owed = payment.amount_paise if payment is not None and payment.state == PaymentState.OPEN else 0
    sentence = f"{rupees(kept)} kept and {rupees(owed)} to be paid are the bill of {rupees(order.total_paise)}."
    return [Check(sentence, kept + owed == order.total_paise), nothing]
