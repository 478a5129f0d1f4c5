"""A misspelt parameter stops a run before its first node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kedro.framework.hooks import hook_impl

from atelier.configuration.checks import check_names

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext


class ParameterHooks:
    """Checks the names of parameters whenever they are read, before their values are validated."""

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Makes the loader check the names that it reads."""
        context.config_loader.check = check_names  # type: ignore[attr-defined]
