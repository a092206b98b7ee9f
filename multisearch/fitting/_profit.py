"""From which short cuts an evaluation has profited: what it would not have had, had its candidate been alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from multisearch._records import EQUAL_SETTINGS, PATHS, SHARED_STEPS, Candidate, SharedStep
from multisearch.families import active_steps
from multisearch.fitting._problem import Problem

_COMPARED = (bool, int, float, str, type(None))
"""Values that are equal where they say so; others may say anything, or nothing at all."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The candidate from which a shared step was made, and its steps up to that one, by their names."""

    candidate: Candidate
    steps: frozenset[str]


def origin_of(problem: Problem, task: SharedStep) -> Origin:
    """Return where the result of a shared step is from."""
    estimator, params = problem.estimators[task.candidate.estimator], task.candidate.params
    last = active_steps(estimator, params)[task.stop - 1][0]
    names = [name for name, _ in estimator.steps]
    return Origin(task.candidate, frozenset(names[: names.index(last) + 1]))


def by_steps(candidate: Candidate, origins: Iterable[Origin]) -> frozenset[str]:
    """Return from what a candidate has profited that stands on steps which were made for these."""
    others = [origin for origin in origins if origin.candidate.index != candidate.index]
    if not others:
        return frozenset()
    if all(_is_same_setting(candidate, origin) for origin in others):
        return frozenset((SHARED_STEPS,))
    return frozenset((SHARED_STEPS, EQUAL_SETTINGS))


def by_path(candidate: Candidate, longest: Candidate, parameter: str) -> frozenset[str]:
    """Return from what a candidate has profited that is the beginning of another's fit."""
    names = {*candidate.params, *longest.params} - {parameter}
    if _agree(candidate, longest, names):
        return frozenset((PATHS,))
    return frozenset((PATHS, EQUAL_SETTINGS))


def _is_same_setting(candidate: Candidate, origin: Origin) -> bool:
    other = origin.candidate
    if candidate.estimator != other.estimator:
        return False
    names = {name for name in (*candidate.params, *other.params) if name.partition("__")[0] in origin.steps}
    return _agree(candidate, other, names)


def _agree(one: Candidate, other: Candidate, names: Iterable[str]) -> bool:
    """Say whether two candidates have the same values, as far as one can tell from looking at them."""
    missing = object()
    return all(_are_equal(one.params.get(name, missing), other.params.get(name, missing)) for name in names)


def _are_equal(one: Any, other: Any) -> bool:
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(map(_are_equal, one, other))
    return isinstance(one, _COMPARED) and one == other
