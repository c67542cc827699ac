from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class CatalogConfig(AppConfig):
    name = "catalog"
    verbose_name = "Goods"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        post_migrate.connect(seed_synonyms, sender=self)


def seed_synonyms(*, using: str, **_: Any) -> None:
    """After each migrate: pairs that a new version brings are added, those an administrator turned off stay off; what
    is stored for search is written anew where this version stores it differently."""
    from django.db import connections

    from catalog.services import load_synonyms, refresh_families_if_outdated, refresh_search_if_outdated

    if using == "default" and "catalog_searchword" in connections[using].introspection.table_names():
        load_synonyms()
        refresh_search_if_outdated()
        refresh_families_if_outdated()
