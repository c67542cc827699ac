"""From a query object to one SELECT on the views of the schema `ask`: names from the layer, values as parameters only.

The same query always gives the same text. Nothing of what a person wrote is ever part of it: fields are looked up in
the layer the asker may see, and every value travels beside the statement.

`names` finds fields and the joins they need, `values` gives values their places, `times` tells periods and grains,
`conditions` makes WHERE and HAVING, `statement` puts rows and groups together, `why` puts some rows beside the others.
"""

from __future__ import annotations

from blinkit.kernel.said import say
from dashboard.ask.compile import why
from dashboard.ask.compile.statement import Compiled, Statement
from dashboard.ask.errors import CannotCompile
from dashboard.ask.layer import Layer
from dashboard.ask.query import Intent, Query

__all__ = ["Compiled", "compile_query"]

MOST_FIELDS = 24
MOST_FILTERS = 24
MOST_ORDERS = 5


def compile_query(query: Query, layer: Layer, *, page: int = 0) -> Compiled:
    """`layer` is what the asker may see (`Layer.for_`). Raises CannotCompile."""
    fields = len(query.measures) + len(query.dimensions) + len(query.columns)
    if len(query.filters) > MOST_FILTERS or len(query.order) > MOST_ORDERS or fields > MOST_FIELDS:
        raise CannotCompile("too-long", say("That is more than one question can hold."))
    statement = Statement.of(query, layer, page)
    if query.intent is Intent.WHY and statement.base.why is not None:
        return why.compiled(statement, statement.base.why)
    if query.measures or query.dimensions:
        return statement.grouped()
    return statement.listed()
