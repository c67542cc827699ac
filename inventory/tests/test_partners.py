"""The doors for partners' programs: keys, scopes, and the answers as described."""

import csv
import json
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from accounts.tests.factories import UserFactory
from blinkit.kernel.models import Event
from catalog.tests.factories import NOW
from catalog.tests.factories import store as make_store
from inventory import queries, services
from inventory.models import ApiClient, Movement, Stock, SyncMessage
from inventory.services.clients import hashed, make_client, renew_key, revoke
from inventory.tests.factories import hold, stocked
from inventory.tests.test_batches import lots

pytestmark = pytest.mark.django_db
SYNC, LIST = "/api/v1/stock/sync/", "/api/v1/stock/"


def partner(*stores, **more):
    client, key = make_client(name="WMS", store_ids=[s.pk for s in stores], now=NOW, **({"may_write": True} | more))
    return client, calling(key)


def calling(key):
    http = APIClient()
    http.credentials(HTTP_AUTHORIZATION=f"Api-Key {key}")
    return http


def line(stock, **more):
    return {"store": stock.store.code, "product": stock.product.sku, "kind": "set", "units": 7, "sequence": 1} | more


def test_a_key_is_shown_once_and_kept_as_its_hash():
    client, key = make_client(name="WMS", store_ids=[], now=NOW)
    assert key.startswith("bks_") and len(key) > 40
    assert client.key_hash == hashed(key) and key not in str(ApiClient.objects.values().get())
    assert Event.objects.get(code="inventory.ApiClientChanged").payload["what"] == "made"


def test_lines_are_answered_one_by_one_and_counted():
    stock = stocked(10)
    hold(stock, 4)
    client, http = partner(stock.store)
    lines = [line(stock), line(stock), line(stock, units=1, sequence=2), line(stock, product="NO", sequence=3)]
    answer = http.post(SYNC, {"lines": lines})
    said = answer.json()
    assert (answer.status_code, [it["result"] for it in said["results"]]) == (
        200, ["applied", "duplicate", "refused", "refused"],
    )  # fmt: skip
    assert (said["applied"], said["duplicate"], said["refused"], said["stale"]) == (1, 1, 2, 0)
    assert (said["results"][2]["code"], said["results"][2]["held"]) == ("units-held", 4)
    assert Movement.objects.get(kind="sync").actor == f"client:{client.pk}"
    assert http.post(SYNC, {"lines": lines}).json()["duplicate"] == 2
    assert Stock.objects.get().on_hand == 7
    assert queries.audit() == []


@pytest.mark.parametrize(
    "body", [{}, {"lines": []}, {"lines": "x"}, {"lines": [{}]}, {"lines": [{"store": "A"}] * 1001}, [1]]
)
def test_what_is_not_as_described_is_refused_whole(body):
    stock = stocked(10)
    _client, http = partner(stock.store)
    if isinstance(body, dict) and isinstance(body.get("lines"), list) and body["lines"]:
        body = {"lines": [line(stock), *body["lines"]]}
    answer = http.post(SYNC, body)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert not SyncMessage.objects.exists()


def test_no_key_a_wrong_one_and_a_revoked_one_are_401_and_people_are_403(api):
    stock = stocked(10)
    client, http = partner(stock.store)
    for caller in (APIClient(), calling("bks_wrong"), calling("")):
        for answer in (caller.post(SYNC, {"lines": [line(stock)]}), caller.get(LIST, {"store": stock.store.code})):
            assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Api-Key")
    assert api(UserFactory(roles=["admin"])).post(SYNC, {"lines": [line(stock)]}).status_code == 403
    assert http.get(LIST, {"store": stock.store.code}).status_code == 200
    revoke(client_id=client.pk, actor="user:1", now=NOW)
    revoke(client_id=client.pk, actor="user:1", now=NOW)
    assert http.get(LIST, {"store": stock.store.code}).status_code == 401
    new = renew_key(client_id=client.pk, actor="user:1", now=NOW)
    assert http.get(LIST, {"store": stock.store.code}).status_code == 401
    assert calling(new).get(LIST, {"store": stock.store.code}).status_code == 200
    assert [e.payload["what"] for e in Event.objects.filter(subject=f"client:{client.pk}").order_by("pk")] == [
        "made", "revoked", "got a new key",
    ]  # fmt: skip
    assert Stock.objects.get().on_hand == 10


