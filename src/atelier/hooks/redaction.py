"""Secrets stay out of the log."""

from __future__ import annotations

from kedro.framework.hooks import hook_impl

from atelier.configuration.redaction import hide_secrets


class RedactionHooks:
    """Keeps secrets out of the log and of the error that ends a run."""

    @hook_impl(tryfirst=True)
    def after_context_created(self) -> None:
        """Begin before anything else has something to say."""
        hide_secrets()
