"""The GraphQL schema as text, for code generators: `manage.py print_graphql > docs/schema.graphql`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from orders.graphql.schema import schema


class Command(BaseCommand):
    help = "Prints the schema of /graphql."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(schema.as_str())
