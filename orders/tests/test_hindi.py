"""Hindi reaches the store's, the rider's and the sandbox's words; a translation keeps the places for figures."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.utils.translation import gettext, override

CATALOGUE = Path(settings.BASE_DIR) / "locale/hi/LC_MESSAGES/django.po"


@pytest.mark.parametrize("words", ["Start next", "Go on duty", "Staff sign-in", "Demo inbox", "Sandbox Pay", "Tell me"])
def test_screens_of_every_role_have_hindi_words(words):
    with override("hi"):
        assert re.search("[\u0900-\u097f]", gettext(words))


def test_nothing_is_marked_as_guessed():
    assert "fuzzy" not in CATALOGUE.read_text(encoding="utf-8")
