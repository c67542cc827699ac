"""Documents that say what the code does are checked against it."""

import re
from collections import Counter
from pathlib import Path

from django.conf import settings

from dashboard.management.commands import draw_problems
from dashboard.management.commands.draw_states import PAGE, drawn

ROOT = Path(settings.BASE_DIR)
READS = re.compile(
    r'\b(?:text|flag|number|words|networks|choice|given|required|redis|email|environ\.get)\(\s*"([A-Z][A-Z0-9_]{2,})"'
)
SOURCES = [
    "settings.py",
    "env.py",
    *(f"{part}/{p.name}" for part in ("embedded", "run") for p in (ROOT / "blinkit" / part).glob("*.py")),
]
OWN = {"PATH", "HOME", "PYTEST_XDIST_WORKER", "NO_COLOR", "TERM"}


def read_variables():
    found = set()
    for name in SOURCES:
        found |= set(READS.findall((ROOT / "blinkit" / name).read_text(encoding="utf-8")))
    return found - OWN


def test_every_setting_is_described_and_nothing_else():
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    table = page.split("## Settings")[1].split("## In production")[0]
    described = {
        name
        for line in table.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`([A-Z][A-Z0-9_]+)`", line.split("|")[1])
    }
    assert read_variables() - described == set(), "describe these in docs/operations.md"
    assert described - read_variables() == set(), "docs/operations.md describes what nothing reads"
    cells = {line: len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines() if line.startswith("| ")}
    assert {line for line, bars in cells.items() if bars != 4} == set(), "variable, default, meaning"


def test_the_drawn_states_are_those_the_code_obeys():
    assert drawn() in PAGE.read_text(encoding="utf-8"), "run manage.py draw_states"


def test_every_refusal_says_what_it_means_and_is_listed():
    kinds = draw_problems.refusals()
    assert len(kinds) > 150
    twice = [code for code, times in Counter(kind.code for kind in kinds).items() if times > 1]
    assert not twice, "An app tells refusals by their code."
    silent = [kind.__name__ for kind in kinds if not draw_problems.meaning_of(kind)]
    assert not silent, "Give each a docstring: what it means, what it carries."
    assert draw_problems.PAGE.read_text(encoding="utf-8") == draw_problems.drawn(), "run manage.py draw_problems"


def test_links_between_documents_lead_somewhere():
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if not target.startswith("docs/img/"):
                assert (page.parent / target).exists(), f"{page.name} points to {target}"


def test_every_page_is_named_in_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    unread = {page.name for page in (ROOT / "docs").glob("*.md")} - set(re.findall(r"\]\(docs/([\w-]+\.md)", readme))
    assert not unread


def test_tests_and_files_named_in_documents_exist():
    for page in (ROOT / "docs").glob("*.md"):
        for name in re.findall(r"`([a-z_]+/[a-z_/]+\.(?:py|yml|example))`", page.read_text(encoding="utf-8")):
            inside = name.split("/")[0]
            if (ROOT / inside).is_dir():  # else it is short for a path inside the room the page is about
                assert (ROOT / name).exists(), f"{page.name} names {name}"
