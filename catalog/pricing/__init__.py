"""What a basket costs. Plain Python: dataclasses in, dataclasses out, no Django and no database."""

from catalog.pricing.bill import Bill, BillInput, BillLine, FeeRules, LineInput, base_delivery, make_bill

__all__ = ["Bill", "BillInput", "BillLine", "FeeRules", "LineInput", "base_delivery", "make_bill"]
