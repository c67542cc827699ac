from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class DashboardConfig(AppConfig):
    name = "dashboard"
    verbose_name = "Operations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        pre_migrate.connect(drop_views, sender=self, dispatch_uid="dashboard.ask_views")
        post_migrate.connect(make_views, sender=self, dispatch_uid="dashboard.ask_views")


def drop_views(*, using: str, plan: Any = (), **_: Any) -> None:
    """A view would stand in the way of a column that changes."""
    if using == "default" and plan:
        from dashboard.services import ask_schema

        ask_schema.drop()


def make_views(*, using: str, **_: Any) -> None:
    if using == "default":
        from dashboard.services import ask_schema

        ask_schema.refresh_or_say()
