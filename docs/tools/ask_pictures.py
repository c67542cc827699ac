"""Ten questions and their answers, as pictures: docs/img/ask-*.png.

    BLINKIT_DATA_DIR=/tmp/pictures make run                                          (in another window)
    BLINKIT_DATA_DIR=/tmp/pictures .venv/bin/python docs/tools/ask_pictures.py

Reads only. Questions 7 and 8 want orders of today (`make simulate` makes some), 1 to 6 prices. Prints each question
with the sentence that answers it; exits with 1 when one of them is not answered.
`--dark`, `--hi`, `--wide 360`, `--at URL`, `--out DIR`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "blinkit.settings")
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright's loop runs in this thread

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from PIL import Image  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

from accounts.models import User  # noqa: E402
from blinkit.demo import people  # noqa: E402

QUIET = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
MOST_BYTES = 60 * 1024
OPS, PUBLIC = "/ops/ask/", "/compare/ask/"
QUESTIONS = (  # name of the picture, where it is asked, the question, what a good answer ends as
    ("1-cheapest", PUBLIC, "Which app has the cheapest onions right now?", "answered"),
    ("2-deals", PUBLIC, "Show products with 30%+ discount on Blinkit", "answered"),
    ("3-compare", PUBLIC, "Compare fruit prices between Zepto and Instamart", "answered"),
    ("4-trend", PUBLIC, "Show onion price trends", "answered"),
    ("5-basket", PUBLIC, "Best deals for a ₹500 grocery list: 1kg potato, 1kg tomato and 1 litre milk", "answered"),
    ("6-hinglish", PUBLIC, "sabse sasta doodh kahan hai", "answered"),
    ("7-orders", OPS, "How many orders per store today", "answered"),
    ("8-late", OPS, "Which store was late today and why?", "answered"),
    ("9-stock", OPS, "Show out of stock products by store", "answered"),
    ("10-refused", PUBLIC, "How many orders were late yesterday?", "refused"),
)  # fmt: skip


def session_of(user: User) -> str:
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.create()
    return str(store.session_key)


def take(page: Any, given: argparse.Namespace, name: str, path: str, question: str, wanted: str) -> bool:
    page.goto(f"{path}?q={quote(question)}")
    page.wait_for_timeout(300)
    said = page.locator("#ask-says")
    if said.count():
        found, words = "answered" if page.locator("#answer table").count() else "empty", said.inner_text()
    elif page.locator("#ask-which").count():
        found, words = "which", page.locator(".ask-ways").inner_text()
    else:
        found, words = "refused", page.locator("#answer").inner_text()
    print(f"{name}: {question}\n    {found}: {' '.join(words.split())[:200]}")
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if wide > 0:
        print(f"    {wide} px too wide")
    tags = "".join(
        word for on, word in ((given.dark, "-dark"), (given.hi, "-hi"), (given.wide != 1280, f"-{given.wide}")) if on
    )
    kept = Path(given.out) / f"ask-{name}{tags}.png"
    page.screenshot(path=str(kept))
    for colours in (192, 96, 64, 40, 24):
        Image.open(kept).convert("RGB").quantize(colours).save(kept, optimize=True)
        if kept.stat().st_size <= MOST_BYTES:
            break
    return found == wanted


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--at", default="http://localhost:8000")
    asked.add_argument("--out", default=str(ROOT / "docs" / "img"))
    asked.add_argument("--wide", type=int, default=1280)
    asked.add_argument("--dark", action="store_true")
    asked.add_argument("--hi", action="store_true")
    given = asked.parse_args()
    Path(given.out).mkdir(parents=True, exist_ok=True)
    ops = User.objects.get(phone=next(person.phone for person in people.staff() if person.role == "ops"))
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=QUIET)
        context = browser.new_context(
            base_url=given.at, viewport={"width": given.wide, "height": 900}, locale="en-IN", service_workers="block",
            color_scheme="dark" if given.dark else "light", reduced_motion="reduce",
        )  # fmt: skip
        cookies = {settings.SESSION_COOKIE_NAME: session_of(ops)}
        if given.hi:
            cookies[settings.LANGUAGE_COOKIE_NAME] = "hi"
        context.add_cookies([{"name": name, "value": kept, "url": given.at} for name, kept in cookies.items()])
        page = context.new_page()
        page.on("pageerror", lambda error: print("script:", error))
        right = [take(page, given, *question) for question in QUESTIONS]
        browser.close()
    print(f"{sum(right)} of {len(right)} as wanted")
    return 0 if all(right) else 1


if __name__ == "__main__":
    raise SystemExit(main())
