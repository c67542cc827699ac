"""The door of `kernel.said`: the sentences the house makes, in the reader's language."""

from __future__ import annotations

from typing import Any

from django.utils.translation import get_language, gettext

from blinkit.kernel.said import Said

SPOKEN = "en"
"""What the house's own sentences are written in."""


def said(text: str, **instead: Any) -> str:
    """The same sentence in the language that is active now; as it is when nobody has translated it.

    Works for `Said` (words with places, figures inside) and for plain text that is a sentence of its own, such as a
    refusal's default. Figures are said too: a sentence inside a sentence, a status. `instead` replaces figures: the
    Hindi name of a product.
    """
    if not text or (get_language() or SPOKEN).startswith(SPOKEN):
        return str.__str__(text)
    if not isinstance(text, Said):
        return gettext(text)
    words = gettext(text.template)
    figures = {
        name: said(value) if isinstance(value, str) else value for name, value in {**text.figures, **instead}.items()
    }
    try:
        return words.format(**figures)
    except (KeyError, IndexError, ValueError):  # a translation with a wrong place must not take a page down
        return str.__str__(text)


def with_local(data: Any, keys: tuple[str, ...] = ("sentence", "detail")) -> Any:
    """An answer of the API with `<key>_local` beside each of these sentences: English stays, the reader's language
    (Accept-Language) comes along. Lists and dicts are walked, nothing is changed in place."""
    if isinstance(data, dict):
        out: dict[str, Any] = {}
        for name, value in data.items():
            out[name] = with_local(value, keys)
            if name in keys and isinstance(value, str):
                out[f"{name}_local"] = said(value)
            elif name == "why" and isinstance(value, dict):  # of a bill: one sentence per fee
                out["why_local"] = {fee: said(words) for fee, words in value.items()}
        return out
    if isinstance(data, list | tuple):
        return [with_local(item, keys) for item in data]
    return data
