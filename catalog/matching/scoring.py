"""How alike two described lines are: features, weights, reasons in words, and thresholds learned from labelled pairs.

The score is the chance that both are the same thing (a logistic of the features, Cox 1958) times the chance that their
packs are the same. So the same thing in another pack is told from another thing: the first factor is high, the second
low. Plain Python; numpy only to learn.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from catalog.matching.naming import PRODUCE, Described

WEIGHTS = Path(__file__).parent / "weights.json"
SAME, FAMILY, OTHER = "same", "family", "other"
FAMILY_FROM = 0.5
"""The chance of being one thing from which other packs are called a family."""
UNSURE = 0.59
"""As sure as we get where one side tells no maker, or is a bundle: a person looks (LEAST_ACCEPT is higher)."""
LEAST_ACCEPT = 0.7
PRECISION_WANTED = 0.985
LEAST_RECALL_OF_REVIEW = 0.98


def _stems(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words of one group exclude each other: what is red is not green, what is sliced is no block.
GROUPS: dict[str, frozenset[str]] = {
    "taste": _stems(
        "vanilla chocolate strawberri orange pineapple mango lemon lime apple guava litchi butter cashew almond pista"
        " hazelnut coconut elaichi jeera ajwain garlic onion pepper chilli tomato masala sour peri mint cinnamon"
        " caramel coffee mocha ginger honey rose kesar butterscotch peach watermelon pomegranate cranberri nut"
        " multigrain oatmeal raisin milk oat chicken paneer mutton fish sambar rasam pizza pasta yogurt"
        " plain oregano blueberri banana kiwi grape passion curri salsa tandoori turmeric"
    ),
    "colour": _stems("red green black white yellow brown pink purple golden"),
    "form": _stems(
        "slice cube block spread powder flake shredded diced liquid gel bar roll stick granule crystal grated split"
        " paste leaf square oil puree juice tablet spray refill whole sprout grinder flaked"
    ),
    "grade": _stems(
        "toned skimmed standardised double raw steam boiled a2 cow buffalo thin thick front top"
        " mogra tibar dubar sona kolam sharbati lokwan bansi idli coarse peeled local hybrid robusta yelakki nendran"
        " shimla washington gala fuji baby mozzarella cheddar feta gouda parmesan"
    ),
    "salting": _stems("salted unsalted sweetened unsweetened"),
    "size": _stems("medium big small large mini jumbo s m l xs xl xxl nb"),
    "promise": _stems("organic zero diet lite light sugarfree lowfat skim vegan gluten"),
}
_GROUP_OF = {word: group for group, members in GROUPS.items() for word in members}
_SPELT = {
    "choco": "chocolate", "cocoa": "chocolate", "chocochip": "chocolate", "kaju": "cashew", "badam": "almond",
    "pudina": "mint", "adrak": "ginger", "elakki": "elaichi", "cardamom": "elaichi", "mozarella": "mozzarella",
    "caffe": "cafe", "spreads": "spread", "sliced": "slice", "cheesi": "cheese", "biriyani": "biryani",
    "boiled": "steam", "lady": "ladi", "noir": "dark", "rozzana": "rozana", "stemles": "stemless", "square": "cube",
    "nutri": "nutrichoice",
}  # fmt: skip
# Says little about which one it is.
FILLER = _stems(
    "pure natural fresh processed refined iodised iodized low sodium curtailed iodize biscuit cookie flavour"
    " flour rice drink premium soft"
    " fruit mixed made real imported special regular pouch plain original pet wafer chip chakki wheat baked"
    " full fine flavourful hygienic ready cook with added superior slender family to tasty long grain"
    " everyday quality best authentic delicious crunchy crispy food foods beverage"
)

FEATURES = (
    "same maker", "other maker", "maker not told", "both loose",
    "same thing", "kind of it", "near thing", "other thing",
    "words alike", "letters alike", "words swapped", "words more", "remarks differ", "fillers differ",
    "taste differs", "colour differs", "form differs", "grade differs", "salting differs", "size differs",
    "promise differs", "taste only here", "colour only here", "form only here", "grade only here", "salting only here",
    "size only here", "promise only here", "number differs", "a bundle",
)  # fmt: skip
AGAINST = frozenset(
    name
    for name in FEATURES
    if name.startswith(("other", "kind", "near", "maker")) or name.endswith(("differs", "here"))
) | {"words swapped", "words more", "remarks differ", "fillers differ", "a bundle"}
PACKS = ("same", "pieces differ", "differs", "other measure", "not told")


@dataclass(frozen=True, slots=True)
class Scored:
    """`thing`: the chance both are one thing; `score`: of it in the same pack. `reasons`: what said how much, in
    logits, the loudest first; the pack's is the logarithm of its chance."""

    score: float
    thing: float
    pack: str
    reasons: tuple[tuple[str, float], ...]

    @property
    def verdict(self) -> str:
        """Same, family or other, without thresholds: the likeliest."""
        if self.thing < FAMILY_FROM:
            return OTHER
        return SAME if self.score >= 0.5 else FAMILY


