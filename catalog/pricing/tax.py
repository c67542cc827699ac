"""CGST and SGST, or IGST: who gets the tax, by the place of supply.

Goods that are brought are supplied where their journey ends (IGST Act, section 10(1)(a)): the state of the address,
told by its PIN code. Within the supplier's state the tax is half CGST and half SGST (UTGST in a union territory), else
it is IGST as a whole. States are GST state codes: 29 is Karnataka.
"""

from __future__ import annotations

from dataclasses import dataclass

_STATES_BY_PIN = {
    "07": ("11",), "06": ("12", "13"), "02": ("17",), "08": ("30", "31", "32", "33", "34"),
    "24": ("36", "37", "38"), "27": ("41", "42", "43", "44"), "36": ("50",), "37": ("51", "52"),
    "29": ("56", "57", "58", "59"), "33": ("61", "62", "63", "64"), "32": ("67", "69"), "21": ("75", "76", "77"),
    "18": ("78",), "19": ("70", "71", "72"), "09": ("20", "21", "22", "23", "27", "28"),
}  # fmt: skip
# Only beginnings of PIN codes that lie in one state; where two states share one, the caller's own guess is better.
_STATE_OF = {start: state for state, starts in _STATES_BY_PIN.items() for start in starts}


@dataclass(frozen=True, slots=True)
class TaxSplit:
    cgst_paise: int = 0
    sgst_paise: int = 0
    igst_paise: int = 0

    def __add__(self, other: TaxSplit) -> TaxSplit:
        return TaxSplit(
            self.cgst_paise + other.cgst_paise,
            self.sgst_paise + other.sgst_paise,
            self.igst_paise + other.igst_paise,
        )


def split(tax_paise: int, *, supplier_state: str, place_of_supply: str) -> TaxSplit:
    """The parts sum exactly to the tax; of an odd amount the CGST has the odd paisa. A place "" is the supplier's."""
    if place_of_supply and place_of_supply != supplier_state:
        return TaxSplit(igst_paise=tax_paise)
    return TaxSplit(cgst_paise=tax_paise - tax_paise // 2, sgst_paise=tax_paise // 2)


def state_of_pincode(pincode: str) -> str:
    """The GST state code of a PIN code; "" where its first two digits do not tell."""
    digits = "".join(pincode.split())
    return _STATE_OF.get(digits[:2], "") if len(digits) == 6 and digits.isdigit() else ""
