"""What a shopping list costs: packs that cover each line, fees and offers of each platform, the best way to share the
list between platforms, and what fits a budget. Plain Python: whole paise and whole thousandths of g, ml or pieces.

The rules and what they cost in time are in docs/compare.md.
"""

from catalog.basketing.cover import Bundle, Cover, Pack, cover
from catalog.basketing.fees import Bill, Cost, Offer, Shop, Terms, bill
from catalog.basketing.split import Plan, solve

__all__ = ["Bill", "Bundle", "Cost", "Cover", "Offer", "Pack", "Plan", "Shop", "Terms", "bill", "cover", "solve"]
