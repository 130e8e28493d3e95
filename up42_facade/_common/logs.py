"""Loggers of the facade: what they quote of a server or file can't steer a terminal."""

from __future__ import annotations

import logging

from up42_facade.errors import escape_for_terminal


class EscapingFilter(logging.Filter):
    """Shows control characters of messages as escapes, line breaks too: a record is one line."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        shown = escape_for_terminal(message).replace("\n", "\\n").replace("\t", "\\t")
        if shown != message:
            record.msg, record.args = shown, ()
        return True


def get_logger(name: str) -> logging.Logger:
    """Return the logger of a module.

    Args:
        name: Its `__name__`.
    """
    logger = logging.getLogger(name)
    logger.addFilter(EscapingFilter())
    return logger


def console_handlers() -> list[logging.Handler]:
    """Return the handlers that might write log records to a terminal."""
    loggers = [logging.getLogger(name) for name in (None, "up42_facade", "httpx")]
    found = [handler for logger in loggers for handler in logger.handlers]
    # Without handlers, warnings go to the last one.
    return found if logging.lastResort is None else [*found, logging.lastResort]
