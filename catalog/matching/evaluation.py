"""Labelled pairs: our own, and those of scraped files, kept as hashes of the two folded texts. Plain Python.

The scraped files carry no licence, so their names are never in the repository: a label is found again by the hash of
name and pack while the files lie in a `shared/data` folder beside or above the project.

Which half a pair is in is decided by the hash of both texts: one half is learned from, figures are told of the other.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from catalog.matching.naming import describe
from catalog.matching.scoring import FAMILY, OTHER, SAME, Pair
from catalog.search.folding import fold

HERE = Path(__file__).parent
PIECE_G = 58
"""What the older Zepto file writes as the weight of one piece (catalog.importing.formats)."""
LABELS = frozenset({SAME, FAMILY, OTHER})


class Line(NamedTuple):
    """One listing as a platform writes it; `hint` is its category where it tells one."""

    name: str
    pack: str
    hint: str = ""


def hash_of(name: str, pack: str) -> str:
    """What a label is found by: the first 64 bits of SHA-256."""
    return hashlib.sha256(fold(f"{name} {pack}").encode()).hexdigest()[:16]


def is_for_learning(one: str, other: str) -> bool:
    """Half of all pairs, the same half in every run."""
    return int(hashlib.sha256((one + other).encode()).hexdigest(), 16) % 2 == 0


def shared_data() -> Path | None:
    """`shared/data` beside the project or beside a folder around it; None where there is none."""
    places = [folder / "shared" / "data" for folder in HERE.resolve().parents[1:]]
    return next((place for place in places if place.is_dir()), None)


def read_pairs(path: Path) -> list[Pair]:
    """Of a file with the columns a, a_pack, b, b_pack, label, kind. Raises ValueError for another file or label."""
    found: list[Pair] = []
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        if not {"a", "b", "label"} <= set(rows.fieldnames or ()):
            raise ValueError("The file needs the columns a, a_pack, b, b_pack, label, kind.")
        for row in rows:
            if row["label"] not in LABELS:
                raise ValueError(f"A label is same, family or other, not {row['label']!r}.")
            a, b = (row["a"], row.get("a_pack") or ""), (row["b"], row.get("b_pack") or "")
            found.append(
                Pair(describe(*a), describe(*b), row["label"], row.get("kind") or "",
                     is_for_learning(hash_of(*a), hash_of(*b)))
            )  # fmt: skip
    return found


def own_pairs() -> list[Pair]:
    return read_pairs(HERE / "pairs.csv")


def scraped_pairs(data: Path) -> tuple[list[Pair], int]:
    """The labelled pairs of the scraped files, and how many labels found no text any more."""
    texts = {hash_of(line.name, line.pack): line for lines in platforms(data).values() for line in reversed(lines)}
    found: list[Pair] = []
    lost = 0
    with (HERE / "labels.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            a, b = texts.get(row["hash_a"]), texts.get(row["hash_b"])
            if a is None or b is None:
                lost += 1
                continue
            found.append(
                Pair(describe(a.name, a.pack), describe(b.name, b.pack), row["label"], row["kind"],
                     is_for_learning(row["hash_a"], row["hash_b"]))
            )  # fmt: skip
    return found, lost


def platforms(data: Path) -> dict[str, list[Line]]:
    """What each platform lists in the scraped files that are there, each line once."""
    scrape = data / "qcommerce_scrape_2025_04"
    readers = {
        "zepto": (scrape / "zepto_products.csv", "utf-8-sig", _zepto),
        "jiomart": (scrape / "jiomart_products.csv", "utf-8-sig", _jiomart),
        "instamart": (scrape / "swiggy_products.csv", "utf-8-sig", _swiggy),
        "zepto, older": (data / "zepto_v2" / "zepto_v2.csv", "cp1252", _older_zepto),
    }
    found: dict[str, list[Line]] = {}
    for platform, (path, encoding, read) in readers.items():
        if path.is_file():
            with path.open(encoding=encoding, errors="replace", newline="") as file:
                found[platform] = sorted(set(read(csv.DictReader(file))))
    return found


def _zepto(rows: Iterable[dict[str, str]]) -> Iterator[Line]:
    for row in rows:
        yield Line(row["name"], row["weight"], " ".join((row["URL"] or "").split("/")[4:6]))


def _jiomart(rows: Iterable[dict[str, str]]) -> Iterator[Line]:
    for row in rows:
        if row["Name"] not in {"N/A", "Name"}:
            yield Line(row["Name"], "" if row["Weight"] == "N/A" else row["Weight"])


def _swiggy(rows: Iterable[dict[str, str]]) -> Iterator[Line]:
    for row in rows:
        hint = (row["URL"] or "").partition("categoryName=")[2].partition("&")[0]
        yield Line(row["Name"], "" if row["Weight"] == row["Name"] else row["Weight"], hint)


def _older_zepto(rows: Iterable[dict[str, str]]) -> Iterator[Line]:
    for row in rows:
        count, grams = int(row["quantity"] or 0), int(row["weightInGms"] or 0)
        pack = f"{grams} g" if grams else ""
        if count and grams == count * PIECE_G:
            pack = f"{count} pc"
        elif count and count < 100 and grams == count * 1000:
            pack = f"{count} kg"
        yield Line(" ".join(row["name"].split()), pack, row["Category"])
