"""Hints and sockets over a real Redis layer."""

import asyncio
import time

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from channels.layers import get_channel_layer
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.db import connections, transaction
from django.urls import path

from blinkit.kernel import live, ws
from blinkit.kernel.errors import Conflict, NotFound
from blinkit.kernel.tokens import access_token_for, end_tokens


class Board(ws.LiveConsumer):
    reads = 0
    gone = False
    fail_once = False

    async def authorise(self):
        return "customer" in await self.roles() and self.scope["url_route"]["kwargs"]["code"] != "secret"

    def group_names(self):
        return [f"board.{self.scope['url_route']['kwargs']['code']}"]

    def snapshot(self):
        if Board.gone:
            raise NotFound("It is gone.")
        if Board.fail_once:
            Board.fail_once = False
            raise RuntimeError("database away")
        Board.reads += 1
        return {"reads": Board.reads}

    async def on_message(self, content):
        if content["type"] == "explode":
            raise RuntimeError("bug")
        if content["type"] == "refuse":
            raise Conflict("Not now.")
        await self.send_numbered("echo", content)


class Mine(ws.LiveConsumer):
    async def authorise(self):
        return ws.is_signed_in(self.scope["user"])

    def group_names(self):
        return [f"user.{self.scope['user'].pk}"]

    def snapshot(self):
        return {"user": self.scope["user"].pk}


APPLICATION = ws.wrap(
    URLRouter([path("ws/board/<code>", Board.as_asgi()), path("ws/mine", Mine.as_asgi())]),
)


@pytest.fixture(autouse=True)
def fresh(monkeypatch, request):
    Board.reads, Board.gone, Board.fail_once = 0, False, False
    # Channels looks after open connections between messages: one left over from another test is not ours to look at.
    if request.node.get_closest_marker("django_db") is None:
        connections.close_all()
    monkeypatch.setattr(ws, "RETRY_READ_S", 0.01)


def socket(code="a", *, roles=("customer",), headers=(), token=None):
    return WebsocketCommunicator(
        APPLICATION,
        f"/ws/board/{code}",
        headers=list(headers),
        subprotocols=["bearer", token or access_token_for(1, roles)],
    )


def run(coroutine_function):
    return async_to_sync(coroutine_function)()


async def heard(layer, group):
    channel = await layer.new_channel()
    await layer.group_add(group, channel)
    return channel


def test_a_hint_published_directly_reaches_the_real_layer():
    async def listen():
        layer = get_channel_layer()
        channel = await heard(layer, "order.1")
        await asyncio.to_thread(live._send_hints, [("order.1", "order", "1"), ("order.1", "order", "1")])
        hint = await asyncio.wait_for(layer.receive(channel), 5)
        await asyncio.to_thread(live.share, "order.1", {"lat": 1.5})
        data = await asyncio.wait_for(layer.receive(channel), 5)
        return hint, data

    hint, data = run(listen)
    assert hint == {"type": "live.hint", "what": [["order", "1"]]}
    assert data == {"type": "live.data", "data": {"lat": 1.5}}


@pytest.mark.django_db(transaction=True)
def test_hints_go_out_after_the_commit_once_per_group(monkeypatch):
    sent = []
    monkeypatch.setattr(live, "_publish", sent.append)
    with transaction.atomic():
        for _ in range(3):
            live.touch("order.1", what="order", id=1)
        live.touch("ops", what="order", id=1)
        live.touch("ops", what="stock")
        assert sent == []
    assert sent == [
        [
            ("order.1", {"type": "live.hint", "what": [["order", "1"]]}),
            ("ops", {"type": "live.hint", "what": [["order", "1"], ["stock", ""]]}),
        ]
    ]


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_change_gives_no_hint(monkeypatch):
    sent = []
    monkeypatch.setattr(live, "_publish", sent.append)
    with pytest.raises(RuntimeError), transaction.atomic():
        live.touch("ops", what="order")
        raise RuntimeError
    assert sent == []


def test_with_redis_down_nobody_notices(monkeypatch):
    class Dead:
        def __getattr__(self, name):
            raise ConnectionError("no redis")

    monkeypatch.setattr(live, "client", Dead)
    live.share("ops", {})
    live.remember("a", {"lat": 1.5}, ttl_s=5)
    assert live.recall("b") is None
    assert live.recall("a") == {"lat": 1.5}  # this process goes on alone


