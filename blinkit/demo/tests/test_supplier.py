"""The demo company may invoice: its numbers have their shape, and each store is in the state of its GSTIN."""

from blinkit.demo import places
from orders.invoicing import is_gstin


def test_the_supplier_and_its_stores_are_one_registration():
    gstin = places.SUPPLIER["gstin"]
    assert is_gstin(gstin)
    assert gstin[:2] == places.CITY["state_code"]
    assert {store.gstin for store in places.STORES} == {gstin}
    assert all(len(number) == 14 and number.isdigit() for number in (places.SUPPLIER["fssai"], places.STORES[0].fssai))
