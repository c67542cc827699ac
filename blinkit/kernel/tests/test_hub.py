"""One subscription per process: nothing is missed, also when it breaks."""

import asyncio

import pytest
from asgiref.sync import async_to_sync
from channels.layers import channel_layers, get_channel_layer
from django.test import override_settings

from blinkit.kernel import hub as hubs
from blinkit.kernel import live, ws
from blinkit.kernel.hub import hub
from blinkit.kernel.redis_client import client


class Ear:
    def __init__(self):
        self.heard = asyncio.Queue()
        self.looks = 0

    def hear(self, group, message):
        self.heard.put_nowait((group, message))

    def look_again(self, within_s):
        self.looks += 1

    async def next(self):
        return await asyncio.wait_for(self.heard.get(), 5)


def run(scene):
    return async_to_sync(scene)()


def test_who_listens_hears_hints_data_and_what_was_shared_in_bulk_and_others_do_not():
    async def scene():
        mine, other = Ear(), Ear()
        await hub().join(mine, ["order.1", "user.1"])
        await hub().join(other, ["order.2"])
        await asyncio.to_thread(live._send_hints, [("order.1", "order", "1")])
        await asyncio.to_thread(live.share, "user.1", {"n": 1})
        batch = live.Batch()
        batch.share("order.1", {"lat": 1.5})
        batch.share("order.3", {"lat": 2.5})
        assert await asyncio.to_thread(batch.send)
        told = [await mine.next() for _ in range(3)]
        hub().leave(mine, ["order.1", "user.1"])
        hub().leave(other, ["order.2"])
        return told, other.heard.qsize()

    told, others = run(scene)
    assert told == [
        ("order.1", {"type": "live.hint", "what": [["order", "1"]]}),
        ("user.1", {"type": "live.data", "data": {"n": 1}}),
        ("order.1", {"type": "live.data", "data": {"lat": 1.5}}),
    ]
    assert others == 0


def test_a_thousand_that_join_at_once_are_a_few_commands_and_the_last_to_leave_ends_it():
    async def scene():
        ears = [Ear() for _ in range(1000)]
        before = client().info("commandstats").get("cmdstat_subscribe", {}).get("calls", 0)
        await asyncio.gather(*(hub().join(ear, [f"order.{n}"]) for n, ear in enumerate(ears)))
        asked = client().info("commandstats")["cmdstat_subscribe"]["calls"] - before
        await asyncio.to_thread(live.share, "order.999", {"n": 1})
        heard = await ears[999].next()
        for n, ear in enumerate(ears):
            hub().leave(ear, [f"order.{n}"])
        for _ in range(100):
            if not any(number for _, number in client().pubsub_numsub(live.channel_of("order.5"))):
                break
            await asyncio.sleep(0.01)
        return asked, heard, client().pubsub_numsub(live.channel_of("order.5"))[0][1]

    asked, heard, left = run(scene)
    assert asked <= 8
    assert heard[1]["data"] == {"n": 1}
    assert left == 0


def test_after_the_connection_broke_everybody_hears_again_and_looks_again(monkeypatch):
    monkeypatch.setattr(hubs, "RETRY_S", 0.01)

    async def scene():
        ear = Ear()
        await hub().join(ear, ["order.1"])
        await hub()._pubsub.connection.disconnect()
        for _ in range(500):
            if ear.looks:
                break
            await asyncio.sleep(0.01)
        await asyncio.to_thread(live.share, "order.1", {"n": 2})
        heard = await ear.next()
        hub().leave(ear, ["order.1"])
        return ear.looks, heard

    assert run(scene) == (1, ("order.1", {"type": "live.data", "data": {"n": 2}}))


def test_without_redis_joining_fails_soon_and_data_of_this_process_still_arrives(monkeypatch, settings):
    monkeypatch.setattr(hubs, "JOIN_TIMEOUT_S", 0.1)
    settings.REDIS_URL = "redis://127.0.0.1:1"

    async def scene():
        ear = Ear()
        with pytest.raises(TimeoutError):
            await hub().join(ear, ["order.1"])
        await asyncio.to_thread(hubs.deliver_here, [("order.1", {"n": 3})])
        heard = await ear.next()
        hub().leave(ear, ["order.1"])
        return heard

    assert run(scene) == ("order.1", {"type": "live.data", "data": {"n": 3}})


def test_with_another_channel_layer_hints_arrive_too():
    async def scene():
        ear = Ear()
        await hub().join(ear, ["order.1"])
        await get_channel_layer().group_send("order.1", {"type": "live.hint", "what": []})
        heard = await ear.next()
        hub().leave(ear, ["order.1"])
        return heard

    with override_settings(CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}):
        channel_layers.backends = {}
        try:
            assert run(scene) == ("order.1", {"type": "live.hint", "what": []})
        finally:
            channel_layers.backends = {}


def test_a_slow_socket_gets_the_newest_position_and_a_gap_for_what_it_lost():
    sent, gate = [], asyncio.Event()

    class Slow(ws.LiveConsumer):
        async def send(self, text_data=None, bytes_data=None, close=False):
            await gate.wait()
            sent.append(text_data)

    async def scene():
        slow = Slow()
        slow._seq, slow._telling, slow._news = 0, None, ws.deque()
        for n in range(5):
            slow.data("order.1", {"type": "position", "n": n})
            await asyncio.sleep(0)
        gate.set()
        await slow._telling
        positions = [text[-7:] for text in sent]
        sent.clear()
        gate.clear()
        for n in range(ws.MOST_WAITING + 10):
            slow.tell_soon("news", n)
        gate.set()
        await slow._telling
        return positions, sent

    positions, news = run(scene)
    assert positions == ['"n":0}}', '"n":4}}']
    assert len(news) == ws.MOST_WAITING
    assert news[0].startswith('{"seq":12,')  # after 0 and 1 come ten that were lost
