"""Datasets that read other datasets get the catalog of their session."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol


class CatalogHooks:
    """Sets the attribute ``catalog`` of every dataset with ``metadata: {reads_catalog: true}``."""

    @hook_impl
    def after_catalog_created(
        self, catalog: CatalogProtocol[Any, Any], conf_catalog: Mapping[str, Any]
    ) -> None:
        """Gives the catalog to the datasets that declare in ``conf/`` that they read it."""
        for name, entry in conf_catalog.items():
            if (entry.get("metadata") or {}).get("reads_catalog"):
                catalog[name].catalog = catalog