@dataclass(frozen=True, slots=True)
class Model:
    bias: float
    weights: dict[str, float]
    packs: dict[str, float]
    accept_from: float
    review_from: float
    metrics: dict[str, Any] = field(default_factory=dict)

    def score(self, a: Described, b: Described) -> Scored:
        found = features(a, b)
        parts = [(name, self.weights.get(name, 0.0) * value) for name, value in found.items()]
        thing = _chance(self.bias + sum(part for _, part in parts))
        if "maker not told" in found or "a bundle" in found:
            thing = min(thing, UNSURE)
        pack = pack_of(a, b)
        chance = self.packs[pack]
        said = [(name, round(part, 2)) for name, part in parts if abs(part) >= 0.05]
        said.append((f"pack {pack}", round(math.log(chance), 2)))
        said.sort(key=lambda reason: (-abs(reason[1]), reason[0]))
        return Scored(thing * chance, thing, pack, tuple(said))

    def as_json(self) -> dict[str, Any]:
        return {
            "bias": round(self.bias, 4),
            "weights": {name: round(weight, 4) for name, weight in self.weights.items()},
            "packs": {name: round(chance, 4) for name, chance in self.packs.items()},
            "accept_from": self.accept_from,
            "review_from": self.review_from,
        }

    @classmethod
    def of(cls, told: dict[str, Any], **more: Any) -> Model:
        """Of what `as_json` wrote. Raises KeyError for anything else."""
        return cls(
            float(told["bias"]), {n: float(w) for n, w in told["weights"].items()},
            {n: float(told["packs"][n]) for n in PACKS},
            float(told["accept_from"]), float(told["review_from"]), **more,
        )  # fmt: skip


@lru_cache(maxsize=1)
def given() -> Model:
    """The weights that come with the house, learned from its labelled pairs."""
    return Model.of(json.loads(WEIGHTS.read_text(encoding="utf-8")))


def _chance(logit: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))


# -- features ----------------------------------------------------------------------------------------------------------


def pack_of(a: Described, b: Described) -> str:
    """How the amounts stand to each other. Half a gram in a hundred is how packs are rounded (67 g and 67.5 g)."""
    if a.amount is None or b.amount is None:
        return "not told"
    if a.measure != b.measure:
        return "other measure"
    if abs(a.amount - b.amount) > max(a.amount, b.amount) * Decimal("0.0125"):
        return "differs"
    return "same" if a.pieces == b.pieces else "pieces differ"


def features(a: Described, b: Described) -> dict[str, float]:
    """What speaks for and against, each from 0 to 1; what is nothing is left out."""
    found: dict[str, float] = {}
    loose = a.category_slug in PRODUCE and b.category_slug in PRODUCE
    if a.brand and b.brand:
        found["same maker" if a.brand == b.brand else "other maker"] = 1.0
    elif a.brand or b.brand:
        found["maker not told"] = 1.0
    elif loose:
        found["both loose"] = 1.0
    if a.item and b.item:
        found[_things(a, b)] = 1.0
    if a.is_bundle or b.is_bundle:
        found["a bundle"] = 1.0
    mine, yours = (_kinds(a), _kinds(b)) if _item(a) == _item(b) else (_words(a), _words(b))
    only_a, only_b = _unpaired(mine - yours - _also(b), yours - mine - _also(a))
    found |= _groups(a, b, only_a, only_b)
    rest_a = {word for word in only_a if word not in _GROUP_OF and not word.isdigit()}
    rest_b = {word for word in only_b if word not in _GROUP_OF and not word.isdigit()}
    telling_a, telling_b = rest_a - FILLER, rest_b - FILLER
    found["words swapped"] = min(len(only_a - FILLER), len(only_b - FILLER), 2) / 2
    found["words more"] = min(abs(len(telling_a) - len(telling_b)), 3) / 3
    found["fillers differ"] = min(len(rest_a - telling_a) + len(rest_b - telling_b), 3) / 3
    found["remarks differ"] = _apart(a, b)
    if {w for w in only_a if w.isdigit()} or {w for w in only_b if w.isdigit()}:
        found["number differs"] = 1.0
    found["words alike"] = 1 - min(1.0, _weight(only_a | only_b) / (_weight(mine) + _weight(yours) + 1))
    found["letters alike"] = alike(_text(a), _text(b))
    return {name: value for name, value in found.items() if value}


