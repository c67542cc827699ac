"""Refusals inventory can give."""

from blinkit.kernel.errors import Conflict


class OutOfStock(Conflict):
    """Carries `short`: {product id: units really free}."""

    code = "out-of-stock"
