"""Something similar comes instead of what could not be found: as the customer allowed, at no more than was agreed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from blinkit.kernel import events
from blinkit.kernel.errors import Invalid
from blinkit.kernel.money import rupees, tax_inside
from catalog import queries as goods
from catalog.models import Product
from catalog.queries import ShelfRow
from inventory import services as stock
from orders.errors import IllegalMove, NoSubstitute, NoSuchLine, NotOnShelf
from orders.events import LineSubstituted
from orders.models import Consent, Order, OrderLine
from orders.services.floor import lower_bill
from orders.services.mover import hint, lock, subject
from orders.states import Status
from payments import services as money


@transaction.atomic
def substitute_line(
    *, order_id: UUID, order_line_id: int, product_id: int, qty: int, actor: str, now: datetime
) -> OrderLine:
    """`qty` units of a line can't be found and another product of the same category comes instead: a new line, which is
    returned.

    The customer pays the cheaper of the two unit prices, so the bill never goes up; with the units goes their share of
    the discount. The difference is refunded or taken off what is owed, stock of both products moves in the same
    transaction. Each call is one act (the floor's nonce keeps repeats away).

    Raises IllegalMove unless the order is being picked, NoSuchLine, Invalid for more units than are left of the line,
    NoSubstitute when the customer did not allow it, when its shelf price is above the line's cap, for another kind of
    goods and for what is in the order already, NotOnShelf, OutOfStock(short). Nothing is written then.
    """
    order = lock(order_id)
    if order.status != Status.PICKING:
        raise IllegalMove("Only an order that is being picked can have substitutes.", status_now=order.status)
    lines = {line.pk: line for line in OrderLine.objects.filter(order=order).select_related("product__category")}
    line = lines.get(order_line_id)
    if line is None:
        raise NoSuchLine("This line is not part of the order.")
    left = line.qty - line.short_qty
    if not 1 <= qty <= left:
        raise Invalid(f"Between 1 and {left} units of this line can still be replaced.", left=left)
    row = goods.shelf_rows(store_id=order.store_id, product_ids=[product_id]).get(product_id)
    if row is None:
        raise NotOnShelf("This product is not sold here.")
    _refuse_unless_allowed(line, row, qty=qty, taken={other.product_id for other in lines.values()})

    tax_before, discount_before = line.tax_paise, line.discount_paise
    line.short_qty += qty
    left -= qty
    # As for a short line: what is left keeps its share of the discount, rounded in the customer's favour.
    line.discount_paise = -(-discount_before * left // (left + qty))
    line.tax_paise = tax_inside(line.unit_price_paise * left - line.discount_paise, line.gst_bp)
    line.save(update_fields=["short_qty", "discount_paise", "tax_paise"])
    new = _new_line(order, line, row, qty=qty, discount_paise=discount_before - line.discount_paise)
    new.save(force_insert=True)
    less_paise = lower_bill(
        order,
        (line.unit_price_paise - new.unit_price_paise) * qty,
        discount_before - line.discount_paise - new.discount_paise,
        tax_before - line.tax_paise - new.tax_paise,
    )
    refund_paise = money.lower_amount(
        ref=order.pk,
        by_paise=less_paise,
        reason=f"{new.name} instead of {line.name}"[:160],
        key=f"swap:{new.pk}",
        now=now,
    )
    stock.swap(
        ref=order.pk,
        store_id=order.store_id,
        product_id=line.product_id,
        substitute_id=product_id,
        qty=qty,
        reason="Not found while picking",
        actor=actor,
        now=now,
        arrives_at=max(now, order.promised_by or now),
    )
    swapped = LineSubstituted(
        order_id=order.pk,
        customer_id=order.customer_id,
        product_name=line.name,
        substitute_name=new.name,
        qty=qty,
        less_paise=less_paise,
        refund_paise=refund_paise,
    )
    events.record(swapped, subject=subject(order), actor=actor)
    hint(order)
    return new


def _refuse_unless_allowed(line: OrderLine, row: ShelfRow, *, qty: int, taken: set[int]) -> None:
    if line.consent != Consent.SUBSTITUTE:
        raise NoSubstitute("The customer does not want anything else instead.", consent=line.consent)
    if row.product_id in taken:
        raise NoSubstitute(f"{row.name} is in this order already. Choose something else.")
    product: Product = line.product
    if row.category_slug != product.category.slug:
        raise NoSubstitute(f"{row.name} is something else than {line.name}.")
    most_paise = line.unit_price_paise + line.substitute_up_to_paise
    if row.price_paise > most_paise:
        raise NoSubstitute(
            f"{row.name} costs {rupees(row.price_paise)}; the customer allowed {rupees(most_paise)} at most.",
            most_paise=most_paise,
        )
    if qty > row.max_per_order:
        raise NoSubstitute(f"{row.name}: at most {row.max_per_order} per order.", max=row.max_per_order)


def _new_line(order: Order, line: OrderLine, row: ShelfRow, *, qty: int, discount_paise: int) -> OrderLine:
    unit_paise = min(row.price_paise, line.unit_price_paise)
    discount_paise = min(discount_paise, unit_paise * qty)
    return OrderLine(
        order=order,
        product_id=row.product_id,
        sku=row.sku,
        name=row.name,
        pack=row.pack,
        image=row.image,
        qty=qty,
        unit_price_paise=unit_paise,
        mrp_paise=row.mrp_paise,
        gst_bp=row.gst_bp,
        hsn=row.hsn,
        discount_paise=discount_paise,
        tax_paise=tax_inside(unit_paise * qty - discount_paise, row.gst_bp),
        consent=Consent.REFUND,
        substitute_for=line,
    )
