"""Every page of the house: its template compiles, its icons exist, and it runs no script of its own."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template

from accounts.templatetags import ui

FOLDER = Path(settings.BASE_DIR) / "templates"
TEMPLATES = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.html"))


@pytest.mark.parametrize("name", TEMPLATES)
def test_compiles(name):
    get_template(name)


@pytest.mark.parametrize("name", TEMPLATES)
def test_names_only_icons_that_are_in_the_sprite(name):
    text = (FOLDER / name).read_text(encoding="utf-8")
    for icon in re.findall(r"""{% icon ["']([^"']+)["']""", text):
        assert icon in ui._shapes(), f"add {icon} to static/icons/names.txt and run `npm run vendor`"


@pytest.mark.parametrize("name", TEMPLATES)
def test_carries_no_inline_script_and_no_other_host(name):
    text = (FOLDER / name).read_text(encoding="utf-8")
    for script in re.findall(r"<script\b[^>]*>", text):
        assert "src=" in script or 'type="application/json"' in script, script
    assert not re.search(r"\shx-on|\son(click|change|input|submit|load)=|javascript:", text)
    # A link may lead elsewhere (a rider's way to the maps app); nothing may be loaded from there.
    loaded = re.sub(r"<a\b[^>]*>", "", text)
    assert not re.search(r"""(src|href|action)=["'](https?:)?//""", loaded)


def test_the_style_sheet_names_no_other_host():
    sheet = (Path(settings.BASE_DIR) / "static/css/app.css").read_text(encoding="utf-8")
    assert not re.search(r"url\(\s*[\"']?(https?:)?//", sheet)
