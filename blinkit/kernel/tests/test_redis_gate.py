"""A Redis that hangs: one call of a process waits, no other does. Before the real server stands one that can hang."""

import select
import socket
import threading
from urllib.parse import urlsplit

import pytest
import redis
from django.contrib.auth import get_user_model
from django.core.cache import caches
from redis.connection import UnixDomainSocketConnection

from blinkit.kernel import delivery, metrics, redis_client, redis_gate
from blinkit.kernel.redis_gate import Gate, RedisHangs, gate_of, gated


class Hanging:
    """Takes connections on a socket of its own and passes everything on to the real server, unless `hangs`."""

    def __init__(self, path, to):
        self.url, self.path, self.to, self.hangs, self.asked = f"unix://{path}", path, to, False, 0
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(64)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                inside, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._pass_on, args=(inside,), daemon=True).start()

    def _pass_on(self, inside):
        is_unix = self.to.scheme == "unix"
        outside = socket.socket(socket.AF_UNIX if is_unix else socket.AF_INET)
        outside.connect(self.to.path if is_unix else (self.to.hostname, self.to.port or 6379))
        with inside, outside:
            while True:
                for end in select.select([inside, outside], [], [])[0]:
                    sent = end.recv(65536)
                    if not sent:
                        return
                    if not self.hangs:
                        (outside if end is inside else inside).sendall(sent)
                    elif end is inside:
                        self.asked += 1  # nobody will answer


@pytest.fixture
def server(tmp_path, settings, monkeypatch):
    made = Hanging(tmp_path / "redis", urlsplit(settings.REDIS_URL))
    monkeypatch.setattr(redis_gate, "PAUSE_S", 3600.0)
    monkeypatch.setattr(metrics, "_see_to_flush", lambda: None)  # a thread of its own, which would ask as well
    if (timer := metrics._timer) is not None:  # begun by a test before this one
        timer.cancel()
        timer.join()
        monkeypatch.setattr(metrics, "_timer", None)
    settings.REDIS_URL = made.url
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": made.url, "OPTIONS": gated(made.url)}}
    redis_client.client.cache_clear()
    yield made
    redis_client.client.cache_clear()
    made.listener.close()


@pytest.fixture
def soon(monkeypatch):
    """The pause is over at once."""
    monkeypatch.setattr(redis_gate, "PAUSE_S", 0.0)


def ask(server):
    return redis_client.client().get("something")


def test_after_the_first_that_waited_nobody_is_sent_to_a_server_that_hangs(server):
    ask(server)
    server.hangs = True
    with pytest.raises(redis.TimeoutError):
        ask(server)
    seen = server.asked
    for _ in range(20):
        with pytest.raises(RedisHangs):
            ask(server)
    assert server.asked == seen == 1
    with pytest.raises(RedisHangs):
        caches["default"].get("anything")
    assert server.asked == seen, "one server, one gate"


def test_without_the_gate_each_would_wait(server):
    """The control: the connection as it comes."""
    plain = redis.Redis.from_url(server.url, socket_timeout=0.05, retry=None)
    plain.get("something")
    server.hangs = True
    for _ in range(3):
        with pytest.raises(redis.TimeoutError):
            plain.get("something")
    assert server.asked == 3


def test_the_gate_opens_with_the_first_answer(server, soon):
    server.hangs = True
    with pytest.raises(redis.TimeoutError):
        ask(server)
    for seen in (2, 3):  # one short PING each time the pause is over
        with pytest.raises(RedisHangs):
            ask(server)
        assert server.asked == seen
    assert gate_of(server.url).is_shut
    server.hangs = False
    assert ask(server) is None
    assert not gate_of(server.url).is_shut


def test_of_all_who_come_when_the_pause_is_over_one_asks():
    asked, there = [], threading.Barrier(8)

    class Connection:
        def answers(self):
            asked.append(1)
            return False

    gate = Gate()
    gate.shut()
    gate._ask_at = 0.0

    def come():
        there.wait()
        with pytest.raises(RedisHangs):
            gate.pass_through(Connection())

    threads = [threading.Thread(target=come) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(asked) == 1


def test_one_that_is_gone_is_no_reason_to_keep_the_gate_shut(server, soon):
    server.hangs = True
    with pytest.raises(redis.TimeoutError):
        ask(server)
    server.path.unlink()
    with pytest.raises(redis.ConnectionError) as gone:
        ask(server)
    assert not isinstance(gone.value, RedisHangs), "it refuses by itself, at once"
    assert not gate_of(server.url).is_shut


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/cart/", "/account/"])
def test_a_page_of_somebody_signed_in_waits_once(server, client, path):
    client.force_login(get_user_model().objects.create_user("+919812345678"))
    assert client.get(path, follow=True).status_code == 200
    server.hangs = True
    assert client.get(path, follow=True).status_code == 200, "still signed in, from the database"
    assert server.asked == 1
    assert client.get(path, follow=True).status_code == 200
    assert server.asked == 1


def test_nothing_is_handed_to_a_broker_that_hangs(server, monkeypatch):
    """The broker has timeouts of its own, which are longer: it is not even asked."""
    published = []
    monkeypatch.setattr("blinkit.kernel.tasks.deliver.apply_async", lambda **given: published.append(given))
    delivery.publish([1])
    server.hangs = True
    delivery.publish([2])
    assert [given["kwargs"]["ids"] for given in published] == [[1]]


def test_every_address_has_the_connection_of_its_kind():
    kinds = {url: gated(url)["connection_class"] for url in ("unix:///a", "redis://b/0", "rediss://c/0")}
    assert issubclass(kinds["unix:///a"], UnixDomainSocketConnection)
    assert {kind.plain.__name__ for kind in kinds.values()} == {
        "UnixDomainSocketConnection", "Connection", "SSLConnection",
    }  # fmt: skip
    assert kinds["unix:///a"].gate is gate_of("unix:///a") is not gate_of("redis://b/0")
