"""One store's floor, replayed: pickers, a queue, walks and packing tables under a stated time model. Plain Python.

The rules under test are the product's own (`fulfillment.queueing`, `fulfillment.clustering`, `fulfillment.pickroute`):
nothing here decides what is picked next, with what, or along which way. What is real and what is assumed:
`fulfillment.floorsim.times` (seconds), `blinkit.demo.simulate.floor` (baskets).
"""

from fulfillment.floorsim.arrivals import arrivals
from fulfillment.floorsim.engine import Job, Line, Outcome, Pick, run
from fulfillment.floorsim.figures import Figures, figures
from fulfillment.floorsim.policies import POLICIES, Policy
from fulfillment.floorsim.times import TimeModel

__all__ = [
    "POLICIES", "Figures", "Job", "Line", "Outcome", "Pick", "Policy", "TimeModel", "arrivals", "figures",
    "run",
]  # fmt: skip
