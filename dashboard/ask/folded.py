"""Questions that mean the same, counted together: letters, digits and accents folded, plurals, small words left out."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

SMALL = frozenset(
    {
        "a", "an", "the", "of", "in", "on", "at", "for", "to", "is", "are", "was", "were", "be", "me", "my",
        "i", "we", "you", "us", "our", "your", "it", "this", "that", "there", "show", "find", "get", "list",
        "give", "what", "which", "who", "how", "do", "does", "did", "have", "has", "had", "can", "could",
        "would", "any", "some", "please", "all", "and", "or", "with", "from", "by", "now", "right", "current",
        "ka", "ki", "ke", "mein", "hai", "kya",
    }
)  # fmt: skip
ALIKE = 0.55
"""Share of common letter trigrams (Jaccard) from which two questions are one."""
_WORDS = re.compile(r"[^\W_]+", re.UNICODE)


def folded(text: str) -> str:
    """The words that matter, in the alphabet's order: "Show me the onion prices" and "price of onions" are the same."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    words = {_stem(word) for word in _WORDS.findall(plain) if word not in SMALL}
    return " ".join(sorted(word for word in words if word))


def _stem(word: str) -> str:
    if word.isdigit():
        return "9"
    for end, short in (("ies", "y"), ("oes", "o"), ("es", "e"), ("s", "")):
        if word.endswith(end) and len(word) > len(end) + 2 and not word.endswith("ss"):
            return word[: -len(end)] + short
    return word


@dataclass(slots=True)
class Group:
    """Like questions: the one asked most, how often, and the words nothing knew."""

    text: str
    times: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    texts: Counter[str] = field(default_factory=Counter)
    grams: frozenset[str] = frozenset()


def groups(asked: Iterable[tuple[str, str, str]], known: frozenset[str] = frozenset()) -> Sequence[Group]:
    """(text, folded, verdict) of each failed question; `known` are words the house knows. The largest groups first."""
    found: dict[str, Group] = {}
    for text, fold, verdict in asked:
        group = found.get(fold)
        if group is None:
            grams = _grams(fold)
            group = next((one for one in found.values() if _alike(one.grams, grams) >= ALIKE), None)
            group = group or Group(text, grams=grams)
            found[fold] = group
        group.times += 1
        group.verdicts[verdict] += 1
        group.texts[text] += 1
        if verdict == "sorry":  # a refused one was understood well enough
            group.unknown.update(word for word in fold.split() if word not in known and word != "9")
        group.text = group.texts.most_common(1)[0][0]
    each = {id(group): group for group in found.values()}
    return sorted(each.values(), key=lambda one: (-one.times, one.text))


def _grams(text: str) -> frozenset[str]:
    padded = f"  {text} "
    return frozenset(padded[at : at + 3] for at in range(len(padded) - 2))


def _alike(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other) if one or other else 1.0
