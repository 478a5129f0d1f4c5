"""Paths of the project, which do not depend on the working directory, and environment variables."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl
from omegaconf.resolvers import oc

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext


class PathHooks:
    """Makes relative paths relative to the project's folder."""

    @hook_impl(tryfirst=True)
    def after_context_created(self, context: KedroContext) -> None:
        """Makes the folder of the data absolute, wherever the session was started.

        Kedro itself does so for ``filepath`` in the catalog, but for no other key.
        """
        loader = context.config_loader
        folder = str(loader["globals"]["data"])
        if "://" not in folder:
            data = str(context.project_path / folder)
            loader["globals"] = loader["globals"] | {"data": data}


def environment_variable(name: str, *default: Any) -> Any:
    """Returns an environment variable; with a default, an empty value counts as unset.

    Args:
        name: The variable's name.
        *default: At most one value, for a variable that is not set.
    """
    if default and not os.environ.get(name):
        return default[0]
    return oc.env(name)