def test_a_fact_of_the_outage_is_not_believed_in_the_next_one(monkeypatch):
    class Dead:
        def __getattr__(self, name):
            raise ConnectionError("no redis")

    with monkeypatch.context() as away:
        away.setattr(live, "client", Dead)
        live.remember("carries", {"old": True}, ttl_s=60)
    live.remember("carries", {"old": False}, ttl_s=60)
    monkeypatch.setattr(live, "client", Dead)
    assert live.recall("carries") is None


def test_facts_are_remembered_for_a_while():
    live.remember("rider.1", {"lat": 12.5}, ttl_s=60)
    assert live.recall("rider.1") == {"lat": 12.5}
    assert live.recall("rider.2") is None
    assert 0 < live.client().ttl(live.key("fact:rider.1")) <= 60


@pytest.mark.django_db
def test_captured_hints_sees_every_touch(captured_hints):
    live.touch("ops", what="order", id=7)
    assert captured_hints == [("ops", "order", "7")]


def test_first_a_snapshot_then_numbered_messages():
    async def talk():
        one = socket()
        connected, subprotocol = await one.connect()
        first = await one.receive_json_from(5)
        await asyncio.to_thread(live._send_hints, [("board.a", "order", "1")])
        second = await one.receive_json_from(5)
        await asyncio.to_thread(live.share, "board.a", {"lat": 1})
        third = await one.receive_json_from(5)
        await one.send_json_to({"type": "resync"})
        fourth = await one.receive_json_from(5)
        await one.send_json_to({"type": "hello"})
        fifth = await one.receive_json_from(5)
        await one.send_json_to({"type": "ping"})
        pong = await one.receive_json_from(5)
        await one.disconnect()
        return connected, subprotocol, [first, second, third, fourth, fifth], pong

    connected, subprotocol, messages, pong = run(talk)
    assert connected
    assert subprotocol == "bearer"
    assert [m["seq"] for m in messages] == [0, 1, 2, 3, 4]
    assert [m["type"] for m in messages] == ["snapshot", "snapshot", "position", "snapshot", "echo"]
    assert messages[0]["data"] == {"reads": 1}
    assert messages[2]["data"] == {"lat": 1}
    assert pong == {"type": "pong"}


def test_many_sockets_of_a_group_share_one_read():
    async def talk():
        sockets = [socket() for _ in range(20)]
        for one in sockets:
            assert (await one.connect())[0]
        for one in sockets:
            await one.receive_json_from(5)
        before = Board.reads
        await asyncio.to_thread(live._send_hints, [("board.a", "order", "1")])
        answers = [await one.receive_json_from(5) for one in sockets]
        for one in sockets:
            await one.disconnect()
        return before, answers

    before, answers = run(talk)
    assert Board.reads - before <= 2  # one, or two when the hint reached some a moment later
    assert all(answer["data"]["reads"] > before for answer in answers)


def test_a_hint_during_a_read_is_answered_by_a_later_read():
    async def talk():
        one = socket()
        await one.connect()
        await one.receive_json_from(5)
        for _ in range(30):
            await asyncio.to_thread(live._send_hints, [("board.a", "order", "1")])
        last = None
        while not await one.receive_nothing(0.3, 0.01):
            last = await one.receive_json_from(1)
        await one.disconnect()
        return last

    last = run(talk)
    assert last["data"]["reads"] == Board.reads
    assert Board.reads < 15  # thirty hints in a burst are not thirty reads


@pytest.mark.parametrize(
    "given",
    [
        {"roles": ["rider"]},
        {"code": "secret"},
        {"token": "not.a.token"},
        {"headers": [(b"origin", b"https://evil.example"), (b"host", b"shop.example")]},
    ],
)
def test_strangers_are_not_let_in(given):
    async def talk():
        one = socket(**given)
        connected, _ = await one.connect()
        return connected

    assert run(talk) is False


@pytest.mark.django_db
def test_without_a_token_a_browser_of_our_own_origin_is_needed():
    async def talk(headers):
        one = WebsocketCommunicator(APPLICATION, "/ws/board/a", headers=headers)
        connected, _ = await one.connect()
        return connected

    for headers in ([], [(b"origin", b"https://evil.example"), (b"host", b"a.example")]):
        assert async_to_sync(talk)(headers) is False
    # Right origin, but nobody is signed in.
    assert async_to_sync(talk)([(b"origin", b"https://a.example"), (b"host", b"a.example")]) is False


