"""How the configuration is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kedro.framework.hooks import hook_impl

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext


class ShortHooks:
    """``--params NAME=…`` without a dot is a short name that the configuration asks for."""

    @hook_impl(tryfirst=True)
    def after_context_created(self, context: KedroContext) -> None:
        """Put short names under ``short``: Kedro lays them over the parameters, where ``style=…``
        would replace the whole group of that name.
        """
        loader = context.config_loader
        given = loader.runtime_params or {}
        groups = {name: value for name, value in given.items() if isinstance(value, dict)}
        short = {name: value for name, value in given.items() if name not in groups}
        loader.runtime_params = groups | ({"short": short} if short else {})
