"""Names of a question looked up in the layer the asker may see, and the joins that reach them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from blinkit.kernel.said import say
from dashboard.ask.compile.expressions import PERCENTILES, after_colon
from dashboard.ask.errors import CannotCompile
from dashboard.ask.layer import FIGURES, Dimension, Entity, Layer, Measure

AGGREGATES = ("count", "distinct", "min", "max", "avg", "sum", *PERCENTILES, "rate")


@dataclass(slots=True)
class Names:
    """Every look-up raises CannotCompile for what the layer does not have, or can't put together."""

    layer: Layer
    base: Entity
    joined: dict[str, str] = field(default_factory=dict)
    """Joined entities and their JOINs, in the order in which they were needed."""

    @classmethod
    def of(cls, layer: Layer, entity: str) -> Names:
        try:
            return cls(layer, layer.entity(entity))
        except KeyError:
            raise CannotCompile("not-allowed", say("Nothing you may see is called that.")) from None

    @property
    def entities(self) -> tuple[str, ...]:
        return (self.base.name, *self.joined)

    def field(self, path: str) -> tuple[Entity, Dimension | Measure]:
        try:
            entity, found = self.layer.field(path)
        except KeyError:
            raise CannotCompile("unknown", say("Nothing you may see is called that.")) from None
        self._reach(entity)
        return entity, found

    def dimension(self, path: str) -> tuple[Entity, Dimension]:
        entity, found = self.field(path)
        if isinstance(found, Measure):
            raise CannotCompile("not-together", say("{field} is a figure, not a way to sort rows.", field=found.label))
        return entity, found

    def is_measure(self, path: str) -> bool:
        return isinstance(self.field(path)[1], Measure)

    def measure(self, path: str) -> Measure:
        """A measure of the base entity, with the aggregate asked for; of a joined one a row would count many times."""
        entity, found = self.field(path)
        if entity is not self.base:
            raise CannotCompile(
                "not-together",
                say("{figure} can't be told by {rows}.", figure=found.label, rows=self.base.label),
            )  # fmt: skip
        wanted = after_colon(path)
        if isinstance(found, Dimension):
            if not wanted:
                raise CannotCompile("unknown", say("{field} is no figure.", field=found.label))
            found = Measure(found.name, found.label, found.kind, "", found.column)
        elif not wanted:
            return found
        needs_figures = wanted in ("avg", "sum", *PERCENTILES)
        if (
            wanted not in AGGREGATES
            or (needs_figures and found.kind not in FIGURES)
            or (wanted == "rate" and found.kind != "flag")
        ):
            raise CannotCompile("unknown", say("{field} has no such figure.", field=found.label))
        kind = {"count": "number", "distinct": "number", "rate": "bp"}.get(wanted, found.kind)
        return Measure(found.name, found.label, kind, wanted, found.column, found.where)

    def _reach(self, entity: Entity) -> None:
        """The shortest way over the joins, many to one; each becomes a JOIN once."""
        if entity is self.base or entity.name in self.joined:
            return
        ways: dict[str, str] = {self.base.name: ""}
        queue = deque([self.base])
        while queue and entity.name not in ways:
            here = queue.popleft()
            for join in here.joins:
                if join.to not in ways and join.to in self.layer.entities:
                    ways[join.to] = here.name
                    queue.append(self.layer.entity(join.to))
        if entity.name not in ways:
            raise CannotCompile(
                "not-together", say("{one} and {other} can't be put together.", one=self.base.label, other=entity.label)
            )
        path = [entity.name]
        while ways[path[-1]] != self.base.name:
            path.append(ways[path[-1]])
        for name in reversed(path):
            if name in self.joined:
                continue
            source = self.layer.entity(ways[name])
            join = next(one for one in source.joins if one.to == name)
            self.joined[name] = (
                f'LEFT JOIN ask."{name}" AS "{name}" ON "{name}"."{join.key}" = "{source.name}"."{join.column}"'
            )
