"""Ask on screens and for programs: every state is said, all works without script, nobody gets more than theirs."""

import csv
import io
import zipfile
from dataclasses import replace

import orjson
import pytest
from django.utils import translation

from accounts.models import RoleGrant
from accounts.tests.factories import UserFactory
from blinkit.kernel.errors import Invalid, NotAllowed
from catalog.tests.factories import NOW
from dashboard import cells, charts, files
from dashboard.ask.columns import Column
from dashboard.links import packed, unpacked
from dashboard.models import QuestionWatch, SavedQuestion
from dashboard.services import asking
from dashboard.tests.asking import COLUMNS, ONIONS, REFUSED, ROWS, SORRY, WHICH, Fake

U = packed(ONIONS.understood)
HTMX = {"HX-Request": "true"}


@pytest.fixture
def fake(monkeypatch):
    made = Fake()
    monkeypatch.setattr(asking, "ask", made)
    monkeypatch.setattr(asking, "suggest", lambda text, *, caller: ["cheapest onions", "onion prices"])
    monkeypatch.setattr(asking, "may_ask", lambda understood, *, caller: "ops" in caller.audiences)
    return made


@pytest.fixture
def ops(client):
    person = UserFactory(roles=["ops"])
    client.force_login(person)
    return person


# -- plain parts ------------------------------------------------------------------------------------------------------


def test_values_are_said_in_their_units():
    said = [
        cells.show(value, kind)
        for value, kind in [
            (12_345_650, "paise"), (1_250, "bp"), (45, "seconds"), (750, "seconds"), (123_456, "number"),
            (8.25, "minutes"), (True, "flag"), (None, "paise"), (NOW, "time"), (NOW.date(), "date"), ("x", "text"),
            (["a", "b"], "text"),
        ]
    ]  # fmt: skip
    assert said == [
        "₹1,23,456.50", "12.5 %", "45 s", "12.5 min", "1,23,456", "8.25 min", "yes", "–", f"{NOW:%-d %b}, 14:30",
        f"{NOW:%-d %b %Y}", "x", "a, b",
    ]  # fmt: skip


def test_a_link_comes_back_as_it_went_and_a_damaged_or_huge_one_is_refused():
    told = {"intent": "cheapest", "filters": [{"field": "listing.name", "values": ["प्याज़"]}]}
    assert unpacked(packed(told)) == told
    bomb = packed({"a": "0" * 3_000_000})
    for wrong in ("", "x", "@@@", U[:-4], "A" * 9_000, bomb, packed({"a": 1})[::-1]):
        with pytest.raises(Invalid):
            unpacked(wrong)


def test_the_picture_fits_the_answer():
    bars = charts.chart_of(intent="cheapest", columns=COLUMNS, rows=ROWS)
    assert (bars.kind, [point.text for point in bars.points]) == ("bars", ["₹29", "₹34", "₹1,234.56"])
    assert [point.wide for point in bars.points] == [2.3, 2.8, 100.0]
    share = charts.chart_of(
        intent="share", columns=(Column("p", "p", "text"), Column("n", "n", "number")), rows=[("a", 1), ("b", 3)]
    )
    assert [point.wide for point in share.points] == [25.0, 75.0]
    detail = (
        Column("way", "way", "text"),
        Column("total", "total", "paise", is_drawn=True),
        Column("what", "what", "text", part="detail"),
        Column("missing", "not sold there", "text", part="without"),
    )
    ways = charts.chart_of(
        intent="compare", columns=detail, rows=[("best", 1, "1 × Onion", ""), ("at one", 2, "2 × Onion", "milk")]
    )
    assert [point.label for point in ways.points] == ["best", "at one · without milk"]
    days = [(NOW.replace(day=day).date(), 100 + day) for day in (3, 1, 2)]
    line = charts.chart_of(intent="trend", columns=(Column("d", "d", "date"), Column("n", "n", "number")), rows=days)
    assert (line.kind, [(p.x, p.y) for p in line.points]) == ("line", [(0, 100), (50, 50), (100, 0)])
    assert charts.chart_of(intent="figure", columns=COLUMNS, rows=ROWS[:1]) is None
    assert charts.chart_of(intent="list", columns=COLUMNS, rows=ROWS) is None
    assert charts.from_json(orjson.loads(orjson.dumps(line.as_json()))).points[0].text == "101"
    for chart in (bars, line):
        assert charts.png(chart, title="प्याज़ " * 30).startswith(b"\x89PNG")


