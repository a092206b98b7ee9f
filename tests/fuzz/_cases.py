"""A case: data, competitors and how they are judged, as a recipe that can be followed any number of times."""

from dataclasses import dataclass, field, replace

from fuzz._data import Data, datasets
from fuzz._models import models
from fuzz._searches import Judging, judgings
from fuzz._spaces import has_distributions, spaces
from fuzz._steps import fronts, steps
from fuzz._users import built
from hypothesis import strategies as st
from sklearn.pipeline import Pipeline

from multisearch import MultiModelSearchCV


@dataclass(frozen=True)
class Entry:
    """One competitor; without steps the model alone."""

    name: str
    steps: tuple
    model: object
    space: object = field(default_factory=dict)

    def build(self, number):
        model = built(self.model, number)
        named = [(f"step{place}", built(part, number)) for place, part in enumerate(self.steps)]
        estimator = Pipeline([*named, ("model", model)]) if named else model
        return self.name, estimator, built(self.space, number)


@dataclass(frozen=True)
class Case:
    """What is searched.

    ``number`` is what is hidden in functions and classes of the user's; see `fuzz._users`.
    """

    data: Data
    entries: tuple
    judging: Judging = field(default_factory=Judging)
    number: float = 1.5
    n_iter: int | None = None

    def search(self, **arguments):
        """Return a search that nobody has used yet."""
        return MultiModelSearchCV(
            [entry.build(self.number) for entry in self.entries],
            **self.judging.arguments(self.data, self.number)
            | {"n_iter": self.n_iter, "random_state": 0, "scheduler": "inline"}
            | arguments,
        )


@st.composite
def _entry(draw, name, shared, data):
    """Draw a competitor whose first steps are some of those that all may share."""
    common = draw(st.integers(0, len(shared)))
    own = draw(st.lists(steps(), max_size=1))
    parts = tuple(shared[: max(common, len(shared) - 2)]) + tuple(own)
    model = draw(models(data))
    names = [f"step{place}" for place in range(len(parts))]
    return Entry(name, parts, model, draw(spaces(names, parts, model)))


@st.composite
def cases(draw, max_entries=3):
    data = draw(datasets())
    front = draw(fronts(data))
    shared = front + draw(st.lists(steps(), max_size=2))
    names = ["one", "two", "three"][: draw(st.integers(1, max_entries))]
    entries = tuple(draw(_entry(name, shared, data)) for name in names)
    drawn = any(has_distributions(entry.space) for entry in entries) or draw(st.integers(0, 4)) == 0
    return Case(
        data,
        entries,
        draw(judgings(data)),
        draw(st.sampled_from([1.5, 2.0, -0.5])),
        draw(st.integers(2, 4)) if drawn else None,
    )


def single_cases():
    """Draw cases that GridSearchCV can do as well: one estimator, its full grid, no early stopping, no weights."""
    return cases(max_entries=1).map(_as_grid_search).filter(lambda case: case.n_iter is None)


def _as_grid_search(case):
    data = replace(case.data, weighted=False)  # which scorers are not given there
    drawn = any(has_distributions(entry.space) for entry in case.entries)
    return replace(case, data=data, judging=replace(case.judging, stopping=None), n_iter=2 if drawn else None)
