"""Words said otherwise and misspelt, before anything is made of them."""

from __future__ import annotations

from dashboard.ask.entities import LayerWords
from dashboard.ask.lexicon import Lexicon, nearest
from dashboard.ask.tokens import Token
from dashboard.ask.vocabulary import (
    DATE_WORDS,
    NOT_WORDS,
    concept_grams,
    concept_words,
    everyday,
    is_skipped,
    long_skipped,
    parts,
    plain_english,
    refusing,
    same,
    skipped_grams,
    soft,
)  # fmt: skip

_PART_COST = 0.1


def said_the_same(tokens: list[Token]) -> list[Token]:
    meanings = same()
    made: list[Token] = []
    at = 0
    while at < len(tokens):
        for size in range(min(4, len(tokens) - at), 0, -1):
            part = tokens[at : at + size]
            meant = meanings.get(tuple(token.stem for token in part)) if part[0].kind == "word" else None
            if meant is not None:
                made += [Token("word", word) for word in meant]
                at += size
                break
        else:
            made.append(tokens[at])
            at += 1
    return _postpositions(made)


def _postpositions(tokens: list[Token]) -> list[Token]:
    """Hindi says "₹50 se kam": the comparison stands behind the figure. It is put before it."""
    made = list(tokens)
    for at in range(1, len(made)):
        figure = made[at - 1].kind in ("money", "percent", "number", "amount")
        before = made[at - 2].text if at > 1 else ""
        if figure and made[at].text in ("under", "above") and made[at].kind == "word" and before not in (
            "under", "above", "than", "between",
        ):  # fmt: skip
            follows = made[at + 1].kind if at + 1 < len(made) else ""
            if follows not in ("money", "percent", "number", "amount"):
                made[at - 1], made[at] = made[at], made[at - 1]
    return made


def spelt(tokens: list[Token], lexicon: Lexicon, about: LayerWords) -> tuple[list[Token], dict[str, str]]:
    """Unknown words replaced by the known word they are nearest to: grammar first, then names of the house."""
    index = lexicon.index
    corrected: dict[str, str] = {}
    made: list[Token] = []
    for token in tokens:
        word = token.stem
        plain = token.kind != "word" or len(word) < 4 or is_skipped(token) or not word.isascii()
        if plain or _known(word, token, lexicon, about):
            made.append(token)
            continue
        options = [
            (far + cost + _PART_COST * (cost == 0.0 and right in parts()), right)
            for found, cost in (
                (nearest(word, concept_grams(), concept_words(), long_from=7), 0.0), (index.close(word), 0.05),
                (about.close(word), 0.02), (nearest(word, skipped_grams(), long_skipped()), 0.15),
            )
            if found is not None
            for far, right in [found]
        ]  # fmt: skip
        if not options:
            made.append(token)
            continue
        right = min(options)[1]
        corrected[token.text] = right
        made.append(Token("word", right))
    return made, corrected


def _known(word: str, token: Token, lexicon: Lexicon, about: LayerWords) -> bool:
    return (
        word in concept_words()
        or token.text in DATE_WORDS
        or word in about.words
        or lexicon.index.knows(word)
        or (word,) in lexicon.index.unlisted
        or word in plain_english()
        or word in soft()
        or word in refusing()
        or word in everyday()
        or token.text in NOT_WORDS
    )
