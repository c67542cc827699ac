"""Health, metrics, logs, breakers, measuring commands."""

import io
import json
import logging

import pytest

from blinkit import env
from blinkit.kernel import breakers, health, logs, metrics
from blinkit.kernel.breakers import ServiceDown, breaker
from blinkit.kernel.commands import progress, report
from blinkit.kernel.errors import Invalid
from blinkit.kernel.models import Event

pytestmark = pytest.mark.urls("blinkit.kernel.tests.doors")


class Dead:
    def __getattr__(self, name):
        raise ConnectionError("no redis")


def test_live_asks_nobody(client):
    assert client.get("/health/live").json() == {"status": "ok"}


@pytest.mark.django_db
def test_ready_times_each_dependency(client):
    health.worker_beat("w1")
    answer = client.get("/health/ready")
    checks = answer.json()["checks"]
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"
    assert set(checks) == {"database", "cache", "broker", "workers"}
    assert all(check["status"] == "ok" and check["ms"] >= 0 for check in checks.values())
    assert checks["workers"]["alive"] == 1


@pytest.mark.django_db
def test_without_workers_it_is_degraded_but_serves(client):
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["checks"]["workers"] == {
        "status": "down",
        "error": "no worker has been heard of",
        "ms": answer.json()["checks"]["workers"]["ms"],
    }


def test_without_the_database_it_is_not_ready(client, monkeypatch):
    def down():
        raise ConnectionError("postgres://user:password@host")

    monkeypatch.setattr(health, "_database", down)
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (503, "down")
    assert "password" not in answer.content.decode()


@pytest.mark.django_db
def test_counts_of_all_processes_are_added(client):
    metrics.count("orders_placed_total", store="a")
    metrics.flush()
    metrics.count("orders_placed_total", 2, store="a")
    metrics.observe("pick_seconds", 0.02)
    metrics.observe("pick_seconds", 99)
    Event.objects.create(code="x", subject="y", payload={}, actor="", at="2026-01-01T00:00:00Z")
    body = client.get("/metrics").json()
    assert body["orders_placed_total"] == {"store=a": 3}
    assert body["pick_seconds_count"] == 2
    assert body["events_waiting"] == 1
    assert body["up"] == {"part=redis": 1, "part=database": 1}
    text = client.get("/metrics/prometheus").content.decode()
    assert "# TYPE blinkit_orders_placed_total counter" in text
    assert 'blinkit_orders_placed_total{store="a"} 3' in text
    assert 'blinkit_pick_seconds_bucket{le="0.025"} 1' in text
    assert 'blinkit_pick_seconds_bucket{le="+Inf"} 2' in text
    assert text.count("# TYPE blinkit_pick_seconds histogram") == 1


def test_requests_are_counted_by_route_not_by_path(client):
    client.get("/api/v1/errors/refusal")
    client.get("/api/v1/errors/other")
    found = {
        (name, dict(labels)["route"], dict(labels).get("status")): v
        for name, labels, v in metrics.read()
        if "route" in dict(labels)
    }
    assert found["http_requests_total", "api/v1/errors/<kind>", "409"] == 1
    assert found["http_requests_total", "api/v1/errors/<kind>", "200"] == 1


def test_counts_wait_while_redis_is_down(monkeypatch):
    metrics.count("a_total")
    with monkeypatch.context() as away:
        away.setattr(metrics, "client", Dead)
        metrics.flush()
    metrics.flush()
    assert ("a_total", (), 1.0) in metrics.read()


@pytest.mark.django_db
def test_metrics_answer_without_redis(client, monkeypatch):
    from redis.exceptions import ConnectionError as RedisConnectionError

    def away():
        raise RedisConnectionError

    monkeypatch.setattr(metrics, "read", away)
    assert client.get("/metrics").json()["up"] == {"part=redis": 0, "part=database": 1}


def test_secrets_and_phone_numbers_never_reach_a_log():
    event = {
        "event": "sent 98765 43210 and +919876543210 the code",
        "otp": "123456",
        "phone": "9876543210",
        "Authorization": "Bearer abc.def.ghi",
        "note": "Bearer abcdef and eyJhbGciOiJI.eyJzdWIi.c2ln",
        "card_number": "4111111111111111",
        "text": "card 4111 1111 1111 1111",
        "nested": {"refresh_token": "x", "plain": 5},
        "list": ["4111111111111111"],
        "order": "0193-4c5d-7e6f",
        "amount_paise": 123456,
        "ms": 12.5,
    }
    hidden = json.dumps(logs.redact(None, "info", event))
    for secret in ("98765", "9876543210", '123456"', "abcdef", "eyJ", "4111"):
        assert secret not in hidden, secret
    assert event["amount_paise"] == 123456
    assert event["order"] == "0193-4c5d-7e6f"
    assert event["nested"]["plain"] == 5


def test_identifiers_are_left_readable():
    for text in (
        "01936f2b-7c1d-7abc-8def-0123456789ab",
        "order 1234567",
        "2026-11-21T03:58:42.125227Z",
        "8901234567890",
    ):
        if text != "8901234567890":
            assert logs.hide("note", text) == text


