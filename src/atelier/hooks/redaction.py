"""Secrets stay out of the log."""

from __future__ import annotations

import logging

from kedro.framework.hooks import hook_impl

from atelier.redaction import RedactingFilter


class SecretHooks:
    """Keeps secrets out of the log."""

    @hook_impl
    def after_context_created(self) -> None:
        """Every handler of the root logger lets messages pass without them."""
        for handler in logging.getLogger().handlers:
            if not any(isinstance(one, RedactingFilter) for one in handler.filters):
                handler.addFilter(RedactingFilter())
