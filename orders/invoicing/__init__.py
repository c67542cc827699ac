"""What a tax invoice says: its figures, number and words, and what a credit note takes back. Plain Python.

Sources: CGST Act, sections 2(96), 31, 34; CGST Rules 46, 46A, 49, 53; docs/invoices.md.
"""

from orders.invoicing.credit import Reduction, Standing, is_price_reduction, reduce, whole
from orders.invoicing.figures import Fee, Figures, InvoiceLine, Sold, fee_rate, make_figures
from orders.invoicing.gstin import check_gstin, is_gstin, state_name
from orders.invoicing.numbers import credit_until, document_number, financial_year, month_of
from orders.invoicing.words import percent, rupees_in_words

__all__ = [
    "Fee",
    "Figures",
    "InvoiceLine",
    "Reduction",
    "Sold",
    "Standing",
    "check_gstin",
    "credit_until",
    "document_number",
    "fee_rate",
    "financial_year",
    "is_gstin",
    "is_price_reduction",
    "make_figures",
    "month_of",
    "percent",
    "reduce",
    "rupees_in_words",
    "state_name",
    "whole",
]
