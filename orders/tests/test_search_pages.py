"""The search page and its field: doubts, near things, options while typing, and what is noted of a question."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import SearchLog, Store
from catalog.search.suggest import forget
from catalog.services import write_search_log
from catalog.services.findability import count_searches
from catalog.tests.factories import ProductFactory
from orders.tests.factories import HOME, shop

pytestmark = pytest.mark.django_db


@pytest.fixture
def there(client):
    shop(ProductFactory(sku="BASMATI", name="Basmati Rice <Gold>"))
    client.post("/place/", {"lat": HOME[0], "lng": HOME[1]})
    write_search_log()  # what other tests noted
    return client


def test_a_misspelt_question_is_answered_as_it_was_meant_and_the_page_says_so(there):
    page = there.get("/search/", {"q": "basmatti"}).content.decode()
    assert "Showing “basmati” for “basmatti”" in page and "result for “basmati”" in page and "Basmati Rice" in page


def test_near_things_are_called_near_and_count_as_not_found(there):
    page = there.get("/search/", {"q": "basmati zzqqx"}).content.decode()
    assert "These come near" in page and "Basmati Rice" in page
    write_search_log()
    assert SearchLog.objects.filter(query="basmati zzqqx", results=0).exists()


def test_a_plain_question_is_answered_without_remarks(there):
    page = there.get("/search/", {"q": "basmati"}).content.decode()
    assert "Did you mean" not in page and "Showing “" not in page and "come near" not in page


def test_options_while_typing_say_what_they_are_and_are_escaped(there):
    page = there.get("/search/suggest/", {"q": "bas"}, HTTP_HX_REQUEST="true").content.decode()
    option = page[page.index("idea-product") :]
    assert 'role="option"' in option and 'href="/p/BASMATI/"' in option
    assert "Basmati Rice &lt;Gold&gt;" in option and "<Gold>" not in page and "₹" in option
    assert there.get("/search/suggest/", {"q": "' %"}).status_code == 200


def test_nothing_typed_offers_what_the_store_is_asked_for_most(there):
    store = Store.objects.get()
    count_searches([SearchLog(store=store, query="basmati", results=1, at=timezone.now()) for _ in range(9)])
    forget()
    page = there.get("/search/suggest/", {"q": ""}).content.decode()
    assert "Asked for most here" in page and 'href="/search/?q=basmati"' in page


def test_the_products_of_a_suggestion_are_one_statement_with_price_and_picture(there):
    with CaptureQueriesContext(connection) as asked:
        there.get("/search/suggest/", {"q": "basm"})
    assert len([query for query in asked if "search_vector @@" in query["sql"]]) == 1
    assert not [query for query in asked if "inventory_stock" in query["sql"]]


def test_what_was_not_found_can_be_told_to_the_store_and_is_on_its_list(there):
    page = there.get("/search/", {"q": "zzqqx"}).content.decode()
    assert "Nothing found for “zzqqx”" in page and 'action="/search/missing/"' in page and 'href="/shelf/' in page
    answer = there.post("/search/missing/", {"wish": " Oat   milk ", "next": "/search/?q=zzqqx"}, follow=True)
    assert answer.redirect_chain[-1][0] == "/search/?q=zzqqx" and "We noted “Oat milk”" in answer.content.decode()
    write_search_log()
    assert SearchLog.objects.filter(query="Oat milk", results=0).count() == 1
    there.post("/search/missing/", {"wish": " ", "next": "//evil.test/"})
    write_search_log()
    assert SearchLog.objects.filter(results=0).exclude(query__in=["zzqqx", "Oat milk"]).count() == 0


def test_the_field_asks_for_options(there):
    page = there.get("/").content.decode()
    assert 'data-ideas="/search/suggest/"' in page and 'action="/search/"' in page
