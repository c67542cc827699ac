"""The read door /graphql: the same words, refusals and statements as REST, and never more than its limits."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.tests.factories import UserFactory
from blinkit.kernel import limits as rate_limits
from catalog.models import FeePolicy, StoreLoad
from catalog.tests.factories import BrandFactory, ProductFactory
from orders import queries
from orders.graphql import limits
from orders.models import CartLine
from orders.tests.factories import HOME, customer, full_cart, place_order, shop
from orders.tests.test_nothing_to_pay import way_offer

pytestmark = pytest.mark.django_db
CARD = "sku name brand pack pricePaise mrpPaise unitPrice { paise per } available left maxQty image category"


def ask(http, query, status=200, **variables):
    answer = http.post("/graphql", {"query": query, "variables": variables})
    assert answer.status_code == status, answer.content
    return answer.json()


def refused(http, query, status=200, **variables):
    """(code, sentence) of the only error."""
    (error,) = ask(http, query, status, **variables)["errors"]
    return error["extensions"]["code"], error["message"]


def test_a_page_of_the_shelf_is_that_of_rest_in_the_same_statements(api):
    goods = [ProductFactory(brand=BrandFactory()) for _ in range(45)]
    place = shop(*goods)
    http = api()
    with CaptureQueriesContext(connection) as rest:
        page = http.get(f"/api/v1/stores/{place.code}/products/").json()
    query = f"""query Shelf($code: String!, $cursor: String) {{
        store(code: $code) {{ shelf(cursor: $cursor) {{ items {{ {CARD} }} nextCursor }} }} }}"""
    with CaptureQueriesContext(connection) as graph:
        shelf = ask(http, query, code=place.code)["data"]["store"]["shelf"]
    assert len(graph) == len(rest) == 3
    assert [card["sku"] for card in shelf["items"]] == [card["sku"] for card in page["items"]]
    assert len(shelf["items"]) == 40
    assert shelf["items"][0]["brand"] == page["items"][0]["brand"] != ""
    assert shelf["items"][0]["unitPrice"] == page["items"][0]["unit_price"]
    rest_of_it = ask(http, query, code=place.code, cursor=shelf["nextCursor"])["data"]["store"]["shelf"]
    assert (len(rest_of_it["items"]), rest_of_it["nextCursor"]) == (5, None)


def test_orders_with_lines_and_todays_products_take_as_many_statements_for_twenty_as_for_one(api, settings):
    settings.ORDER_MOST_OPEN_CASH = 0
    who, goods = customer(), ProductFactory.create_batch(6)
    place = shop(*goods, units=200)
    http = api(who)
    query = """query ($n: Int!) { orders(first: $n) { nextCursor items {
        number store { name } bill { totalPaise tax { cgstPaise } }
        lines { sku qty product { name pricePaise available } }
    } } }"""
    counts = []
    for many in (1, 20):
        for number in range(many):
            place_order(who, place, [goods[number % 6], goods[(number + 1) % 6]])
        with CaptureQueriesContext(connection) as asked:
            page = ask(http, query, n=many)["data"]["orders"]
        assert len(page["items"]) == many
        assert all(line["product"]["available"] for order in page["items"] for line in order["lines"])
        counts.append(len(asked))
    assert counts == [5, 5]  # orders, lines, the store's id (kept for some seconds outside tests), cards, stock
    seen, cursor = [], None
    while True:
        page = ask(
            http, "query ($c: String) { orders(first: 8, cursor: $c) { items { number } nextCursor } }", c=cursor
        )
        seen += [order["number"] for order in page["data"]["orders"]["items"]]
        cursor = page["data"]["orders"]["nextCursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 21


def test_fields_of_many_stores_take_one_statement(api):
    shop(ProductFactory())
    with CaptureQueriesContext(connection) as asked:
        found = ask(api(), "{ stores { code name city lat lng mode open } }")["data"]["stores"]
    assert (len(asked), found[0]["city"], found[0]["open"]) == (1, "Bengaluru", True)


def test_home_search_suggestions_and_product_in_one_query(api):
    milk = ProductFactory(name="Toned milk")
    place = shop(milk, units=3)
    answer = ask(
        api(),
        """query ($lat: Float!, $lng: Float!, $code: String!, $sku: String!) {
            serviceability(lat: $lat, lng: $lng) { served etaFromM etaToM fees { codLimitPaise } store { code name } }
            store(code: $code) {
                categories { slug children { slug } }
                search(q: "milk") { items { sku } meant }
                suggestions(q: "mil") { kind text key }
                product(sku: $sku) { name left description images { thumb } gallery { zoom } gstBp }
            }
        }""",
        lat=HOME[0],
        lng=HOME[1],
        code=place.code,
        sku=milk.sku,
    )["data"]
    assert answer["serviceability"]["store"] == {"code": place.code, "name": place.name}
    assert answer["serviceability"]["fees"]["codLimitPaise"] == 300_000
    store = answer["store"]
    assert store["categories"][0]["slug"] == milk.category.slug
    assert store["search"]["items"] == [{"sku": milk.sku}]
    assert store["product"] == {
        "name": "Toned milk",
        "left": 3,
        "description": "",
        "images": None,
        "gallery": [],
        "gstBp": 500,
    }


def test_the_cart_is_the_callers_own(api):
    who, goods = customer(), ProductFactory.create_batch(2)
    view = full_cart(who, shop(*goods), goods)
    query = """{ cart { units store { code } lines { sku qty grossPaise problem { code } }
        bill { totalPaise fingerprint why } } }"""
    cart = ask(api(who), query)["data"]["cart"]
    assert (cart["units"], cart["bill"]["fingerprint"]) == (2, view.fingerprint)
    assert ask(api(customer()), query)["data"]["cart"]["lines"] == []
    assert refused(api(), query)[0] == "sign-in-needed"
    guest = {"HTTP_GUEST_CART": str(uuid4())}
    empty = api().post("/graphql", {"query": query}, **guest).json()["data"]["cart"]
    assert (empty["units"], CartLine.objects.count()) == (0, 2)


def test_the_cart_is_priced_for_the_wallet_and_for_a_slot_as_by_rest(api):
    who = customer()
    _milk, place, _where = way_offer(who, in_wallet=9_000)
    FeePolicy.objects.update(surge_cap_paise=3_000)
    busy = {"surge_paise": 700, "surge_why": "Rain", "surge_until": timezone.now() + timedelta(hours=1)}
    StoreLoad.objects.update_or_create(store=place, defaults=busy)
    bills = {}
    for graph, rest in {
        'method: "online"': "method=online",
        'method: "online", useWallet: true': "method=online&use_wallet=true",
        'method: "online", later: true': "method=online&later=true",
    }.items():
        told = ask(api(who), f"{{ cart({graph}) {{ bill {{ totalPaise fingerprint }} }} }}")["data"]["cart"]["bill"]
        bills[graph] = told["totalPaise"]
        assert told["fingerprint"] == api(who).get(f"/api/v1/cart/?{rest}").json()["bill"]["fingerprint"]
    assert list(bills.values()) == [3_200, 4_700, 2_500]


def test_somebody_elses_order_is_not_found(api):
    who, other = customer(), customer()
    goods = ProductFactory.create_batch(2)
    order = place_order(who, shop(*goods), goods)
    query = """query ($id: UUID!) { order(id: $id) { number sentence otp steps { key state } payment { method }
        lines { sku product { name } } to { address } } }"""
    mine = ask(api(who), query, id=str(order.pk))["data"]["order"]
    assert (mine["number"], mine["otp"], len(mine["lines"])) == (order.number, order.door_otp, 2)
    assert refused(api(other), query, id=str(order.pk))[0] == "no-such-order"
    assert refused(api(), query, id=str(order.pk)) == ("sign-in-needed", "Please sign in first.")
    assert ask(api(other), "{ orders { items { number } } }")["data"]["orders"]["items"] == []


def test_refusals_have_the_codes_and_words_of_rest(api):
    place = shop(ProductFactory())
    for path, query in (
        ("stores/nowhere/categories/", '{ store(code: "nowhere") { categories { slug } } }'),
        (
            f"stores/{place.code}/products/nothing/",
            f'{{ store(code: "{place.code}") {{ product(sku: "nothing") {{ sku }} }} }}',
        ),
        (
            f"stores/{place.code}/products/?category=nothing",
            f'{{ store(code: "{place.code}") {{ shelf(category: "nothing") {{ nextCursor }} }} }}',
        ),
    ):
        rest = api().get(f"/api/v1/{path}").json()
        answer = ask(api(), query)
        (error,) = answer["errors"]
        assert f"/problems/{error['extensions']['code']}" == rest["type"]
        assert (error["message"], error["extensions"]["status"]) == (rest["detail"], rest["status"])
        assert error["path"]


# -- limits ----------------------------------------------------------------------------------------------------------


def test_the_cost_is_told_and_too_much_is_refused_with_both_figures(api):
    place = shop(ProductFactory())
    told = ask(api(), f'{{ store(code: "{place.code}") {{ shelf(first: 40) {{ items {{ sku name }} nextCursor }} }} }}')
    # store 1, shelf 20, and of each of 40: items 1 with 2 fields, nextCursor 1
    assert told["extensions"] == {"cost": 1 + 20 + 40 * (1 + 2 + 1), "limit": limits.MOST_COST}
    dear = "query ($n: Int!) { orders(first: $n) { items { lines { product { sku name pricePaise } } } } }"
    http = api(customer())
    with CaptureQueriesContext(connection) as asked:
        (error,) = ask(http, dear, 400, n=100)["errors"]
    assert len(asked) == 0
    cost = 20 + 100 * (1 + 1 + 10 * (2 + 3))
    assert error["extensions"] == {"code": "too-costly", "cost": cost, "limit": limits.MOST_COST}
    assert str(cost) in error["message"] and str(limits.MOST_COST) in error["message"]


def test_fragments_that_double_at_each_level_are_counted_and_not_run(api):
    names = "abcdefghijklmnopqrst"
    doubled = " ".join(f"fragment {a} on Query {{ ...{b} ...{b} }}" for a, b in pairwise(names))
    query = f"{{ ...a }} {doubled} fragment t on Query {{ stores {{ code }} }}"
    assert refused(api(), query, 400)[0] == "too-costly"
    assert refused(api(), "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }", 400)[0] == "bad-query"


def test_depth_aliases_directives_and_tokens_have_limits(api):
    children = "children { " * 10 + "slug" + " }" * 10
    assert refused(api(), f'{{ store(code: "x") {{ categories {{ {children} }} }} }}', 400)[0] == "too-deep"
    aliases = " ".join(f"s{n}: stores {{ code }}" for n in range(limits.MOST_ALIASES + 1))
    assert refused(api(), f"{{ {aliases} }}", 400) == ("too-many-aliases", "At most 15 aliases.")
    directives = " ".join("@include(if: true)" for _ in range(limits.MOST_DIRECTIVES + 1))
    codes = {
        error["extensions"]["code"] for error in ask(api(), f"{{ stores {{ code {directives} }} }}", 400)["errors"]
    }
    assert "too-many-directives" in codes
    assert refused(api(), "{ " + "stores { code } " * 300 + "}", 400)[0] == "bad-query"


@pytest.mark.parametrize("first", [0, -1, 101, 2**31 - 1])
def test_a_page_has_a_most(api, first):
    place = shop(ProductFactory())
    query = f'{{ store(code: "{place.code}") {{ shelf(first: {first}) {{ nextCursor }} }} }}'
    assert refused(api(), query)[0] == "invalid"


def test_introspection_is_open_only_where_the_settings_say_so(api, settings):
    query = "{ __schema { types { name fields { name args { name } } } } }"
    settings.GRAPHQL_INTROSPECTION = False
    assert {error["extensions"]["code"] for error in ask(api(), query, 400)["errors"]} == {"bad-query"}
    settings.GRAPHQL_INTROSPECTION = True
    assert any(found["name"] == "Card" for found in ask(api(), query)["data"]["__schema"]["types"])


def test_it_only_reads(api):
    for kind in ("mutation", "subscription"):
        code, sentence = refused(api(), f"{kind} {{ cart {{ units }} }}", 400)
        assert (code, "goes through REST" in sentence) == ("bad-query", True)


# -- transport -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        [],
        [{"query": "{ stores { code } }"}],
        {},
        {"query": ""},
        {"query": 7},
        {"query": "{"},
        {"query": "{ nothing }"},
        {"query": "{ stores { code } }", "variables": "x"},
        {"query": "query A { stores { code } } query B { stores { code } }"},
        {"query": "query A { stores { code } }", "operationName": "B"},
        {"query": "fragment a on Query { stores { code } }"},
        {"query": "query ($x: Int!) { orders(first: $x) { nextCursor } }", "variables": {"x": "many"}},
        {"query": "query ($x: UUID!) { order(id: $x) { number } }", "variables": {"x": "\x00"}},
        {"query": '{ order(id: "no") { number } }'},
        {"query": "{ stores { code } } " + "#" * 10_000},
        "{ stores { code } }",
    ],
)
def test_junk_is_a_refusal_and_nothing_of_the_inside_is_told(api, body):
    answer = api(customer()).post("/graphql", body)
    assert answer.status_code == 400, answer.content
    text = answer.content.decode()
    assert "Traceback" not in text and "strawberry" not in text


@pytest.mark.parametrize(
    "query",
    [
        "{ serviceability(lat: 95, lng: 2) { served } }",
        "{ serviceability(lat: 1e400, lng: 2) { served } }",
        '{ store(code: "\\u0000") { name } }',
        '{ orders(cursor: "junk") { nextCursor } }',
        '{ orders(cursor: "MjAyNi0wMS0wMSBh") { nextCursor } }',
        '{ cart(method: "gold") { units } }',
    ],
)
def test_junk_inside_a_query_is_refused_there(api, query):
    answer = ask(api(customer()), query)
    assert answer["errors"][0]["extensions"]["status"] < 500
    assert answer["errors"][0]["path"]


def test_a_bug_says_nothing_of_itself(api, monkeypatch):
    def broken(**_):
        raise RuntimeError("secret")

    monkeypatch.setattr(queries, "cart_view", broken)
    answer = ask(api(customer()), "{ cart { units } }")
    assert answer["errors"][0]["extensions"]["code"] == "internal-error"
    assert "secret" not in str(answer)


def test_only_json_by_post(api, settings):
    http = api()
    answers = {
        405: http.get("/graphql", {"query": "{ stores { code } }"}),
        406: http.post("/graphql", {"query": "{ stores { code } }"}, HTTP_ACCEPT="text/html"),
        413: http.post("/graphql", {"query": "{ stores { code } }", "variables": {"x": "x" * 40_000}}),
        415: http.post("/graphql", "query=%7Bstores%7Bcode%7D%7D", content_type="application/x-www-form-urlencoded"),
    }
    for status, answer in answers.items():
        assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    both = http.post("/graphql", {"query": "{ stores { code } }"}, HTTP_ACCEPT="application/graphql-response+json")
    assert both["Content-Type"] == "application/graphql-response+json"
    assert both["Cache-Control"] == "no-store"
    assert both["X-Request-ID"]


def test_a_browsers_session_needs_its_csrf_token():
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(UserFactory())
    answer = browser.post("/graphql", {"query": "{ cart { units } }"}, content_type="application/json")
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-allowed")


def test_it_counts_against_the_budget_of_the_api_once(api, settings):
    settings.RATE_LIMIT_PER_MINUTE = 3
    settings.RATE_LIMIT_TRUST_LOOPBACK = False
    assert rate_limits.is_exempt("127.0.0.1") is False
    http = api(customer())
    answers = [http.post("/graphql", {"query": "{ orders { nextCursor } }"}) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[0]["RateLimit-Remaining"] == "2"
    assert answers[3].json()["type"] == "/problems/too-many-requests"


def test_an_ended_token_is_refused(api):
    answer = api().post("/graphql", {"query": "{ stores { code } }"}, HTTP_AUTHORIZATION="Bearer junk")
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")


def test_the_written_schema_is_the_one_that_runs(capsys, settings):
    call_command("print_graphql")
    written = (settings.BASE_DIR / "docs" / "schema.graphql").read_text()
    assert capsys.readouterr().out == written, "manage.py print_graphql > docs/schema.graphql"