def _apart(a: Described, b: Described) -> float:
    """How much of the shorter remark the other line doesn't have; nothing where only one has a remark."""
    mine, yours = a.remarks - FILLER, b.remarks - FILLER
    if not mine or not yours:
        return 0.0
    missing = min(len(mine - yours - _also(b)) / len(mine), len(yours - mine - _also(a)) / len(yours))
    return missing


def _weight(said: Iterable[str]) -> float:
    return sum(0.25 if word in FILLER else 1.0 for word in said)


def _things(a: Described, b: Described) -> str:
    if _item(a) == _item(b):
        return "same thing"
    if a.base == b.base:
        return "kind of it"
    return "near thing" if a.category_slug == b.category_slug and a.category_slug not in PRODUCE else "other thing"


def _item(a: Described) -> str:
    return "biscuit" if a.item == "cookie" else a.item  # shops call one thing by both names


def _word(stem: str) -> str:
    return _SPELT.get(stem, stem)


@lru_cache(maxsize=20_000)
def _kinds(a: Described) -> frozenset[str]:
    return frozenset(map(_word, a.kinds))


@lru_cache(maxsize=20_000)
def _words(a: Described) -> frozenset[str]:
    return frozenset(map(_word, a.said))


@lru_cache(maxsize=20_000)
def _also(a: Described) -> frozenset[str]:
    """Words that stand there too, in a remark or as the thing itself or the maker: no word more on the other side."""
    return frozenset(map(_word, a.remarks | frozenset(a.said))) | frozenset(a.brand.lower().split())


def _unpaired(a: frozenset[str], b: frozenset[str]) -> tuple[set[str], set[str]]:
    """Without words that are one word spelt two ways (rozana, rozzana) or run together (choco chip, chocochip)."""
    left_a, left_b = set(a), set(b)
    for word in sorted(a):
        for other in sorted(left_b):
            if word in _GROUP_OF and other in _GROUP_OF:
                continue
            if len(word) > 4 and len(other) > 4 and word[0] == other[0] and alike(word, other) >= 0.6:
                left_a.discard(word)
                left_b.discard(other)
                break
    for these, those in ((left_a, left_b), (left_b, left_a)):
        for word in sorted(these):
            parts = {other for other in those if len(other) > 2 and other in word}
            if len(parts) > 1 and sum(map(len, parts)) == len(word):
                these.discard(word)
                those -= parts
    return left_a, left_b


def _groups(a: Described, b: Described, only_a: set[str], only_b: set[str]) -> dict[str, float]:
    """Where both name one of a group and another one, where just one names any. Remarks count ("| Raw", "| Steam"), and
    what clashes there is put to the words only one side has."""
    found: dict[str, float] = {}
    remarked_a = only_a | (frozenset(map(_word, a.remarks)) - _also(b) - _kinds(b))
    remarked_b = only_b | (frozenset(map(_word, b.remarks)) - _also(a) - _kinds(a))
    for group, members in GROUPS.items():
        if remarked_a & members and remarked_b & members:
            found[f"{group} differs"] = 1.0
            only_a |= remarked_a & members
            only_b |= remarked_b & members
        elif (only_a | only_b) & members - {"plain"}:
            found[f"{group} only here"] = 1.0
    return found


@lru_cache(maxsize=20_000)
def _text(a: Described) -> str:
    return " ".join(sorted(map(_word, a.said)))


@lru_cache(maxsize=20_000)
def trigrams(text: str) -> frozenset[str]:
    """As pg_trgm takes them: two blanks before each word, one behind."""
    return frozenset(
        padded[at : at + 3] for word in text.split() for padded in (f"  {word} ",) for at in range(len(padded) - 2)
    )


def alike(a: str, b: str) -> float:
    """Dice's coefficient of the trigrams, 0 to 1."""
    one, two = trigrams(a), trigrams(b)
    return 2 * len(one & two) / (len(one) + len(two)) if one or two else 0.0


# -- learning ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pair:
    a: Described
    b: Described
    label: str
    kind: str = ""
    is_for_learning: bool = True


