"""Candidates that one fit serves: they differ only in how many of its iterations they take."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from multisearch._fingerprint import Cloned, Fingerprints, UnencodableError
from multisearch._records import Candidate


@dataclass(frozen=True, slots=True)
class Fit:
    """A candidate to be fitted, and those that are the first iterations of it, the longest first."""

    candidate: Candidate
    shorter: tuple[Candidate, ...] = ()


PathOf = Callable[[Candidate], tuple[str, int] | None]
"""Returns a candidate's path parameter, by its name among the candidate's parameters, and its value there."""


def fits_of(candidates: Iterable[Candidate], path_of: PathOf) -> list[Fit]:
    """Merge candidates whose models are contained in the largest one's; all others are fitted alone.

    Parameters
    ----------
    candidates : iterable of Candidate
    path_of : callable
        Returns None for a candidate that must be fitted alone.

    Returns
    -------
    fits : list of Fit
        Each where its first candidate was.
    """
    members: dict[object, list[tuple[int, Candidate]]] = {}
    key_of = Fingerprints()
    for candidate in candidates:
        key, iterations = _place(candidate, path_of(candidate), key_of)
        members.setdefault(key, []).append((iterations, candidate))
    return [_fit(group) for group in members.values()]


def _place(candidate: Candidate, path: tuple[str, int] | None, key_of: Fingerprints) -> tuple[object, int]:
    """Return what a candidate has to agree on with others to be merged with them, and its iterations."""
    if path is None:
        return candidate.index, 0
    name, iterations = path
    rest = {parameter: value for parameter, value in candidate.params.items() if parameter != name}
    try:
        return (candidate.estimator, name, key_of(Cloned(rest))), iterations
    except UnencodableError:
        return candidate.index, 0


def _fit(group: list[tuple[int, Candidate]]) -> Fit:
    longest, *shorter = (candidate for _, candidate in sorted(group, key=lambda member: -member[0]))
    return Fit(longest, tuple(shorter))
