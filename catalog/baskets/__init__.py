"""A whole shopping list on every platform: what covers each line, with fees, minimums and offers; the best split
between platforms; and what fits a budget. The arithmetic is `catalog.basketing`; this reads and says the steps.

Four statements, one more where a category or nothing at all is asked for.
"""

from catalog.baskets.answer import BasketAnswer, Order
from catalog.baskets.asked import MOST_LINES, MOST_PLATFORMS, BasketAsk, WantedLine
from catalog.baskets.planning import plan

__all__ = ["MOST_LINES", "MOST_PLATFORMS", "BasketAnswer", "BasketAsk", "Order", "WantedLine", "plan"]
