"""What repetitions prove: whether a short cut has changed a result, or the model never gives the same one twice."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from multisearch._records import (
    DIFFERS,
    EQUAL,
    KERAS_EPOCHS,
    KERAS_NETWORKS,
    NOT_REPRODUCIBLE,
    NOT_SEEDED,
    OTHER_HARDWARE,
    Outcome,
    Scores,
)

_OF_KERAS = frozenset((KERAS_EPOCHS, KERAS_NETWORKS))

_ROUNDING = 1e-9
"""Relative differences below are what threads make that add up the same numbers in another order."""

_ROUNDING_OF_KERAS = 1e-5
"""The same in single precision, over the steps of a training.

On processors and accelerators on which nothing was tried, TensorFlow may optimise a loop over steps otherwise.
"""

_TIMES_FOR_ROUNDING = 5
"""How often a plain fit has to repeat itself before a difference like that is no accident."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one evaluation.

    Attributes
    ----------
    outcome : Outcome
        With short cuts, or from the journal.
    plain : sequence of Outcome
        One after the other, from the raw rows; at least one.
    has_drawn : bool
        Whether a plain fit has drawn from the process's random generators.
    n_machines : int
        Kinds of hardware and numbers of threads on which the search has run; what the outcome stands on may have been
        made on any of them.
    """

    outcome: Outcome
    plain: Sequence[Outcome]
    has_drawn: bool = False
    n_machines: int = 1


def verdict_of(evidence: Evidence) -> str | None:
    """Return what the plain fits say of the outcome; None where one more is needed to tell."""
    outcome, (first, *others) = evidence.outcome, evidence.plain
    if (outcome.hardware, outcome.threads) != (first.hardware, first.threads):
        return OTHER_HARDWARE
    if are_equal(outcome, first):
        return EQUAL
    if evidence.has_drawn:
        return NOT_SEEDED
    if not all(are_equal(first, other) for other in others):
        return NOT_REPRODUCIBLE
    return _verdict_of_difference(evidence)


def _verdict_of_difference(evidence: Evidence) -> str | None:
    outcome, (first, *others) = evidence.outcome, evidence.plain
    if not outcome.short_cuts.isdisjoint(_OF_KERAS) and _differ_by_less(_ROUNDING_OF_KERAS, outcome, first):
        return NOT_REPRODUCIBLE
    is_small = _differ_by_less(_ROUNDING, outcome, first)
    if is_small and evidence.n_machines > 1:
        return OTHER_HARDWARE
    return DIFFERS if len(others) >= (_TIMES_FOR_ROUNDING if is_small else 1) else None


def are_equal(one: Outcome, other: Outcome) -> bool:
    """Say whether two outcomes are the same to the bit, as far as both say anything; NaN is equal to NaN.

    Histories are not asked: threads of a library add a metric up in any order, which changes neither model nor score.
    """
    if one.failure is not None or other.failure is not None:
        return one.failure is not None and other.failure is not None
    return one.n_iterations == other.n_iterations and all(
        mine.keys() == theirs.keys() and all(_same(mine[name], theirs[name]) for name in mine)
        for mine, theirs in _comparable_scores(one, other)
    )


def _differ_by_less(tolerance: float, one: Outcome, other: Outcome) -> bool:
    if one.failure is not None or other.failure is not None or one.n_iterations != other.n_iterations:
        return False
    return all(
        mine.keys() == theirs.keys() and all(_nearly_same(mine[name], theirs[name], tolerance) for name in mine)
        for mine, theirs in _comparable_scores(one, other)
    )


def _comparable_scores(one: Outcome, other: Outcome) -> Iterator[tuple[dict[str, float], dict[str, float]]]:
    yield _by_name(one.test_scores), _by_name(other.test_scores)
    if one.train_scores is not None and other.train_scores is not None:  # an earlier search may have had none
        yield _by_name(one.train_scores), _by_name(other.train_scores)


def _by_name(scores: Scores | None) -> dict[str, float]:
    if scores is None:
        return {}
    return scores if isinstance(scores, dict) else {"score": scores}


def _same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))


def _nearly_same(one: float, other: float, tolerance: float) -> bool:
    return _same(one, other) or math.isclose(one, other, rel_tol=tolerance, abs_tol=tolerance)
