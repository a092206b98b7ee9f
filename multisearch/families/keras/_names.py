"""The names that Keras makes up by counting: in each fit from the beginning, whatever was built before it."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

_COUNTS = "object_name_uids"


@contextmanager
def names_counted_anew() -> Iterator[None]:
    """Let the first layer be ``dense``, however many this thread has made before, and so for all that has a name.

    TensorFlow sums in an order that goes by names, and puts ``dense_10`` before ``dense_9``, so that a fit would else
    depend on those before it; and histories go by the names of metrics.
    """
    before: Mapping[str, int] = _counts() or {}
    _count_from({})
    try:
        yield
    finally:
        now = _counts() or {}
        # What comes later is to share no name with a model that is kept
        _count_from({name: max(before.get(name, 0), now.get(name, 0)) for name in (*before, *now)})


def _counts() -> Mapping[str, int] | None:
    """Return how often this thread has used which name; None where Keras has not been imported."""
    ask = getattr(_state(), "get_global_attribute", None)
    found: Mapping[str, int] | None = None if ask is None else ask(_COUNTS)
    return found


def _count_from(counts: Mapping[str, int]) -> None:
    put = getattr(_state(), "set_global_attribute", None)
    if put is not None:
        put(_COUNTS, defaultdict(int, counts))


def _state() -> Any:
    """Return the module in which Keras keeps what it counts, if it is imported; there is no public way."""
    return sys.modules.get("keras.src.backend.common.global_state")
