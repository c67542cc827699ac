"""How long the parts of a pick take: the time model, in seconds and metres per second."""

from __future__ import annotations

from dataclasses import dataclass, replace

MOST_SCALED = 3.0
"""A floor that seems to be further from the model than this was measured wrongly."""


@dataclass(frozen=True, slots=True)
class Pace:
    """A picker's speed. The defaults are an assumption to be replaced by what is learned on the floor."""

    walk_mps: float = 1.0  # with a trolley between shelves
    start_s: float = 8.0  # per walk: read the task, take totes and trolley
    line_s: float = 6.0  # find the bin, scan the first unit
    unit_s: float = 1.5  # every further unit
    tote_s: float = 1.5  # per line, when there is more than one tote: see which one, and put it there
    pack_s: float = 20.0  # per order: bags, label, shelf slot
    pack_unit_s: float = 1.0
    safety_s: float = 30.0  # this long before it is due every order of a cluster is packed
    least_saved_s: float = 10.0  # what each order that joins must save
    frozen_out_s: float = 300.0  # from the freezer to the closed bag, at most

    def scaled(self, factor: float) -> Pace:
        """So many times the seconds for everything a person does; what must hold (safety, frozen, least) stays."""
        return replace(
            self,
            walk_mps=self.walk_mps / factor,
            start_s=self.start_s * factor,
            line_s=self.line_s * factor,
            unit_s=self.unit_s * factor,
            tote_s=self.tote_s * factor,
            pack_s=self.pack_s * factor,
            pack_unit_s=self.pack_unit_s * factor,
        )

    def fitted(self, usual_s: float, *, metres: float, lines: int, units: int) -> Pace:
        """The same for a floor on which such an order is usually on the shelf after `usual_s`: scaled by one factor.

        A factor is enough: what is learned of a floor are seconds per order, and the parts of an order keep their
        proportions (docs/floor.md, "Measured").
        """
        guessed_s = self.pick_s(metres, lines=lines, units=units) + self.pack_order_s(units)
        return self.scaled(min(MOST_SCALED, max(1 / MOST_SCALED, usual_s / guessed_s)))

    def pick_s(self, metres: float, *, lines: int, units: int, totes: int = 1) -> float:
        per_line = self.line_s + (self.tote_s if totes > 1 else 0.0)
        return self.start_s + metres / self.walk_mps + lines * per_line + max(0, units - lines) * self.unit_s

    def pack_order_s(self, units: int) -> float:
        return self.pack_s + units * self.pack_unit_s

    def saved_s(self, metres_less: float, *, lines_sorted: int) -> float:
        """What one walk less and a shorter way save, less sorting so many more lines into totes; negative: a cost."""
        return self.start_s + metres_less / self.walk_mps - lines_sorted * self.tote_s
