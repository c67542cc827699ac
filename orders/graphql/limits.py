"""How much one query may ask for, worked out before anything is read.

Cost: every field is a point, a field that reads something WEIGHTS; what is inside a list counts as often as the list
may be long (its `first`, else SIZES). `orders(first: 20) { items { lines { sku } } }` costs 20 + 20 × (1 + 1 + 10 × 1).
The method is that of the GraphQL cost directives draft (IBM, 2021) with fixed figures in place of directives.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    SelectionSetNode,
    ValidationRule,
    VariableNode,
    get_named_type,
    validate,
)
from strawberry.extensions import SchemaExtension

MOST_COST = 3_000
MOST_DEPTH = 8
MOST_TOKENS = 1_000
MOST_ALIASES = 15
MOST_DIRECTIVES = 10
MOST_PER_PAGE = 100

INTROSPECTION = 100
WEIGHTS = {
    "Query.serviceability": 20,
    "Query.stores": 20,
    "Query.cart": 40,
    "Query.orders": 20,
    "Query.order": 30,
    "Store.categories": 10,
    "Store.shelf": 20,
    "Store.product": 20,
    "Store.search": 30,
    "Store.suggestions": 10,
    "OrderLine.product": 2,
}
SIZES = {
    "Query.stores": 50,
    "Store.categories": 30,
    "Category.children": 10,
    "Store.suggestions": 11,
    "Card.packs": 4,
    "Card.tiers": 2,
    "Product.packs": 4,
    "Product.tiers": 2,
}
USUAL_SIZE = 10


class Limits(SchemaExtension):
    """Tokens, depth, aliases, directives, introspection and cost; the cost is told in every answer's `extensions`."""

    cost = 0

    def on_operation(self) -> Iterator[None]:
        self.execution_context.parse_options["max_tokens"] = MOST_TOKENS
        yield

    def on_validate(self) -> Iterator[None]:
        context = self.execution_context
        document, schema = context.graphql_document, context.schema._schema
        assert document is not None
        # Depth is ours too: a rule that walks into every spread takes 2^n steps for fragments that spread twice.
        errors = validate(schema, document, [*context.validation_rules, MostAliases, MostDirectives, *_closed()])
        if not errors:
            try:
                self.cost, depth = figures_of(document, schema, context.context.operation_name, context.variables or {})
                _refuse_too_much(self.cost, depth)
            except GraphQLError as error:
                errors = [error]
        context.pre_execution_errors = errors
        yield

    def get_results(self) -> dict[str, Any]:
        return {"cost": self.cost, "limit": MOST_COST}


def _refuse_too_much(cost: int, depth: int) -> None:
    if depth > MOST_DEPTH:
        sentence = f"This query is {depth} deep, more than {MOST_DEPTH}."
        raise GraphQLError(sentence, extensions={"code": "too-deep", "depth": depth, "limit": MOST_DEPTH})
    if cost > MOST_COST:
        sentence = f"This query costs {cost}, more than {MOST_COST}: shorter lists or fewer fields, please."
        raise GraphQLError(sentence, extensions={"code": "too-costly", "cost": cost, "limit": MOST_COST})


class MostAliases(ValidationRule):
    """The same thing under many names is a cheap way to ask for much."""

    seen = 0

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        if node.alias is not None:
            self.seen += 1
            if self.seen == MOST_ALIASES + 1:
                extensions = {"code": "too-many-aliases", "limit": MOST_ALIASES}
                self.report_error(GraphQLError(f"At most {MOST_ALIASES} aliases.", node, extensions=extensions))


class MostDirectives(ValidationRule):
    seen = 0

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        self.seen += 1
        if self.seen == MOST_DIRECTIVES + 1:
            extensions = {"code": "too-many-directives", "limit": MOST_DIRECTIVES}
            self.report_error(GraphQLError(f"At most {MOST_DIRECTIVES} directives.", node, extensions=extensions))