def test_a_file_carries_numbers_as_numbers_and_no_formula_runs():
    columns = (*COLUMNS, Column("off", "discount", "bp"), Column("at", "seen", "time"))
    rows = [(*row, 1_250, NOW) for row in ROWS]
    text = b"".join(files.csv_pieces(columns=columns, rows=rows)).decode("utf-8-sig")
    first, *lines = csv.reader(io.StringIO(text))
    assert first == ["name", "platform", "price (₹)", "discount (%)", "seen"]
    assert lines[2] == ["'=HYPERLINK(1)", "'@home", "1234.56", "12.5", f"{NOW:%Y-%m-%d} 14:30"]
    book = zipfile.ZipFile(io.BytesIO(b"".join(files.excel(columns=columns, rows=rows, title="=1+1", notes=["SQL"]))))
    sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet and "<v>1234.56</v>" in sheet and "=HYPERLINK(1)" in sheet


# -- operations -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_an_answer_shows_chips_sentence_chart_table_sql_and_how_fresh_it_is(client, ops, fake):
    fake.says = replace(ONIONS, total=1_204, more=True, unused=("please",))
    page = client.get("/ops/ask/", {"q": "cheapest onions please"}).content.decode()
    for part in (
        "The cheapest onion is ₹29 on Zepto.", "Price: below ₹50", "(₹)", "gone=yes", "ask-bars",
        "<td class=\"num\">₹29</td>", "SELECT 1 FROM ask.listing", "As of", "1,204 rows, showing 1–3",
        "Not used: please", "Watch this", "page=1",
    ):  # fmt: skip
        assert part in page, part
    assert "=HYPERLINK(1)" in page and "<script>" not in page
    asked, caller, page_no = fake.asked[0]
    assert (asked, page_no, "ops" in caller.audiences) == ("cheapest onions please", 0, True)
    part = client.get("/ops/ask/", {"u": U, "page": "1"}, headers=HTMX)
    assert "<html" not in part.content.decode() and part["HX-Push-Url"].endswith("page=1")
    assert fake.asked[1][0] == ONIONS.understood and fake.asked[1][2] == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("says", "words"),
    [
        (WHICH, ["Which?", "The price of milk", "Sales"]),
        (SORRY, ["I do not know “blorp”.", "cheapest onions"]),
        (REFUSED, ["Ask only reads."]),
        (replace(ONIONS, rows=(), total=0), ["Take a part of what was understood away"]),
    ],
)
def test_every_other_state_says_what_to_do(client, ops, fake, says, words):
    fake.says = says
    page = client.get("/ops/ask/", {"q": "x"}).content.decode()
    assert [word for word in words if word not in page] == []


@pytest.mark.django_db
def test_hindi_readers_read_hindi_around_the_answer(client, ops, fake):
    with translation.override("hi"):
        assert cells.show(True, "flag") and cells.show(300, "seconds")
    assert client.get("/ops/ask/", {"q": "x"}, headers={"accept-language": "hi"}).status_code == 200


@pytest.mark.django_db
def test_only_operations_open_the_page_and_damaged_links_are_refused_in_words(client, fake):
    assert client.get("/ops/ask/").status_code == 302
    client.force_login(UserFactory(roles=["rider"]))
    for path in ("/ops/ask/", "/ops/ask/answer.csv", "/ops/ask/suggest/", "/ops/ask/change/"):
        assert client.get(path, {"u": U}).status_code == 403, path
    assert client.post("/ops/ask/save/", {"u": U}).status_code == 403
    client.force_login(UserFactory(roles=["ops"]))
    for path in ("/ops/ask/", "/ops/ask/change/", "/ops/ask/answer.csv", "/ops/ask/answer.xlsx"):
        assert client.get(path, {"u": "damaged"}).status_code == 400, path
    assert fake.asked is None
    assert "cheapest onions" in client.get("/ops/ask/suggest/", {"q": "on"}).content.decode()
    assert client.get("/ops/").content.decode().count('data-ideas="/ops/ask/suggest/"') == 1


