"""Draw searches for as long as is asked for, and print those in which a short cut or a journal changes a number.

A script, see ``--help``. It ends with status 1 where it has found any.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
import traceback
from collections import Counter
from functools import partial
from pathlib import Path
from unittest import SkipTest

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS.parent), str(TESTS)]

from fuzz._profiles import long  # noqa: E402
from fuzz._properties import PROPERTIES  # noqa: E402
from hypothesis import Phase, assume, given, seed  # noqa: E402 - after the path to it
from hypothesis import strategies as st  # noqa: E402
from hypothesis.errors import HypothesisException  # noqa: E402

WEIGHTS = {"short_cuts": 4, "journal": 3, "grid_search": 2, "workers": 1, "networks": 1}
"""How often each property gets a round."""

EXAMPLES = 25


class Hunt:
    """Rounds of examples until the time is over.

    Parameters
    ----------
    options : argparse.Namespace
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self._deadline = time.monotonic() + options.minutes * 60
        self._random = random.Random(options.seed)
        self._without = options.without and re.compile(options.without)
        self._names = options.only or list(PROPERTIES)
        self._replayed: set[str] = set()
        self._failing = False
        self.examples: Counter[str] = Counter()
        self.found: dict[str, str] = {}

    def run(self) -> None:
        """Look for what is wrong, one property after the other."""
        while time.monotonic() < self._deadline:
            (name,) = self._random.choices(self._names, [WEIGHTS[one] for one in self._names])
            self._failing = False
            try:
                self._round(name)()
            except Exception as error:
                if self._failing:
                    self._report(name, error)
                elif time.monotonic() < self._deadline:
                    raise

    def _round(self, name: str):
        """Return a test of one property; the first round of each begins with what was found in earlier hunts."""
        phases = {Phase.generate, Phase.shrink}
        if name not in self._replayed:
            phases.add(Phase.reuse)
            self._replayed.add(name)

        def examples(data):
            if not self._failing and time.monotonic() > self._deadline:
                raise SkipTest  # which ends the round at once
            self.examples[name] += 1
            try:
                PROPERTIES[name](partial(self._draw, data))
            except HypothesisException:
                raise
            except Exception:
                self._failing = True  # it is made small in peace, however long that takes
                raise

        examples.__name__ = examples.__qualname__ = name
        drawn = long(EXAMPLES, phases=phases)(given(st.data())(examples))
        return seed(self._random.getrandbits(64))(drawn)

    def _draw(self, data, strategy, label):
        drawn = data.draw(strategy, label=label)
        assume(self._without is None or not self._without.search(repr(drawn)))
        return drawn

    def _report(self, name: str, error: Exception) -> None:
        text = "".join(traceback.format_exception(error))
        notes = "\n".join(getattr(error, "__notes__", ()))
        if notes not in self.found:
            self.found[notes] = text
            sys.stdout.write(f"\n=== found {len(self.found)}, {name}\n{text}\n")
            sys.stdout.flush()


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=60, help="how long (default: 60)")
    parser.add_argument("--seed", type=int, default=None, help="the first of all random choices (default: another)")
    parser.add_argument("--only", nargs="*", choices=PROPERTIES, help="the properties to try (default: all)")
    parser.add_argument("--without", help="leaves out cases whose text matches this, such as what is known by now")
    chosen = parser.parse_args()
    if chosen.seed is None:
        chosen.seed = random.SystemRandom().getrandbits(32)
    return chosen


def main() -> int:
    chosen = options()
    sys.stdout.write(f"seed {chosen.seed}\n")
    hunt = Hunt(chosen)
    hunt.run()
    drawn = ", ".join(f"{count} of {name}" for name, count in sorted(hunt.examples.items()))
    sys.stdout.write(f"{len(hunt.found)} found in {drawn}\n")
    return 1 if hunt.found else 0


if __name__ == "__main__":
    sys.exit(main())