def test_one_json_line_with_the_request_id(client):
    from structlog.stdlib import ProcessorFormatter

    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    formatter = next(h.formatter for h in logging.getLogger().handlers if isinstance(h.formatter, ProcessorFormatter))
    handler.setFormatter(formatter)
    logging.getLogger().addHandler(handler)
    try:
        client.get("/page/fine?token=abc", headers={"X-Request-ID": "abc-12345"})
    finally:
        logging.getLogger().removeHandler(handler)
    line = json.loads(stream.getvalue().splitlines()[-1])
    assert (line["event"], line["request_id"], line["path"], line["status"]) == (
        "request",
        "abc-12345",
        "/page/fine",
        200,
    )


def test_a_task_carries_the_request_id_of_who_asked():
    from blinkit.kernel import signals
    from blinkit.kernel.context import request_id

    class Task:
        name = "t"

        class request:
            request_id = "abc-12345"

    token = request_id.set("abc-12345")
    headers = {}
    signals.carry_request_id(headers=headers)
    assert headers == {"request_id": "abc-12345"}
    request_id.set("")
    signals.take_request_id(task=Task)
    assert request_id.get() == "abc-12345"
    request_id.reset(token)


def failing(name="sms", **given):
    with breaker(name, **given):
        raise OSError("timeout")


def test_a_breaker_opens_after_failures_in_a_row_and_closes_after_one_success(monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr(breakers.time, "time", lambda: clock[0])
    for _ in range(3):
        with pytest.raises(OSError):
            failing(fail_max=3)
    with pytest.raises(ServiceDown) as refused:
        failing(fail_max=3)
    assert refused.value.extra["retry_after_s"] == 30
    assert breakers.states() == {"sms": "open"}
    clock[0] += 31
    assert breakers.states() == {"sms": "half-open"}
    with breaker("sms", fail_max=3), pytest.raises(ServiceDown):  # one tries, the others wait
        failing(fail_max=3)
    assert breakers.states() == {"sms": "closed"}
    with pytest.raises(OSError):
        failing(fail_max=3)


def test_a_failed_try_opens_it_again(monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr(breakers.time, "time", lambda: clock[0])
    for _ in range(2):
        with pytest.raises(OSError):
            failing(fail_max=2)
    clock[0] += 31
    with pytest.raises(OSError):
        failing(fail_max=2)
    with pytest.raises(ServiceDown):
        failing(fail_max=2)


def test_a_success_or_a_refusal_in_between_starts_the_count_again():
    for _ in range(3):
        with pytest.raises(OSError):
            failing(fail_max=2)
        with pytest.raises(Invalid), breaker("sms", fail_max=2):
            raise Invalid("The number is wrong.")


def test_a_breaker_is_a_decorator_too_and_lets_through_when_redis_is_down(monkeypatch):
    monkeypatch.setattr(breakers, "client", Dead)

    @breaker("mail", fail_max=1)
    def send():
        return "sent"

    assert [send(), send()] == ["sent", "sent"]


def test_a_report_is_a_table_and_a_last_line_of_json():
    out = io.StringIO()
    report([{"what": "list", "ms": 1.5}, {"what": "search", "ms": 12.25}], {"list": 1.5}, out=out)
    lines = out.getvalue().splitlines()
    assert lines[:2] == ["what       ms", "------  -----"]
    assert lines[3] == "search  12.25"
    assert json.loads(lines[-1]) == {"list": 1.5}


def test_progress_yields_everything_and_speaks_on_standard_error(monkeypatch):
    from blinkit.kernel import commands

    monkeypatch.setattr(commands, "SPARSE_EVERY_S", 0)
    err = io.StringIO()
    assert list(progress(range(3), label="rows", err=err)) == [0, 1, 2]
    assert "rows 100%  3/3" in err.getvalue()
    assert list(progress(iter("ab"), label="rows", err=err)) == ["a", "b"]


@pytest.mark.django_db
def test_statements_are_counted_when_someone_debugs(client):
    log = logging.getLogger("blinkit.request")
    log.setLevel(logging.DEBUG)
    try:
        answer = client.get("/health/ready")
    finally:
        log.setLevel(logging.NOTSET)
    assert answer.wsgi_request.sql_statements == 3


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"REMOTE_ADDR": "127.0.0.1"}, 200),
        ({"REMOTE_ADDR": "::1"}, 200),
        ({"REMOTE_ADDR": "10.1.2.3"}, 200),
        ({"REMOTE_ADDR": "203.0.113.9"}, 403),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "203.0.113.9"}, 403),
        ({"REMOTE_ADDR": "203.0.113.9", "HTTP_AUTHORIZATION": "Bearer right"}, 200),
        ({"REMOTE_ADDR": "203.0.113.9", "HTTP_AUTHORIZATION": "Bearer wrong"}, 403),
    ],
)
def test_metrics_are_not_for_strangers(client, settings, given, status):
    settings.METRICS_TOKEN = "right"
    settings.METRICS_NETWORKS = env.networks("UNSET", default=["127.0.0.0/8", "::1", "10.0.0.0/8"])
    for path in ("/metrics", "/metrics/prometheus"):
        assert client.get(path, **given).status_code == status
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.9", HTTP_AUTHORIZATION="Bearer ").status_code == 403
