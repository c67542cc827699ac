"""Import rules of our own for import-linter (`make check`); the layers themselves are in pyproject.toml."""

from __future__ import annotations

import re

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output

DOORS = frozenset({"api", "web", "ws", "admin", "handlers", "urls", "tasks"})
TRANSPORT = re.compile(
    r"\bdjango\.(http|shortcuts|views|template|test)\b|\bfrom django import .*\b(http|shortcuts|views)\b"
)


class _DirectImports(Contract):
    """A rule about who may import whom directly; says every line that breaks it."""

    apps = fields.ListField(subfield=fields.StringField())

    def wrong(self, importer: list[str], imported: list[str], line: str) -> bool:
        raise NotImplementedError

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        apps = {tuple(name.split(".")) for name in self.apps}  # type: ignore[attr-defined]
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
    """An app's doors are its own: nobody else imports its api, web, ws, admin, handlers, urls or tasks."""

    def wrong(self, importer: list[str], imported: list[str], line: str) -> bool:
        apps = [name.split(".") for name in self.apps]  # type: ignore[attr-defined]
        for app in apps:
            if imported[: len(app)] == app and importer[: len(app)] != app:
                return len(imported) > len(app) and imported[len(app)] in DOORS
        return False


class NoTransportContract(_DirectImports):
    """Services, queries, models and states know no HTTP, no template and no socket."""

    inner = fields.ListField(subfield=fields.StringField())

    def wrong(self, importer: list[str], imported: list[str], line: str) -> bool:
        if not set(self.inner) & set(importer):  # type: ignore[attr-defined]
            return False
        if imported[0] == "django":  # the graph knows it by this name only: the line tells django.http from django.db
            return bool(TRANSPORT.search(line))
        return imported[0] in {"rest_framework", "channels"}


class PlainContract(_DirectImports):
    """Algorithm packages import no Django, no database driver and none of our apps: dataclasses in, dataclasses out."""

    plain = fields.ListField(subfield=fields.StringField())

    def wrong(self, importer: list[str], imported: list[str], line: str) -> bool:
        home = next((p for p in self.plain if ".".join(importer).startswith(p)), None)  # type: ignore[attr-defined]
        if home is None:
            return False
        name = ".".join(imported)
        ours = name.startswith((home, "blinkit.kernel.geo", "blinkit.kernel.money"))
        theirs = imported[0] in {"django", "rest_framework", "psycopg", "redis", "celery", "channels"}
        app = any(name == app or name.startswith(f"{app}.") for app in self.apps)  # type: ignore[attr-defined]
        return theirs or (app and not ours and not _another_algorithm(name, self.plain))  # type: ignore[attr-defined]


def _another_algorithm(name: str, plain: list[str]) -> bool:
    """catalog.travel may be used by orders.promise and delivery.dispatch: it is plain too."""
    return any(name == p or name.startswith(f"{p}.") for p in plain)