def test_a_client_reaches_its_own_stores_and_only_as_it_may():
    stock, other = stocked(10), make_store("BLR-X")
    _client, http = partner(other)
    assert http.post(SYNC, {"lines": [line(stock)]}).json()["results"][0]["code"] == "wrong-store"
    assert http.get(LIST, {"store": stock.store.code}).status_code == 404
    _reader, reads = make_client(name="ERP", store_ids=[stock.store_id], now=NOW)
    assert calling(reads).post(SYNC, {"lines": [line(stock)]}).status_code == 403
    _writer, writes = make_client(name="W", store_ids=[stock.store_id], may_read=False, may_write=True, now=NOW)
    assert calling(writes).get(LIST, {"store": stock.store.code}).status_code == 403
    assert Stock.objects.get().on_hand == 10


def test_a_client_has_a_budget_of_its_own():
    stock = stocked(10)
    _client, http = partner(stock.store, per_minute=2)
    answers = [http.get(LIST, {"store": stock.store.code}) for _ in range(3)]
    assert [it.status_code for it in answers] == [200, 200, 429]
    assert int(answers[2]["Retry-After"]) > 0


def test_its_use_is_noted_once_a_minute(django_assert_num_queries):
    stock = stocked(10)
    client, http = partner(stock.store)
    http.get(LIST, {"store": stock.store.code})
    client.refresh_from_db()
    assert client.last_used_at is not None
    with django_assert_num_queries(4):  # the key, the store, the rows, their lots
        http.get(LIST, {"store": stock.store.code})


def test_stock_is_listed_with_its_lots_by_cursor():
    first = lots(("A", 5, 90), ("B", 2, 40))
    rest = [stocked(3, at=first.store) for _ in range(4)]
    hold(first, 1)
    bad = first.batches.get(lot="A")
    services.block(batch_id=bad.pk, state="quarantined", reason="x", actor="user:1", now=NOW)
    _client, http = partner(first.store)
    page = http.get(LIST, {"store": first.store.code, "page_size": 2}).json()
    assert page["results"][0] | {"lots": len(page["results"][0]["lots"])} == {
        "sku": first.product.sku, "barcode": None, "bin": None, "on_hand": 7, "held": 1, "blocked": 5, "free": 1,
        "lots": 2,
    }  # fmt: skip
    assert [(it["lot"], it["state"], it["held"]) for it in page["results"][0]["lots"]] == [
        ("B", "open", 1), ("A", "quarantined", 0),
    ]  # fmt: skip
    seen = [it["sku"] for it in page["results"]]
    while page["next"]:
        page = http.get(page["next"]).json()
        seen += [it["sku"] for it in page["results"]]
    assert seen == [s.product.sku for s in (first, *rest)]


# -- files ------------------------------------------------------------------------------------------------------------


