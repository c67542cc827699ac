"""What every test runs on: real PostgreSQL and Redis, started here when they are not up.

BLINKIT_TEST_DB names the test database, so that several people can run tests at once. The environment is set before
Django reads its settings, which is why DJANGO_SETTINGS_MODULE is set here and not in pyproject.toml.
"""

from __future__ import annotations

import gc
import importlib
import os
from typing import Any

import pytest

gc.disable()  # what is imported and collected stays: looking through it again and again takes as long as all the rest
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
os.environ["DJANGO_SETTINGS_MODULE"] = "blinkit.settings"
os.environ["BLINKIT_TESTING"] = "1"
os.environ.setdefault("BLINKIT_TEST_DB", "test_blinkit")
# REDIS_PREFIX goes: the settings give each xdist worker its own. (Not here: pytest-django reads a worker's settings
# before this file.)
for name in ("REDIS_PREFIX", "DEBUG", "DEMO_MODE", "SITE_URL", "BLINKIT_PROFILE"):
    os.environ.pop(name, None)

from blinkit import embedded  # noqa: E402

SERVERS: list[embedded.Handle] = []


def pytest_configure(config: pytest.Config) -> None:
    if WORKER or not config.getoption("tx", None):  # a controller of workers needs no Django
        import django
        import hypothesis

        django.setup()
        config.pluginmanager.import_plugin("blinkit.kernel.testing")
        # A busy machine is slow, not wrong: no example has a time limit.
        hypothesis.settings.register_profile(
            "any-pace", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
        )
        hypothesis.settings.load_profile("any-pace")
    if not WORKER:  # the controller starts the servers and stops them when nobody else uses them
        try:
            SERVERS.append(embedded.ensure("test"))
        except embedded.EmbeddedError as error:
            pytest.exit(str(error), returncode=2)


# Files that share something costly stay with one worker, in the order in which they were collected: a platform (two at
# once would only make each other late), a Stripe, what was learned of the API's document. Named by file: of a mark the
# controller, which gives out the work, knows nothing.
TOGETHER = {
    "tests/test_faults.py": "platform",
    "tests/test_floor_browser.py": "platform",
    "tests/test_journey_api.py": "platform",
    "tests/test_journey_browser.py": "platform",
    "tests/test_platform_run.py": "platform",
    "tests/test_storefront_browser.py": "platform",
    "tests/test_schemathesis.py": "document",
    "tests/test_race_processes.py": "race",
    "payments/tests/test_stripe.py": "stripe",
    "payments/tests/test_stripe_browser.py": "stripe",
    "payments/tests/test_stripe_cards.py": "stripe",
}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return TOGETHER.get(nodeid.partition("::")[0], nodeid)

    if config.getvalue("dist") != "loadgroup":
        return None
    config.option.loadscopereorder = False
    return Together(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """In a fresh checkout most of the time before the first test goes into the asserts, which pytest rewrites file by
    file. Each worker begins at another place, and finds done what the others have done."""
    if not WORKER or session.config.args_source is not pytest.Config.ArgsSource.TESTPATHS:
        return
    files = [
        file
        for folder in session.config.args
        for file in sorted(session.config.rootpath.glob(f"{folder}/**/test_*.py"))
    ]
    first = len(files) * int(WORKER.removeprefix("gw")) // int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
    for file in files[first:]:
        module = file.relative_to(session.config.rootpath).with_suffix("")
        try:
            importlib.import_module(".".join(module.parts))
        except (Exception, pytest.skip.Exception):
            pass  # the collection says it


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """All that was imported and collected stays to the end: the collector of garbage need not look at it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


def pytest_unconfigure(config: pytest.Config) -> None:
    while SERVERS:
        SERVERS.pop().close()
