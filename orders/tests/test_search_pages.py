"""The search page and its field: doubts, near things, options while typing, and what is noted of a question."""

from __future__ import annotations

import pytest

from catalog.models import SearchLog
from catalog.services import write_search_log
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


def test_options_while_typing_are_escaped(there):
    answer = there.get("/search/suggest/", {"q": "bas"}, HTTP_HX_REQUEST="true")
    assert '<option value="Basmati Rice &lt;Gold&gt;"></option>' in answer.content.decode()
    assert there.get("/search/suggest/", {"q": "' %"}).status_code == 200


def test_the_field_asks_for_options(there):
    page = there.get("/").content.decode()
    assert 'list="q-ideas"' in page and '<datalist id="q-ideas">' in page
