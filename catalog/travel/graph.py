"""Real streets: a drive network as OSMnx writes it (GraphML), its shortest ways, and what is fitted to them.

Needs numpy and scipy; nothing that serves imports it. Metres on a plane tangent to the middle of the network.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from blinkit.kernel.geo import EARTH_RADIUS_METRES, Point
from catalog.travel.field import Field
from catalog.travel.street import STANDARD, Streets

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]

_NS = "{http://graphml.graphdrawing.org/xmlns}"
LEAST_METRES, MOST_METRES = 300, 5_000
"""Nearer than that is next door, further away no store delivers."""
STEP_METRES, REACH_METRES = 200, 5_500
AROUND = 4
"""A point of the lattice lies between so many corners of the streets, the near ones counting more."""
OFF_STREET_METRES = 350
"""Further than that from any corner nothing is known."""


class BadGraph(ValueError):
    """What is wrong, in words."""


@dataclass(frozen=True, slots=True)
class Graph:
    """Corners (lat, lng; metres east, north) and the lengths of ways between neighbours, one-way streets counted."""

    lat_lng: Floats
    plane: Floats
    lengths: csr_matrix

    @property
    def corners(self) -> int:
        return len(self.lat_lng)

    def ways_from(self, corners: Sequence[int] | Numbers) -> Floats:
        """Shortest ways (Dijkstra 1959) from each of these to every corner, metres; infinite where there is none."""
        ways: Floats = dijkstra(self.lengths, indices=np.asarray(corners))
        return ways

    def on_plane(self, lat: Any, lng: Any) -> Floats:
        middle = self.lat_lng.mean(axis=0)
        east = np.radians(np.asarray(lng) - middle[1]) * math.cos(math.radians(middle[0]))
        return EARTH_RADIUS_METRES * np.stack([east, np.radians(np.asarray(lat) - middle[0])], axis=-1)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Random corners some way apart: `straight` and `street` metres."""

    start: Numbers
    end: Numbers
    straight: Floats
    street: Floats


def read(path: Path) -> Graph:
    """A .graphml file, or the first one of a folder. Raises BadGraph(words)."""
    file = min(path.glob("*.graphml"), default=None) if path.is_dir() else path
    if file is None:
        raise BadGraph(f"There is no .graphml file in {path}.")
    try:
        root = ElementTree.parse(file).getroot()
        names = {key.get("id"): key.get("attr.name") for key in root.iter(f"{_NS}key")}
        number: dict[str, int] = {}
        lat_lng: list[tuple[float, float]] = []
        for node in root.iter(f"{_NS}node"):
            told = {names[one.get("key")]: one.text or "" for one in node}
            number[node.attrib["id"]] = len(lat_lng)
            lat_lng.append((float(told["y"]), float(told["x"])))
        shortest: dict[tuple[int, int], float] = {}
        for edge in root.iter(f"{_NS}edge"):
            told = {names[one.get("key")]: one.text or "" for one in edge}
            ends = (number[edge.attrib["source"]], number[edge.attrib["target"]])
            if ends[0] != ends[1]:
                shortest[ends] = min(float(told["length"]), shortest.get(ends, math.inf))
    except OSError as error:
        raise BadGraph(f"{file} cannot be read: {error.strerror}.") from error
    except (ElementTree.ParseError, KeyError, ValueError) as error:
        raise BadGraph(f"{file} is not a street network as OSMnx writes it: {error}.") from error
    if len(lat_lng) < 100 or not shortest:
        raise BadGraph(f"{file} has hardly any streets.")
    places = np.array(lat_lng)
    rows, columns = np.array(list(shortest)).T
    lengths = csr_matrix((np.array(list(shortest.values())), (rows, columns)), shape=(len(places),) * 2)
    graph = Graph(places, np.empty((0, 2)), lengths)
    return Graph(places, graph.on_plane(places[:, 0], places[:, 1]), lengths)


def pairs(graph: Graph, among: Numbers, *, starts: int, each: int, seed: int) -> Pairs:
    """Up to `each` ends for so many `starts`, all of `among`, LEAST to MOST metres apart in a straight line."""
    dice = np.random.default_rng(seed)
    start = np.repeat(dice.choice(among, starts), each)
    end = dice.choice(among, len(start))
    straight = np.linalg.norm(graph.plane[start] - graph.plane[end], axis=1)
    fits = (straight >= LEAST_METRES) & (straight <= MOST_METRES)
    start, end, straight = start[fits], end[fits], straight[fits]
    asked, row = np.unique(start, return_inverse=True)
    street = graph.ways_from(asked)[row, end]
    there = np.isfinite(street)
    return Pairs(start[there], end[there], straight[there], street[there])


def fit(known: Pairs) -> Streets:
    """The Streets with the least mean absolute relative error on these pairs (simplex search, Nelder and Mead 1965)."""

    def error(figures: Floats) -> float:
        streets = _bounded(figures)
        said = streets.factor * known.straight + streets.turns * np.minimum(known.straight, streets.turns_metres)
        return float(np.mean(np.abs(said - known.street) / known.street))

    begin = [STANDARD.factor, STANDARD.turns, STANDARD.turns_metres / 1_000]
    found = minimize(error, begin, method="Nelder-Mead", options={"maxiter": 600, "xatol": 1e-3, "fatol": 1e-6})
    return _bounded(found.x)


def _bounded(figures: Floats) -> Streets:
    factor, turns, kilometres = (float(figure) for figure in figures)
    return Streets(
        round(min(3.0, max(1.0, factor)), 3),
        round(min(2.0, max(0.0, turns)), 3),
        round(1_000 * min(20.0, max(0.0, kilometres))),
    )


def field_of(graph: Graph, origin: Point, *, among: Numbers | None = None) -> Field | None:
    """The ways from a place to a lattice around it; None where the place lies off these streets.

    `among`: only these corners are known (what an evaluation leaves for judging is not).
    """
    corners = np.arange(graph.corners) if among is None else among
    tree = cKDTree(graph.plane[corners])
    off, nearest = tree.query(graph.on_plane(origin.lat, origin.lng))
    if off > OFF_STREET_METRES:
        return None
    ways = off + graph.ways_from([int(corners[nearest])])[0]
    step = math.degrees(STEP_METRES / EARTH_RADIUS_METRES)
    step_lng = step / math.cos(math.radians(origin.lat))
    half = math.ceil(REACH_METRES / STEP_METRES)
    south, west = origin.lat - half * step, origin.lng - half * step_lng
    side = np.arange(2 * half + 1)
    lat, lng = np.meshgrid(south + side * step, west + side * step_lng, indexing="ij")
    far, around = tree.query(graph.on_plane(lat.ravel(), lng.ravel()), k=AROUND)
    near = ways[corners[around]]
    weight = np.where(np.isfinite(near), 1 / (far + 20) ** 2, 0)
    total = weight.sum(axis=1)
    mean = (weight * np.where(np.isfinite(near), near, 0)).sum(axis=1) / np.where(total > 0, total, 1)
    known = (far[:, 0] <= OFF_STREET_METRES) & (total > 0) & (mean < 65_000)
    metres = array("H", np.where(known, np.maximum(1, np.round(mean)), 0).astype(int).tolist())
    return Field(origin, south, west, step, step_lng, len(side), metres)