def test_nonsense_from_a_client_harms_nobody():
    async def talk():
        one = socket()
        await one.connect()
        await one.receive_json_from(5)
        kinds = []
        for text in ("{", "[]", '"x"', '{"type":"explode"}', '{"type":"refuse"}', '{"type":null}'):
            await one.send_to(text_data=text)
            kinds.append((await one.receive_json_from(5))["type"])
        await one.send_to(bytes_data=b"\xff\x00")
        kinds.append((await one.receive_json_from(5))["type"])
        await one.send_json_to({"type": "ping"})
        assert await one.receive_json_from(5) == {"type": "pong"}
        await one.send_to(text_data="x" * (ws.LONGEST_MESSAGE + 1))
        closed = await one.receive_output(5)
        return kinds, closed

    kinds, closed = run(talk)
    assert kinds == ["refused"] * 5 + ["echo", "refused"]
    assert (closed["type"], closed["code"]) == ("websocket.close", ws.CLOSE_TOO_BIG)


def test_a_flood_ends_the_socket():
    async def talk():
        one = socket()
        await one.connect()
        await one.receive_json_from(5)
        for _ in range(ws.MOST_MESSAGES_PER_S + 1):
            await one.send_json_to({"type": "ping"})
        seen = [await one.receive_output(5) for _ in range(ws.MOST_MESSAGES_PER_S + 1)]
        return seen[-1]

    assert run(talk)["code"] == ws.CLOSE_REFUSED


def test_every_reason_to_close_is_one_that_daphne_lets_a_program_say():
    said = {name: code for name, code in vars(ws).items() if name.startswith("CLOSE_")}
    assert len(set(said.values())) == len(said) == 4
    assert all(3000 <= code <= 4999 for code in said.values())  # RFC 6455, 7.4.2; others become 1011 there


def test_a_snapshot_that_failed_is_read_again():
    Board.fail_once = True

    async def talk():
        one = socket()
        await one.connect()
        first = await one.receive_json_from(5)
        await one.disconnect()
        return first

    assert run(talk)["seq"] == 0


def test_a_thing_that_is_gone_is_said_and_the_socket_ends():
    Board.gone = True

    async def talk():
        one = socket()
        await one.connect()
        said = await one.receive_json_from(5)
        closed = await one.receive_output(5)
        return said, closed

    said, closed = run(talk)
    assert said["problem"]["type"] == "/problems/not-found"
    assert closed["type"] == "websocket.close"


@pytest.mark.django_db
def test_a_browser_comes_in_with_its_session(client, django_user_model):
    user = django_user_model.objects.create_user("+919000000001")
    client.force_login(user)
    cookie = f"sessionid={client.cookies['sessionid'].value}".encode()

    async def talk(origin):
        headers = [(b"cookie", cookie), (b"host", b"shop.example:8000"), (b"origin", origin)]
        one = WebsocketCommunicator(APPLICATION, "/ws/mine", headers=headers)
        connected, subprotocol = await one.connect()
        if not connected:
            return None
        first = await one.receive_json_from(5)
        await one.disconnect()
        return first["data"], subprotocol

    assert async_to_sync(talk)(b"http://shop.example:8000") == ({"user": user.pk}, None)
    assert async_to_sync(talk)(b"http://shop.example.evil:8000") is None
    assert async_to_sync(talk)(b"null") is None


def test_sockets_of_a_person_end_and_their_old_token_opens_none():
    async def scene():
        token = access_token_for(77, ["customer"])
        mine = WebsocketCommunicator(APPLICATION, "/ws/board/a", subprotocols=["bearer", token])
        other = WebsocketCommunicator(
            APPLICATION, "/ws/board/a", subprotocols=["bearer", access_token_for(78, ["customer"])]
        )
        for socket in (mine, other):
            assert (await socket.connect())[0]
            await socket.receive_json_from()
        await sync_to_async(live._send_ends)(["user.77"])
        closed = await mine.receive_output()
        assert (closed["type"], closed["code"]) == ("websocket.close", ws.CLOSE_ENDED)
        assert await other.receive_nothing(0.05)
        await sync_to_async(end_tokens)(77, at_ms=(int(time.time()) + 2) * 1000)
        again = WebsocketCommunicator(APPLICATION, "/ws/board/a", subprotocols=["bearer", token])
        assert (await again.connect())[0] is False
        await other.disconnect()

    async_to_sync(scene)()
