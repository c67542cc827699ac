"""What is printed on a bag. Plain Python: no Django.

A label carries no name, address or telephone number: whoever finds a bag learns nothing about its customer.
"""

from fulfillment.labelling.label import SIZES, Label, Size, short_number
from fulfillment.labelling.zpl import zpl

__all__ = ["SIZES", "Label", "Size", "short_number", "zpl"]