@pytest.mark.django_db
def test_files_hold_every_page_and_an_unanswered_question_gives_none(client, ops, fake, monkeypatch):
    pages = {0: replace(ONIONS, more=True), 1: replace(ONIONS, page=1)}
    monkeypatch.setattr(asking, "ask", lambda asked, *, caller, now, page=0, **_: pages[page])
    answer = client.get("/ops/ask/answer.csv", {"u": U})
    assert len(b"".join(answer.streaming_content).splitlines()) == 7
    assert answer["Content-Disposition"] == 'attachment; filename="cheapest-onions.csv"'
    assert b"".join(client.get("/ops/ask/answer.xlsx", {"u": U}).streaming_content).startswith(b"PK")
    monkeypatch.setattr(asking, "ask", Fake(REFUSED))
    assert client.get("/ops/ask/answer.csv", {"q": "drop it"}).status_code == 400


@pytest.mark.django_db
def test_saved_questions_are_ones_own_until_shared_and_asked_with_the_rights_of_who_opens_them(client, ops, fake):
    client.post("/ops/ask/save/", {"u": U, "q": "cheapest onions", "title": "Onions"})
    client.post("/ops/ask/save/", {"u": U, "q": "cheapest onions", "title": "Onions today"})  # kept once
    kept = SavedQuestion.objects.get()
    assert (kept.title, kept.understood, kept.is_shared) == ("Onions today", ONIONS.understood, False)
    page = f"/ops/ask/saved/{kept.pk}/"
    assert "Onions today" in client.get(page).content.decode()
    other = UserFactory(roles=["ops"])
    client.force_login(other)
    assert client.get(page).status_code == 404
    for act in ("share", "delete"):
        assert client.post(f"{page}{act}/", {"shared": "yes"}).status_code == 404
    assert "Onions today" not in client.get("/ops/ask/").content.decode()
    client.force_login(ops)
    client.post(f"{page}share/", {"shared": "yes"})
    client.force_login(other)
    assert "Onions today" in client.get("/ops/ask/").content.decode()
    assert client.get(page).status_code == 200 and fake.asked[-1][1].user_id == other.pk
    assert "Delete" not in client.get(page).content.decode()
    fake.says = NotAllowed("You may not ask about payouts.")
    assert client.get(page).status_code == 403
    RoleGrant.objects.filter(user=other).delete()
    assert client.get(page).status_code == 403
    client.force_login(ops)
    client.post(f"{page}delete/")
    assert not SavedQuestion.objects.exists()


@pytest.mark.django_db
def test_watching_takes_bounds_as_people_write_them(client, ops, fake):
    given = {"u": U, "q": "cheapest onions", "title": "Onions", "field": "price:paise", "every": "60"}
    client.post("/ops/ask/watch/", {**given, "above": "₹1,500.50", "below": " 20 "})
    one = QuestionWatch.objects.get()
    assert (one.field, one.above, one.below, one.every_s, one.owner_id) == ("price", 150_050, 2_000, 60, ops.pk)
    another = packed({"intent": "list", "entity": "listing"})
    for wrong in ({"above": "lots"}, {"above": "nan"}, {"every": "1"}, {"field": ""}, {"field": "of_no_answer:paise"}):
        assert client.post("/ops/ask/watch/", {**given, "u": another, **wrong}).status_code == 302
    one.refresh_from_db()
    assert (one.above, QuestionWatch.objects.count()) == (150_050, 1)
    assert SavedQuestion.objects.count() == 1  # what could not be watched was not kept either
    assert "Onions" in client.get("/ops/ask/").content.decode()
    client.post(f"/ops/ask/watches/{one.pk}/stop/")
    one.refresh_from_db()
    assert not one.is_active


# -- everybody --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_public_box_asks_as_the_public_whoever_is_signed_in_and_keeps_the_tools_to_itself(client, ops, fake):
    page = client.get("/compare/ask/", {"q": "cheapest onions"}).content.decode()
    assert "The cheapest onion is ₹29 on Zepto." in page and 'data-ideas="/compare/ask/suggest/"' in page
    assert "SELECT" not in page and "Watch this" not in page
    assert fake.asked[-1][1].audiences == frozenset({"public"})
    fake.says = REFUSED
    part = client.get("/compare/ask/", {"q": "late orders"}, headers=HTMX).content.decode()
    assert "Ask only reads." in part and "<html" not in part


