"""What one contestant's process brings back, and what it adds to its measurement while it runs."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np

SizeT = TypeVar("SizeT")

STEPS_FITTED = "steps fitted"
EVALUATIONS = "evaluations"
SAVED_BY_PATHS = "evaluations saved by paths"


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of every candidate on every fold, and which candidate is best.

    ``by_candidate`` holds pairs of a candidate (its estimator's name and its parameters, as text) and its scores, in
    the order of the candidates' texts, so that two searches that propose in different order compare equal.
    """

    best: str
    by_candidate: tuple[tuple[str, tuple[float, ...]], ...]


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one contestant's process brings back.

    Attributes
    ----------
    contestant : str
    run : int
    windows : mapping of str to (float, float)
        By phase ("cold", "second", ...) when it began and ended, in seconds of the machine's monotonic clock.
    figures : mapping of str to float
        Whatever else was measured.
    scores : mapping of str to Scores
        By phase.
    peaks : mapping of str to float
        By phase the highest sum of the proportional set sizes of all processes, in bytes, where it was watched.
    load : float
        How many processes wanted a core on average over the minute before, by the operating system's count.
    """

    contestant: str
    run: int
    windows: Mapping[str, tuple[float, float]]
    figures: Mapping[str, float] = field(default_factory=dict)
    scores: Mapping[str, Scores] = field(default_factory=dict)
    peaks: Mapping[str, float] = field(default_factory=dict)
    load: float = 0.0

    def seconds(self, phase: str) -> float:
        """Return how long a phase took."""
        start, end = self.windows[phase]
        return end - start


class Stage(Generic[SizeT]):
    """Where a contestant performs: it is told the size, and leaves its times and scores here.

    Parameters
    ----------
    size : object
        The benchmark's own record of how large everything is.
    """

    def __init__(self, size: SizeT) -> None:
        self.size = size
        self.windows: dict[str, tuple[float, float]] = {}
        self.figures: dict[str, float] = {}
        self.scores: dict[str, Scores] = {}

    @contextmanager
    def timed(self, phase: str) -> Iterator[None]:
        """Time what is inside as one phase."""
        start = time.monotonic()
        yield
        self.windows[phase] = (start, time.monotonic())

    def keep_scores(self, phase: str, **searches: Any) -> None:
        """Keep the scores of a phase, of one search or of one per estimator, given by the estimators' names."""
        self.scores[phase] = scores_of(searches)

    def keep_fits(self, search: Any) -> None:
        """Keep how many fits our search has done, and how many it was spared."""
        stats = search.search_stats_
        counts = {
            EVALUATIONS: stats.evaluations,
            STEPS_FITTED: stats.step_fits,
            SAVED_BY_PATHS: stats.path_fits_saved,
        }
        self.figures |= {name: float(count) for name, count in counts.items()}

    def keep_work(self, *, of_the_peer: float, needed: float) -> None:
        """Keep the seconds of fitting and scoring that the peer does, and those that nobody can do without."""
        self.figures["work of the peer"] = of_the_peer
        self.figures["work needed"] = needed


def scores_of(searches: Mapping[str, Any]) -> Scores:
    """Take the scores out of fitted searches.

    Parameters
    ----------
    searches : mapping of str to fitted search
        By the name of the estimator that each has searched; one that knows its estimators' names goes by these.
    """
    rows: list[tuple[str, tuple[float, ...]]] = []
    leaders: list[tuple[float, str]] = []
    for name, search in searches.items():
        results = search.cv_results_
        n_candidates = len(results["params"])
        names = results.get("estimator", [name] * n_candidates)
        candidates = [as_text(one, params) for one, params in zip(names, results["params"], strict=True)]
        scores = split_scores(results)
        rows += [(candidate, tuple(row)) for candidate, row in zip(candidates, scores.tolist(), strict=True)]
        leader = best_row(search)
        leaders.append((float(results["mean_test_score"][leader]), candidates[leader]))
    best = max(leaders, key=lambda leader: leader[0])[1]
    return Scores(best, tuple(sorted(rows)))


def scores_by_hand(scores: Mapping[str, Sequence[float]]) -> Scores:
    """Take scores that no search has collected, by candidate, and find the best by their means."""
    best = max(scores, key=lambda candidate: float(np.mean(scores[candidate])))
    return Scores(best, tuple(sorted((candidate, tuple(row)) for candidate, row in scores.items())))


def best_row(search: Any) -> int:
    """Return the best candidate's row; dask-ml's search tells it only after a refit."""
    found = getattr(search, "best_index_", None)
    return int(np.argmin(search.cv_results_["rank_test_score"]) if found is None else found)


def as_text(estimator: str, params: Mapping[str, Any]) -> str:
    """Write a candidate the same way whoever proposes it."""
    plain = {key: value.item() if isinstance(value, np.generic) else value for key, value in sorted(params.items())}
    return f"{estimator} {plain!r}"


def split_scores(results: Mapping[str, Any]) -> Any:
    """Return the test scores in ``cv_results_``, of shape (n_candidates, n_splits)."""
    n_splits = sum(key.startswith("split") and key.endswith("_test_score") for key in results)
    return np.column_stack([results[f"split{split}_test_score"] for split in range(n_splits)])


def total_seconds(results: Mapping[str, Any]) -> float:
    """Return the seconds of fitting and scoring of all candidates on all folds in ``cv_results_``."""
    n_folds: int = split_scores(results).shape[1]
    return n_folds * float(sum(results["mean_fit_time"] + results["mean_score_time"]))