def learn(pairs: Sequence[Pair], *, ridge: float = 0.3) -> Model:
    """Weights that make the labels likeliest (ridge-penalised logistic regression by Newton's steps; no chance in it),
    the chance of each pack relation, and thresholds: acceptance where precision on these pairs is PRECISION_WANTED,
    review where LEAST_RECALL_OF_REVIEW of the same ones are still seen. Needs some pairs of each label."""
    import numpy

    rows = [features(pair.a, pair.b) for pair in pairs]
    x = numpy.array([[1.0, *(row.get(name, 0.0) for name in FEATURES)] for row in rows])
    y = numpy.array([float(pair.label != OTHER) for pair in pairs])
    used = numpy.ones(x.shape[1], dtype=bool)
    against = numpy.array([False, *(name in AGAINST for name in FEATURES)])
    in_favour = ~against
    in_favour[0] = False
    while True:
        w = numpy.zeros(x.shape[1])
        w[used] = _fit(x[:, used], y, ridge)
        wrong = used & ((against & (w > 0)) | (in_favour & (w < 0)))
        if not wrong.any():
            break
        used &= ~wrong  # what can only speak against says nothing where chance made it speak for, and so the other way
    packs = _pack_chances(pairs)
    draft = Model(float(w[0]), dict(zip(FEATURES, map(float, w[1:]), strict=True)), packs, 1.0, 0.0)
    accept, review = thresholds([(draft.score(p.a, p.b).score, p.label == SAME) for p in pairs])
    return Model(draft.bias, draft.weights, packs, accept, review)


def _fit(x: Any, y: Any, ridge: float) -> Any:
    import numpy

    w = numpy.zeros(x.shape[1])
    penalty = numpy.full(x.shape[1], ridge)
    penalty[0] = ridge / 10
    for _ in range(60):
        p = 1 / (1 + numpy.exp(-(x @ w)))
        step = numpy.linalg.solve((x.T * (p * (1 - p))) @ x + numpy.diag(penalty), x.T @ (y - p) - penalty * w)
        w = w + step
        if float(numpy.abs(step).max()) < 1e-8:
            break
    return w


def _pack_chances(pairs: Iterable[Pair]) -> dict[str, float]:
    """Of one thing's pairs with such packs, how many were the same product (one counted more on each side)."""
    counts = {name: [0, 0] for name in PACKS}
    for pair in pairs:
        if pair.label != OTHER:
            count = counts[pack_of(pair.a, pair.b)]
            count[0] += pair.label == SAME
            count[1] += 1
    return {name: (same + 0.5) / (total + 1) for name, (same, total) in counts.items()}


def thresholds(scored: Iterable[tuple[float, bool]]) -> tuple[float, float]:
    """(accept_from, review_from), rounded inwards to 0.01."""
    ranked = sorted(scored, reverse=True)
    same = sum(is_same for _, is_same in ranked)
    accept, review, right = 0.99, 0.3, 0
    for seen, (score, is_same) in enumerate(ranked, start=1):
        right += is_same
        if right / seen >= PRECISION_WANTED:
            accept = score
        if same and right / same >= LEAST_RECALL_OF_REVIEW:
            review = min(score, 0.5)
            break
    accept = min(0.99, max(LEAST_ACCEPT, math.floor(accept * 100) / 100))
    return accept, max(0.05, min(math.floor(review * 100) / 100, accept))


@dataclass(slots=True)
class Measured:
    """What a model makes of labelled pairs. Precision and recall are of "same" at `accept_from`."""

    pairs: int = 0
    same: int = 0
    accepted: int = 0
    right: int = 0
    reviewed: int = 0
    confusion: dict[tuple[str, str], int] = field(default_factory=dict)
    kinds: dict[str, list[int]] = field(default_factory=dict)
    wrong: list[tuple[Pair, Scored]] = field(default_factory=list)

    @property
    def precision(self) -> float:
        return self.right / self.accepted if self.accepted else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.same if self.same else 1.0

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def measure(model: Model, pairs: Iterable[Pair]) -> Measured:
    done = Measured()
    for pair in pairs:
        scored = model.score(pair.a, pair.b)
        accepted, is_same = scored.score >= model.accept_from, pair.label == SAME
        said = SAME if accepted else FAMILY if scored.thing >= FAMILY_FROM and scored.pack != "same" else OTHER
        if not accepted and scored.pack == "same" and scored.score >= model.review_from:
            said = "review"
        done.pairs += 1
        done.same += is_same
        done.accepted += accepted
        done.right += accepted and is_same
        done.reviewed += not accepted and scored.score >= model.review_from
        done.confusion[pair.label, said] = done.confusion.get((pair.label, said), 0) + 1
        count = done.kinds.setdefault(pair.kind, [0, 0])
        count[0] += accepted == is_same
        count[1] += 1
        if accepted != is_same:
            done.wrong.append((pair, scored))
    return done
