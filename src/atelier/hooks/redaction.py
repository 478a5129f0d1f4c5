"""Hides secrets in the log."""

from __future__ import annotations

from kedro.framework.hooks import hook_impl

from atelier.configuration.redaction import hide_secrets


class RedactionHooks:
    """Hides secrets in the log and in the error that ends a run."""

    @hook_impl(tryfirst=True)
    def after_context_created(self) -> None:
        """Begins before any other hook logs a message."""
        hide_secrets()
