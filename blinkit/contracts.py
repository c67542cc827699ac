"""Import rules of our own for import-linter (`make check`); the layers themselves are in pyproject.toml."""

from __future__ import annotations

import re

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output

DOORS = frozenset({"api", "web", "ws", "admin", "handlers", "urls", "tasks", "graphql"})
TRANSPORT = re.compile(
    r"\bdjango\.(http|shortcuts|views|template|test)\b|\bfrom django import .*\b(http|shortcuts|views)\b"
)


class _DirectImports(Contract):
    """A rule about who may import whom directly; says every line that breaks it."""

    apps = fields.ListField(subfield=fields.StringField())

    def option(self, name: str) -> list[str]:
        return list(getattr(self, name))

    def wrong(self, importer: list[str], imported: list[str], line: str) -> bool:
        raise NotImplementedError

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        apps = {tuple(name.split(".")) for name in self.option("apps")}
        broken = []
        for importer in sorted(graph.modules):
            mine = importer.split(".")
            home = next((mine[: len(app)] for app in apps if tuple(mine[: len(app)]) == app), None)
            if home is None or "tests" in mine or "migrations" in mine:
                continue
            for imported in sorted(graph.find_modules_directly_imported_by(importer)):
                theirs = imported.split(".")
                broken += [
                    f"{importer}:{line['line_number']}: {line['line_contents'].strip()}"
                    for line in graph.get_import_details(importer=importer, imported=imported)
                    if self.wrong(mine, theirs, line["line_contents"])
                ]
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for line in check.metadata["broken"]:
            output.print_error(line)


class DoorsContract(_DirectImports):
    """An app's doors are its own: nobody else imports its api, web, ws, admin, handlers, urls, tasks or graphql."""

    def wrong(self, importer: list[str], imported: list[str], line: str) -> bool:
        apps = [name.split(".") for name in self.option("apps")]
        for app in apps:
            if imported[: len(app)] == app and importer[: len(app)] != app:
                return len(imported) > len(app) and imported[len(app)] in DOORS
        return False


class NoTransportContract(_DirectImports):
    """Services, queries, models and states know no HTTP, no template and no socket."""

    inner = fields.ListField(subfield=fields.StringField())

    def wrong(self, importer: list[str], imported: list[str], line: str) -> bool:
        if not set(self.option("inner")) & set(importer):
            return False
        if imported[0] == "django":  # the graph knows it by this name only: the line tells django.http from django.db
            return bool(TRANSPORT.search(line))
        return imported[0] in {"rest_framework", "channels"}


class PlainContract(_DirectImports):
    """Algorithm packages import no Django, no database driver and none of our apps: dataclasses in, dataclasses out."""

    plain = fields.ListField(subfield=fields.StringField())

    def wrong(self, importer: list[str], imported: list[str], line: str) -> bool:
        plain = self.option("plain")
        home = next((p for p in plain if _inside(".".join(importer), p)), None)
        if home is None:
            return False
        name = ".".join(imported)
        if imported[0] in {"django", "rest_framework", "psycopg", "redis", "celery", "channels"}:
            return True
        allowed = [
            *plain,
            "blinkit.kernel.geo",
            "blinkit.kernel.money",
            "blinkit.kernel.said",
        ]  # an algorithm may use another one
        ours = any(_inside(name, app) for app in self.option("apps"))
        return ours and not any(_inside(name, place) for place in allowed)


def _inside(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")
