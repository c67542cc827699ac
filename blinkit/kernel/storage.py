"""Uploads in an S3-compatible store (AWS S3, Cloudflare R2, MinIO)."""

from __future__ import annotations

from typing import Any

from django.utils.encoding import filepath_to_uri
from storages.backends.s3 import S3Storage

from blinkit.kernel import pictures

PUBLIC = (f"{pictures.FOLDER}/", "products/", "categories/")
"""What everybody may see. Everything else (photos taken at a door) is only reached by a signed address."""


class ObjectStore(S3Storage):
    """`public_url`: where the store's public files are served from (a CDN, an R2 domain). Pictures get plain addresses
    there; without it they are signed like the rest. Pictures may be kept for a year: their names tell their content."""

    def get_default_settings(self) -> dict[str, Any]:
        return {**super().get_default_settings(), "public_url": ""}

    def get_object_parameters(self, name: str) -> dict[str, Any]:
        parameters: dict[str, Any] = super().get_object_parameters(name)
        if name.startswith(f"{pictures.FOLDER}/"):
            parameters = {**parameters, "CacheControl": pictures.CACHE_CONTROL}
        return parameters

    def url(
        self, name: str | None, parameters: Any = None, expire: int | None = None, http_method: str | None = None
    ) -> str:
        if self.public_url and name and name.startswith(PUBLIC):
            return f"{self.public_url}/{filepath_to_uri(name)}"
        return str(super().url(name, parameters=parameters, expire=expire, http_method=http_method))
