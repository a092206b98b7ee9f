"""Small changes of a case after which a journal must not take it for the same."""

from dataclasses import replace

from fuzz._data import changes_for
from fuzz._parameters import values_by_parameter
from fuzz._searches import SCORINGS, SPLITTERS
from hypothesis import strategies as st
from sklearn.base import clone


def _hidden_number(case):
    return st.sampled_from([number for number in (1.5, 2.0, -0.5, 3.25) if number != case.number]).map(
        lambda number: replace(case, number=number)
    )


def _data(case):
    return st.sampled_from(changes_for(case.data)).map(lambda name: replace(case, data=replace(case.data, change=name)))


def _judging(case):
    names = {"groups", "one group out"}
    splitters = names if case.data.grouped else set(SPLITTERS) - names - {"stratified"}
    return st.one_of(
        st.sampled_from(sorted(splitters)).map(lambda name: _judged(case, splitter=name)),
        st.sampled_from(sorted(SCORINGS[case.data.is_regression])).map(lambda name: _judged(case, scoring=name)),
        st.just(_judged(case, return_train_score=not case.judging.return_train_score)),
        st.sampled_from([None, "inner", "fold"]).map(lambda name: _judged(case, stopping=name)),
    )


def _judged(case, **changes):
    return replace(case, judging=replace(case.judging, **changes))


def _with_parameter(part, name, value):
    return clone(part).set_params(**{name: value})


@st.composite
def _parameter(draw, case):
    """Change one parameter of one step or model; the case as it is where nothing can be changed."""
    place = draw(st.integers(0, len(case.entries) - 1))
    entry = case.entries[place]
    parts = [*entry.steps, entry.model]
    chosen = draw(st.integers(0, len(parts) - 1))
    part = parts[chosen]
    values = values_by_parameter(part) if hasattr(part, "get_params") else {}
    if not values:
        return case
    name = draw(st.sampled_from(sorted(values)))
    parts[chosen] = _with_parameter(part, name, draw(st.sampled_from(values[name])))
    changed = replace(entry, steps=tuple(parts[:-1]), model=parts[-1])
    return replace(case, entries=(*case.entries[:place], changed, *case.entries[place + 1 :]))


def changed(case):
    """Draw a case that is like another but for one thing."""
    often = _hidden_number(case), _data(case)
    return st.one_of(*often, *often, _judging(case), _parameter(case))
