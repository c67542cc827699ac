"""In which order, and where, the long tests run, and the platform that several of them share."""

from __future__ import annotations

import os
import shutil
from typing import Any

import pytest

from tests.house import House

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
QUIET = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
)
CITY: list[House] = []
BROWSER: list[Any] = []  # Playwright and the browser


@pytest.hookimpl(trylast=True)  # pytest-django has put those that empty the tables after those that do not
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests begin first, or one worker would still be at them when the others are done. Those that empty the
    tables stay where they are, the long ones before the others."""
    first = next((at for at, item in enumerate(items) if _empties_tables(item)), len(items))

    def place(numbered: tuple[int, pytest.Item]) -> tuple[float, int]:
        at, item = numbered
        if item.get_closest_marker("slow") is None:
            return at, 0
        return (first - 0.5, 0) if _empties_tables(item) else (-1, _which_share(item))

    items[:] = [item for _, item in sorted(enumerate(items), key=place)]


def _empties_tables(item: pytest.Item) -> bool:
    wants = item.get_closest_marker("django_db")
    return wants is not None and bool(wants.kwargs.get("transaction"))


# -- a platform and a browser for all who ask, while one test after another does ---------------------------------------


@pytest.fixture
def city() -> House:
    """A running platform with the demo city, the same for every test that asks: each file has a store to itself."""
    if not CITY:
        house = House()
        try:
            house.start()
        except BaseException:
            house.stop()
            raise
        CITY.append(house)
    return CITY[0]


@pytest.fixture
def chromium() -> Any:
    """The browser; every test opens windows (contexts) of its own."""
    if not BROWSER:
        playwright_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
        play = playwright_api.sync_playwright().start()
        BROWSER.append(play)
        BROWSER.append(play.chromium.launch(executable_path=CHROMIUM, args=QUIET.split()))
    return BROWSER[-1]


@pytest.hookimpl(trylast=True)  # what the test itself has open is closed before
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    """Whoever comes next must find no event loop running, which Playwright has, and no platform that costs time."""
    if not _asks_for(nextitem, "chromium") and BROWSER:
        play, *browsers = BROWSER
        BROWSER.clear()
        for browser in browsers:
            browser.close()
        play.stop()
    if not _asks_for(nextitem, "city"):
        while CITY:
            CITY.pop().stop()


def _asks_for(item: pytest.Item | None, fixture: str) -> bool:
    return fixture in getattr(item, "fixturenames", ())


def _which_share(item: pytest.Item) -> int:
    """Those with the browser side by side, and those with the city."""
    order = {(True, False): 0, (True, True): 1, (False, True): 2, (False, False): 3}
    return order[_asks_for(item, "chromium"), _asks_for(item, "city")]
