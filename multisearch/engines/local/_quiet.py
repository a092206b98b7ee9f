"""How much TensorFlow says in local workers: as much as the user has asked for, else next to nothing.

It greets from every process, and notes each time that it traces a function, which searches do with every network. What
it calls errors of its native code is mostly the lack of a GPU; what really fails is an exception, too.
"""

from __future__ import annotations

import logging
import os

QUIET = "3"
"""What its native code is told by ``TF_CPP_MIN_LOG_LEVEL``."""

_LOGGER = "tensorflow"


def level_for_workers() -> int:
    """Return the level of TensorFlow's own log in workers: the user's, or else that of errors.

    TensorFlow itself sets the level to INFO when it is imported in a notebook, so that this says nothing of the user.
    """
    asked = logging.getLogger(_LOGGER).level
    if asked not in {logging.NOTSET, logging.INFO}:
        return asked
    native = os.environ.get("TF_CPP_MIN_LOG_LEVEL", QUIET)
    return logging.NOTSET if native in {"0", "1"} else logging.ERROR  # from 2 on warnings are not wanted


def quieten(level: int) -> None:
    """Let TensorFlow's log in this process have a level, before it is imported or after."""
    logging.getLogger(_LOGGER).setLevel(level)
