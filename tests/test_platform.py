"""Settings that stop with one clear line; embedded servers; the supervisor; the container layout."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.db import connection

from blinkit import embedded, env
from blinkit.embedded import postgres
from blinkit.embedded.places import SOCKET_PATH_LIMIT
from blinkit.embedded.process import alive
from blinkit.run.parts import Part, important

ROOT = Path(__file__).resolve().parent.parent


# -- settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "read", "says"),
    [
        ("PORT", "eighty", lambda: env.number("PORT", default=1, least=1, most=65535), "PORT should be a whole number"),
        ("PORT", "70000", lambda: env.number("PORT", default=1, least=1, most=65535), "from 1 to 65535, not 70000"),
        ("DEBUG", "maybe", lambda: env.flag("DEBUG", default=False), "DEBUG should be 1 or 0"),
        ("LOG_LEVEL", "LOUD", lambda: env.choice("LOG_LEVEL", ["INFO"], default="INFO"), "LOG_LEVEL should be one of"),
        ("EMAIL_URL", "pigeon://x", lambda: env.email("EMAIL_URL", default="file://"), "EMAIL_URL should look like"),
        ("REDIS_URL", "localhost", lambda: env.redis("REDIS_URL", default=""), "REDIS_URL should look like"),
    ],
)
def test_a_bad_variable_stops_with_its_name_and_what_it_should_be(monkeypatch, name, value, read, says):
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as stopped:
        read()
    assert says in str(stopped.value) and "\n" not in str(stopped.value)


@pytest.mark.parametrize("url", ["mysql://a/b", "postgresql://host", "postgresql://h:port/x", "nonsense"])
def test_a_bad_database_address_is_refused(url):
    with pytest.raises(SystemExit, match="DATABASE_URL should look like"):
        env.database(url)


def test_a_database_address_is_taken_apart():
    found = env.database("postgresql://me:p%40ss@db.example.com:6432/shop?sslmode=require")
    assert (found["USER"], found["PASSWORD"], found["HOST"], found["PORT"]) == ("me", "p@ss", "db.example.com", "6432")
    assert found["NAME"] == "shop" and found["OPTIONS"] == {"sslmode": "require"}


def test_unsigned_sign_in_tokens_stop_the_boot_outside_tests():
    out = python(
        "import blinkit.settings",
        FIREBASE_AUTH_EMULATOR_HOST="127.0.0.1:9099",
        DATABASE_URL="postgresql://x/x",
        REDIS_URL="redis://x",
        DJANGO_SECRET_KEY="x",
    )
    assert out.returncode == 1
    assert "FIREBASE_AUTH_EMULATOR_HOST" in out.stderr and "Traceback" not in out.stderr


def test_a_secret_key_is_required_where_a_database_is_given():
    out = python("import blinkit.settings", DATABASE_URL="postgresql://x/x", REDIS_URL="redis://x")
    assert out.returncode == 1
    assert "DJANGO_SECRET_KEY must be set" in out.stderr


def python(code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=keep | variables, capture_output=True, text=True)


# -- servers ----------------------------------------------------------------------------------------------------------


def test_tests_run_on_real_postgresql(db):
    with connection.cursor() as cursor:
        cursor.execute("select version(), current_setting('server_encoding')")
        version, encoding = cursor.fetchone()
    assert version.startswith("PostgreSQL") and encoding == "UTF8"
    assert connection.pg_version >= 150000


def test_trigrams_see_hindi_letters(db):
    with connection.cursor() as cursor:
        cursor.execute("create extension if not exists pg_trgm")
        cursor.execute("select similarity('आलू', 'आलू')")
        assert cursor.fetchone()[0] == 1


def test_every_test_process_has_redis_keys_of_its_own():
    import redis

    assert redis.Redis.from_url(settings.REDIS_URL).ping()
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    assert "-".join(filter(None, [os.environ["BLINKIT_TEST_DB"], worker])) == settings.REDIS_PREFIX
    assert settings.REDIS_PREFIX in settings.CACHES["default"]["KEY_PREFIX"]


def test_run_and_test_never_share_servers():
    run, test = embedded.places("run"), embedded.places("test")
    assert {run.postgres_data, run.sockets, run.run}.isdisjoint({test.postgres_data, test.sockets, test.run})


def test_a_long_data_directory_still_gives_a_socket_path_the_system_takes(monkeypatch, tmp_path):
    monkeypatch.setenv("BLINKIT_DATA_DIR", str(tmp_path / ("long" * 30)))
    assert len(os.fsencode(embedded.places("run").postgres_socket)) < SOCKET_PATH_LIMIT


def test_celerys_address_of_a_socket():
    assert embedded.broker_url("unix:///a/b.sock?db=2") == "redis+socket:///a/b.sock?virtual_host=2"
    assert embedded.broker_url("redis://host:1/0") == "redis://host:1/0"


def test_a_dead_process_and_a_stranger_with_the_same_pid_do_not_count_as_the_server():
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    while True:  # a zombie until we wait for it
        if alive(child.pid, "python") is False:
            break
    child.wait()
    assert not alive(os.getpid(), "postgres")
    assert alive(os.getpid(), "py")


@pytest.fixture
def own_servers(monkeypatch, tmp_path):
    """A cluster of this test's own, in a directory that others may enter (pytest's own is private)."""
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="blinkit-platform-"))
    folder.chmod(0o755)
    monkeypatch.setenv("BLINKIT_DATA_DIR", str(folder))
    for name in ("DATABASE_URL", "REDIS_URL", "BLINKIT_KEEP_EMBEDDED"):
        monkeypatch.delenv(name, raising=False)
    yield embedded.places("test")
    embedded.down("test")
    shutil.rmtree(folder)


def test_the_last_one_to_leave_stops_the_servers(own_servers):
    with embedded.ensure("test", say=print) as first:
        assert sorted(first.started) == ["postgres", "valkey"]
        with embedded.ensure("test", say=print) as second:
            assert second.started == []
        assert all(embedded.status("test").values())
    assert not any(embedded.status("test").values())


def test_a_killed_database_starts_again_with_everything_that_was_committed(own_servers):
    import psycopg

    with embedded.ensure("test", say=print) as handle:
        address = {"host": str(own_servers.sockets), "port": 5432, "user": "postgres", "dbname": "blinkit"}
        with psycopg.connect(**address) as it:
            it.execute("create table kept as select 42 as answer")
        os.kill(postgres.pid_of(own_servers), signal.SIGKILL)
        assert handle.revive() == ["postgres"]
        with psycopg.connect(**address) as it:
            assert it.execute("select answer from kept").fetchone() == (42,)


def test_a_database_of_another_version_is_refused_in_one_sentence(own_servers):
    own_servers.postgres_data.mkdir(parents=True)
    (own_servers.postgres_data / "PG_VERSION").write_text("9\n")
    with pytest.raises(embedded.EmbeddedError, match="was made by PostgreSQL 9 and this is"):
        embedded.ensure("test", say=print)


# -- supervisor -------------------------------------------------------------------------------------------------------


def test_a_taken_port_is_one_clear_line():
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code = "from blinkit.run.__main__ import Supervisor; Supervisor()._check_port()"
        out = python(code, PORT=str(port), BLINKIT_DATA_DIR=str(embedded.data_dir()))
    assert f"Port {port} cannot be used" in out.stderr


def test_an_unreachable_database_is_one_clear_line():
    out = python(
        "from blinkit.run import prepare; prepare.main()",
        DATABASE_URL="postgresql://me@127.0.0.1:1/nothing",
        REDIS_URL="redis://127.0.0.1:1/0",
        DJANGO_SECRET_KEY="x",
    )
    assert out.returncode == 1
    assert out.stderr.strip().splitlines()[-1].startswith("The database cannot be reached (DATABASE_URL)")
    assert "Traceback" not in out.stderr


def test_a_part_is_watched_read_and_stopped(tmp_path):
    program = tmp_path / "speaker.py"
    program.write_text("import sys, time\nprint('ready.', flush=True)\ntime.sleep(60)\n")
    part = Part("web", ["speaker"], tmp_path / "web.log", lambda p: "ready." in p.tail, 2.0)
    from blinkit.run.parts import Child

    old = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(tmp_path)
    try:
        part._file = part.log.open("ab", buffering=0)
        part.process = Child.spawned(part)
        until(lambda: part.lines() or part.is_ready(part))
        assert part.is_ready(part) and part.died() is None
        part.ask_to_stop()
        part.wait_or_kill(time.monotonic() + 5)
        assert part.died() == -signal.SIGTERM
        assert part.log.read_text() == "ready.\n"
        assert part.plan_restart() > 0 and part.process is None
    finally:
        os.environ.pop("PYTHONPATH") if old is None else os.environ.update(PYTHONPATH=old)


def until(true, timeout_s=10):
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, "did not happen in time"


def test_only_warnings_and_errors_reach_the_console():
    assert important('{"level": "info", "event": "request"}') is None
    assert important('{"level": "error", "event": "boom\\nmore", "path": "/x"}') == "error: boom path=/x"
    assert important("Traceback (most recent call last):")
    assert important("127.0.0.1 GET /") is None


# -- containers -------------------------------------------------------------------------------------------------------

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
OURS = {name: spec for name, spec in COMPOSE["services"].items() if "build" in spec}


@pytest.mark.parametrize("name", OURS)
def test_every_service_starts_a_command_that_exists(name):
    program, *arguments = OURS[name]["command"]
    if program == "sh":
        assert (ROOT / arguments[0]).exists()
        return
    assert (Path(sys.executable).parent / program).exists()
    if program == "celery":
        assert arguments[:2] == ["-A", "blinkit"] and arguments[2] in {"worker", "beat"}
        return
    module, _, attribute = arguments[-1].partition(":")
    if module.endswith("wsgi"):
        assert callable(getattr(import_module(module), attribute))
    else:
        assert (ROOT / (module.replace(".", "/") + ".py")).exists()
    known = subprocess.run([Path(sys.executable).parent / program, "--help"], capture_output=True, text=True).stdout
    assert [flag for flag in arguments if flag.startswith("-") and flag not in known] == []


def test_every_queue_has_a_worker():
    routed = {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()} | {settings.CELERY_TASK_DEFAULT_QUEUE}
    served = {spec["command"][spec["command"].index("-Q") + 1] for spec in OURS.values() if "-Q" in spec["command"]}
    assert served == routed


def test_every_mounted_file_and_image_recipe_is_there():
    for spec in COMPOSE["services"].values():
        for volume in spec.get("volumes", []):
            source = volume.split(":")[0]
            assert (ROOT / source).exists() if source.startswith(".") else source in COMPOSE["volumes"]
    assert (ROOT / COMPOSE["services"]["web"]["build"]["dockerfile"]).exists()


def test_every_scheduled_task_is_routed_to_an_app_of_ours():
    for name in settings.CELERY_BEAT_SCHEDULE:
        assert (ROOT / (name.rpartition(".")[0].replace(".", "/") + ".py")).exists(), name


@pytest.mark.parametrize(
    ("host", "demo", "warns"),
    [("0.0.0.0", True, True), ("::", True, True), ("192.168.1.5", True, True), ("127.0.0.1", True, False)]
    + [("localhost", True, False), ("0.0.0.0", False, False)],
)
def test_a_demo_that_others_can_reach_warns(settings, host, demo, warns):
    from blinkit.run.__main__ import open_to_the_network

    settings.DEMO_MODE = demo
    assert open_to_the_network(host).startswith("Warning") is warns
