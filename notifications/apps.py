from typing import Any

from django.apps import AppConfig
from django.db import connection
from django.db.models.signals import post_migrate


def write_missing_templates(using: str, **_: Any) -> None:
    """After migrating, the rows an administrator may edit are there."""
    from notifications.models import Template
    from notifications.services import ensure_templates

    # After migrating backwards the table may be gone.
    if using == "default" and Template._meta.db_table in connection.introspection.table_names():
        ensure_templates()


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = "Messages"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        post_migrate.connect(write_missing_templates, sender=self, dispatch_uid="notifications.templates")
