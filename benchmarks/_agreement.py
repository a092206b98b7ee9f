"""Whether contestants agree: the same candidates, the same scores to the bit, the same winner."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks._measurement import Scores


def disagreement(several: Sequence[Scores]) -> str:
    """Say where scores differ from the first ones, in a sentence; "" where nothing differs."""
    first, *others = several
    return next((sentence for other in others if (sentence := _difference(first, other))), "")


def _difference(one: Scores, other: Scores) -> str:
    candidates, others = ([candidate for candidate, _ in scores.by_candidate] for scores in (one, other))
    if candidates != others:
        return f"the candidates differ: {len(candidates)} and {len(others)}, {_first_difference(candidates, others)}"
    for (candidate, scores), (_, other_scores) in zip(one.by_candidate, other.by_candidate, strict=True):
        if not np.array_equal(scores, other_scores, equal_nan=True):
            return f"the scores of {candidate} differ: {list(scores)} and {list(other_scores)}"
    if one.best != other.best:
        return f"the best differs: {one.best} and {other.best}"
    return ""


def _first_difference(one: Sequence[str], other: Sequence[str]) -> str:
    only = sorted(set(one) ^ set(other))
    return f"for example {only[0]}" if only else "some of them twice"