@pytest.mark.django_db
def test_the_public_box_has_a_limit_per_address(client, fake, settings):
    settings.ASK_PUBLIC_PER_MINUTE, settings.RATE_LIMIT_PER_MINUTE = 2, 100
    codes = [client.get("/compare/ask/", {"q": "x"}, REMOTE_ADDR="203.0.113.7").status_code for _ in range(3)]
    assert codes == [200, 200, 429]
    assert client.get("/compare/ask/", REMOTE_ADDR="203.0.113.7").status_code == 200  # the empty page asks nothing
    assert client.get("/api/v1/query/", {"q": "x"}, REMOTE_ADDR="203.0.113.7").status_code == 429


# -- programs ---------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_programs_ask_in_words_or_with_a_query_object_and_page_on(api, fake):
    fake.says = replace(ONIONS, more=True, total=9)
    found = api().get("/api/v1/query/", {"q": "cheapest onions"}).json()
    assert found["rows"][0] == ["Onion", "Zepto", 2_900] and found["columns"][2]["kind"] == "paise"
    assert (found["total"], found["next_page"], found["sql"]) == (9, 1, "")
    again = api(UserFactory(roles=["ops"])).post("/api/v1/query", {"understood": found["understood"], "page": 1})
    assert again.json()["sql"].startswith("SELECT")
    assert (fake.asked[-1][0], fake.asked[-1][2]) == (ONIONS.understood, 1)
    assert "ops" in fake.asked[-1][1].audiences and "ops" not in fake.asked[0][1].audiences
    assert api().get("/api/v1/query/suggest", {"q": "on"}).json()["questions"][0] == "cheapest onions"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"question": "x", "understood": {}},
        {"question": "y" * 501},
        {"understood": [1]},
        {"question": "x", "page": -1},
    ],
)
def test_a_body_that_is_no_question_is_a_problem_document(api, fake, body):
    answer = api().post("/api/v1/query/", body)
    assert answer.status_code == 400 and answer["Content-Type"] == "application/problem+json"
    assert fake.asked is None


@pytest.mark.django_db
def test_a_query_object_beyond_ones_rights_is_forbidden_and_a_question_says_why(api, fake):
    fake.says = REFUSED
    answer = api().post("/api/v1/query/", {"understood": {"entity": "payouts"}})
    assert (answer.status_code, answer.json()["detail"]) == (403, "Ask only reads.")
    assert api().get("/api/v1/query/", {"q": "payouts"}).json()["why"] == "Ask only reads."
    fake.says = WHICH
    assert [one["text"] for one in api().get("/api/v1/query/", {"q": "milk"}).json()["readings"]] == [
        "The price of milk", "Sales",
    ]  # fmt: skip


@pytest.mark.django_db
def test_a_bound_that_is_no_number_loses_nothing(client, ops, fake):
    """Without script the answer is there again; with it the form stays as it is under the sentence. In Hindi too."""
    form = {"u": U, "title": "Onions", "field": "price:paise", "above": "dear"}
    back = client.post("/ops/ask/watch/", form)
    assert (back.status_code, back["Location"].partition("?u=")[0]) == (302, "/ops/ask/")
    assert "That is no number." in client.get(back["Location"]).content.decode()
    client.cookies["django_language"] = "hi"
    with translation.override("hi"):  # and back: a request leaves its language behind
        stays = client.post("/ops/ask/watch/", form, headers=HTMX)
    assert (stays.status_code, stays["HX-Retarget"]) == (400, "#toasts")
    assert "That is no number." not in stays.content.decode()
    assert not QuestionWatch.objects.exists() and not SavedQuestion.objects.exists()
    del client.cookies["django_language"]
    done = client.post("/ops/ask/watch/", form | {"above": "50"}, headers=HTMX)
    assert (done.status_code, done["HX-Redirect"]) == (204, f"/ops/ask/saved/{SavedQuestion.objects.get().pk}/")
