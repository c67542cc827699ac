"""Checkout: from a cart to an order that holds its stock and owes its money, in one transaction or not at all."""

from orders.services.checkout.placing import checkout
from orders.services.checkout.refusing import INSTRUCTIONS
from orders.services.checkout.writing import pay_window

__all__ = ["INSTRUCTIONS", "checkout", "pay_window"]
