"""Under which key a finished evaluation is kept: a fingerprint of everything that its result depends on."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from multisearch._fingerprint import Cloned, Fingerprints, UnencodableError, fingerprint
from multisearch._lazy import by_block, is_lazy
from multisearch._records import Candidate, Fold
from multisearch._sklearn_compat import MultimetricScorer, PassthroughScorer, multimetric_scorers
from multisearch.families import family_of
from multisearch.fitting import Problem

_RESULTS = "3"
"""Stands for this library's own version; to be changed when it fits or scores otherwise than before."""

_ALWAYS = ("numpy", "scipy", "sklearn")


class EvaluationKeys:
    """Keys of a problem's evaluations.

    What cannot be fingerprinted has no key, and is warned about once.

    Parameters
    ----------
    problem : Problem
    compute : callable
        Computes a dask collection.
    code_version : str or None, default=None
        The user's own word for what no key can see.
    """

    def __init__(self, problem: Problem, compute: Callable[[Any], Any], code_version: str | None = None) -> None:
        self._problem = problem
        self._code_version = code_version
        self._key = Fingerprints()
        self._unknown: set[str] = set()
        self._of_estimators: dict[str, str] = {}
        self._of_folds: dict[int, list[str]] = {}
        try:
            data = self._key(_content(problem.X, compute), problem.y)
        except UnencodableError as error:
            self._warn_of("evaluations are", error)
            self._unknown.update(problem.estimators)
            return
        for variant, folds in enumerate(problem.folds):
            self._of_folds[variant] = [self._key(data, _rows(fold)) for fold in folds]

    def __call__(self, candidate: Candidate) -> dict[tuple[int, int], str]:
        """Return the keys of a candidate's evaluations, by its index and fold; empty where they have none."""
        name, problem = candidate.estimator, self._problem
        if name in self._unknown:
            return {}
        rule = problem.rule_of(candidate)
        stopping = None if rule is None else replace(rule, variant=0, refit_iterations="", keep_history=True)
        try:
            key = self._key(self._of_estimator(name), Cloned(problem.build(candidate)), stopping)
        except UnencodableError as error:
            self._unknown.add(name)
            self._warn_of(f"evaluations of estimator {name!r} are", error)
            return {}
        folds = self._of_folds[problem.variant_of(candidate)]
        return {(candidate.index, fold): self._key(key, of_fold) for fold, of_fold in enumerate(folds)}

    def _of_estimator(self, name: str) -> str:
        """Return what all candidates of one estimator have in common: parameters, scorers, libraries, surroundings."""
        if name not in self._of_estimators:
            problem = self._problem
            self._of_estimators[name] = self._key(
                problem.fit_params[name],
                problem.score_params[name],
                _scorer(problem.scorers[name]),
                problem.kind,
                problem.settings.content(),
                [one for one in problem.warning_filters if one[0] == "error"],  # they make a fit fail that only warns
                _versions(problem.estimators[name]),
                self._code_version,
            )
        return self._of_estimators[name]

    def _warn_of(self, whose: str, error: UnencodableError) -> None:
        warnings.warn(
            f"{whose} not kept in the journal, because their content cannot be told: {error}", UserWarning, stacklevel=2
        )


def _content(X: Any, compute: Callable[[Any], Any]) -> Any:
    """Return the rows, or for a dask collection what each of its blocks contains, found out where the blocks are."""
    return ("blocks", compute(by_block(fingerprint, X))) if is_lazy(X) else X


def _rows(fold: Fold) -> tuple[Any, ...]:
    return fold.train, fold.test, fold.stopping


def _scorer(scorer: Any) -> Any:
    if isinstance(scorer, PassthroughScorer):
        return "the estimator's own score"
    if isinstance(scorer, MultimetricScorer):
        return {name: _scorer(one) for name, one in multimetric_scorers(scorer).items()}
    return scorer


def _versions(estimator: Any) -> dict[str, str]:
    """Return the versions of all libraries that the results of an estimator's fits may depend on."""
    parts = [estimator, *estimator.get_params(deep=True).values()] if hasattr(estimator, "get_params") else [estimator]
    packages = {base.__module__.partition(".")[0] for part in parts for base in type(part).__mro__}
    for part in parts:
        family = family_of(part)
        packages.update(() if family is None else family.stands_on)
    versions = {name: getattr(sys.modules.get(name), "__version__", None) for name in sorted(packages.union(_ALWAYS))}
    known = {name: str(version) for name, version in versions.items() if version is not None}
    return {"python": "{}.{}".format(*sys.version_info), "results": _RESULTS, **known}