def _closed() -> list[type[ValidationRule]]:
    return [] if settings.GRAPHQL_INTROSPECTION else [NoSchemaIntrospectionCustomRule]


def figures_of(
    document: DocumentNode, schema: GraphQLSchema, operation_name: str | None, variables: Mapping[str, Any]
) -> tuple[int, int]:
    """Cost and depth of the operation that is going to run, in a document that is valid.

    `skip` and `include` change nothing. Raises GraphQLError when it is not clear which operation is meant.
    """
    operations = [it for it in document.definitions if isinstance(it, OperationDefinitionNode)]
    named = [it for it in operations if it.name is not None and it.name.value == operation_name]
    fragments = {it.name.value: it for it in document.definitions if isinstance(it, FragmentDefinitionNode)}
    meant = named or (operations if operation_name is None else [])
    if len(meant) != 1:
        raise GraphQLError("Name one of the operations in the query as operationName.")
    assert schema.query_type is not None
    return _Reckoning(schema, fragments, variables).inside(meant[0].selection_set, schema.query_type)


class _Reckoning:
    """(cost, depth) of a selection and of what is beneath it."""

    def __init__(
        self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode], variables: Mapping[str, Any]
    ) -> None:
        self.schema, self.fragments, self.variables = schema, fragments, variables
        self.known: dict[str, tuple[int, int]] = {}  # each fragment is worked out once

    def inside(self, selections: SelectionSetNode, parent: GraphQLObjectType) -> tuple[int, int]:
        total = deepest = 0
        for node in selections.selections:
            cost = depth = 0
            if isinstance(node, FieldNode):
                cost, depth = self.field(node, parent)
            elif isinstance(node, InlineFragmentNode):
                cost, depth = self.inside(node.selection_set, self.type_of(node, parent))
            elif isinstance(node, FragmentSpreadNode):
                name = node.name.value
                if name not in self.known:
                    fragment = self.fragments[name]
                    self.known[name] = self.inside(fragment.selection_set, self.type_of(fragment, parent))
                cost, depth = self.known[name]
            total, deepest = total + cost, max(deepest, depth)
        return total, deepest

    def type_of(
        self, node: InlineFragmentNode | FragmentDefinitionNode, parent: GraphQLObjectType
    ) -> GraphQLObjectType:
        condition = node.type_condition
        found = None if condition is None else self.schema.get_type(condition.name.value)
        return found if isinstance(found, GraphQLObjectType) else parent

    def field(self, node: FieldNode, parent: GraphQLObjectType) -> tuple[int, int]:
        name = node.name.value
        if name.startswith("__"):
            return (0, 1) if name == "__typename" else (INTROSPECTION, 1)
        field = parent.fields[name]
        path = f"{parent.name}.{name}"
        weight = WEIGHTS.get(path, 1)
        inner_type = get_named_type(field.type)
        if node.selection_set is None or not isinstance(inner_type, GraphQLObjectType):
            return weight, 1
        cost, depth = self.inside(node.selection_set, inner_type)
        return weight + self.times(node, field, path) * cost, 1 + depth

    def times(self, node: FieldNode, field: GraphQLField, path: str) -> int:
        if "first" in field.args:
            asked: Any = field.args["first"].default_value
            for argument in node.arguments or ():
                if argument.name.value == "first":
                    if isinstance(argument.value, IntValueNode):
                        asked = int(argument.value.value)
                    elif isinstance(argument.value, VariableNode):
                        asked = self.variables.get(argument.value.name.value, MOST_PER_PAGE)
            return max(1, min(asked, MOST_PER_PAGE)) if isinstance(asked, int) else MOST_PER_PAGE
        if path in SIZES:
            return SIZES[path]
        if path.endswith("Page.items"):
            return 1  # `first` of the page has counted them already
        kind = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
        return USUAL_SIZE if isinstance(kind, GraphQLList) else 1