def test_a_file_goes_through_the_same_engine(tmp_path, capsys):
    stock = stocked(10)
    client, _key = make_client(name="WMS", store_ids=[stock.store_id], may_write=True, now=NOW)
    path, out = tmp_path / "stock.csv", tmp_path / "results.csv"
    path.write_text(
        "store,product,kind,units,sequence,lot,expires_on,counted_at\n"
        f"{stock.store.code},{stock.product.sku},set,8,1,,,\n"
        f"{stock.store.code},{stock.product.sku},set,many,2,,,\n"
        f"{stock.store.code},{stock.product.sku},delta,3,3,L1,2030-01-01,\n"
        f"{stock.store.code},NOTHING,set,8,1,,,\n"
    )
    with pytest.raises(SystemExit):  # lines were refused: a job must notice
        call_command("sync_stock", path, client="WMS", results=out)
    said = capsys.readouterr().out
    assert '"applied":2' in said and '"refused":2' in said
    assert [row.split(",")[-2] for row in out.read_text().splitlines()] == [
        "code",
        "",
        "bad-line",
        "",
        "unknown-product",
    ]
    assert Stock.objects.get().on_hand == 11
    path.write_text(json.dumps(line(stock, units=8)) + "\n")
    call_command("sync_stock", path, client="WMS")
    assert '"duplicate":1' in capsys.readouterr().out
    assert Stock.objects.get().on_hand == 11
    revoke(client_id=client.pk, actor="user:1", now=NOW + timedelta(days=1))
    with pytest.raises(CommandError, match="revoked"):
        call_command("sync_stock", path, client="WMS")


def test_an_administrator_makes_a_client_sees_its_key_once_and_uploads_for_it(client):
    stock = stocked(10)
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    answer = client.post(
        "/admin/inventory/apiclient/add/",
        {"name": "WMS", "may_read": "on", "may_write": "on", "stores": [stock.store_id], "per_minute": 60},
        follow=True,
    )
    made = ApiClient.objects.get()
    text = answer.content.decode()
    key = text.split("bks_")[1].split("<")[0].split()[0]
    assert made.key_hash == hashed(f"bks_{key}")
    assert f"bks_{key}" not in client.get(f"/admin/inventory/apiclient/{made.pk}/change/").content.decode()
    sheet = f"store,product,kind,units,sequence\n{stock.store.code},{stock.product.sku},set,4,1\n".encode()
    told = client.post(
        f"/admin/inventory/apiclient/{made.pk}/upload/", {"file": SimpleUploadedFile("s.csv", sheet)}, follow=True
    )
    assert "1 applied" in told.content.decode()
    assert Stock.objects.get().on_hand == 4
    chosen = {"action": "revoke", "_selected_action": [made.pk]}
    assert b"confirmed" in client.post("/admin/inventory/apiclient/", chosen).content
    made.refresh_from_db()
    assert made.revoked_at is None
    client.post("/admin/inventory/apiclient/", {**chosen, "confirmed": "yes"})
    made.refresh_from_db()
    assert made.revoked_at is not None


def test_staff_without_the_permission_neither_make_nor_upload(client):
    stock = stocked(10)
    made, _key = make_client(name="WMS", store_ids=[stock.store_id], may_write=True, now=NOW)
    client.force_login(UserFactory(is_staff=True))
    for url in ("add/", f"{made.pk}/upload/", f"{made.pk}/change/"):
        assert client.get(f"/admin/inventory/apiclient/{url}").status_code == 403


def test_a_file_with_bytes_that_are_no_text_has_refused_lines_and_no_error(db, tmp_path):
    stock = stocked(10)
    make_client(name="WMS", store_ids=[stock.store_id], may_write=True, now=NOW)
    path, out = tmp_path / "stock.csv", tmp_path / "results.csv"
    start = f"{stock.store.code},{stock.product.sku},set"
    path.write_text(
        f"store,product,kind,units,sequence,lot\n{start},4,1,A\0B\n{start},4,2,{'x' * 200_000}\n{start},7,3,\n"
    )
    with pytest.raises(SystemExit):
        call_command("sync_stock", path, client="WMS", results=out)
    assert [row["result"] for row in csv.DictReader(out.open())] == ["refused", "refused", "applied"]
    path.write_text('{"store": "X", "product": "a\\u0000b", "kind": "set", "units": 1, "sequence": 1}')
    with pytest.raises(SystemExit):
        call_command("sync_stock", path, client="WMS")
    path.write_text("s" * 200_000)
    with pytest.raises(CommandError):
        call_command("sync_stock", path, client="WMS")
