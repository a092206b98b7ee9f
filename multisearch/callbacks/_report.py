"""A line per evaluation, in GridSearchCV's format."""

from __future__ import annotations

from multisearch._printable import on_one_line, printable
from multisearch._records import Candidate, Outcome, Scores
from multisearch.callbacks._base import Callback

_WITH_SCORES = 3


class EvaluationReport(Callback):
    """Prints every evaluation's setting and time, from ``verbose=3`` on also its scores."""

    def __init__(self, verbose: int) -> None:
        self._verbose = verbose
        self._n_folds = 0

    def on_start(self, n_candidates: int, n_folds: int) -> None:
        self._n_folds = n_folds
        total = n_candidates * n_folds
        print(f"Fitting {n_folds} folds for each of {n_candidates} candidates, totalling {total} fits")  # noqa: T201

    def on_outcome(self, candidate: Candidate, outcome: Outcome) -> None:
        setting = ", ".join(f"{printable(name)}={_shown(value)}" for name, value in sorted(candidate.params.items()))
        scores = _described(outcome.train_scores, outcome.test_scores) if self._verbose >= _WITH_SCORES else ""
        seconds = outcome.fit_time + outcome.score_time
        print(  # noqa: T201 - what verbose asks for
            f"[CV {outcome.fold + 1}/{self._n_folds}] END {printable(candidate.estimator)}: {setting};{scores} "
            f"total time={seconds:.1f}s"
        )


def _shown(value: object) -> str:
    return printable(value) if isinstance(value, str) else on_one_line(str(value))


def _described(train: Scores | None, test: Scores | None) -> str:
    if test is None:
        return " failed,"
    if isinstance(test, dict):
        own = train if isinstance(train, dict) else {}
        return "".join(f" {printable(name)}: ({_pair(own.get(name), score)})" for name, score in sorted(test.items()))
    pair = _pair(train if isinstance(train, float | int) else None, test)
    return f", score=({pair})" if train is not None else f", score={test:.3f}"


def _pair(train: float | None, test: float) -> str:
    return f"test={test:.3f}" if train is None else f"train={train:.3f}, test={test:.3f}"
