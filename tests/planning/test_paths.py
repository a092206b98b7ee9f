from hypothesis import given, settings
from hypothesis import strategies as st

from multisearch._records import Candidate
from multisearch.planning import fits_of


def forest(index, trees, depth=None, name="forest"):
    return Candidate(index, name, {"n_estimators": trees, "max_depth": depth})


def by_trees(candidate):
    return "n_estimators", candidate.params["n_estimators"]


def test_the_largest_of_a_path_is_fitted_and_the_others_follow_in_descending_order():
    (fit,) = fits_of([forest(0, 50), forest(1, 200), forest(2, 100)], by_trees)

    assert fit.candidate.index == 1
    assert [shorter.index for shorter in fit.shorter] == [2, 0]


def test_only_candidates_that_agree_on_everything_else_are_merged():
    fits = fits_of([forest(0, 50, 3), forest(1, 50, 4), forest(2, 100, 3), forest(3, 100, 3, "other")], by_trees)

    assert [fit.candidate.index for fit in fits] == [2, 1, 3]
    assert [len(fit.shorter) for fit in fits] == [1, 0, 0]


def test_candidates_that_are_on_no_path_are_fitted_alone():
    fits = fits_of([forest(0, 50), forest(1, 100)], lambda _: None)

    assert [(fit.candidate.index, fit.shorter) for fit in fits] == [(0, ()), (1, ())]


def test_the_same_number_of_different_parameters_is_no_common_path():
    def of_either(candidate):
        return ("n_estimators", 5) if candidate.index else ("max_depth", 5)

    assert len(fits_of([forest(0, 5, 5), forest(1, 5, 5)], of_either)) == 2


def test_what_cannot_be_told_apart_is_fitted_alone():
    setting = {"n_estimators": 5, "criterion": (number for number in range(3))}

    assert len(fits_of([Candidate(index, "forest", setting) for index in range(2)], by_trees)) == 2


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 3), st.booleans()), max_size=12))
@settings(max_examples=60, deadline=None)
def test_every_candidate_is_served_by_exactly_one_fit_that_is_no_smaller(drawn):
    candidates = [forest(index, trees, depth) for index, (trees, depth, _) in enumerate(drawn)]
    fits = fits_of(candidates, lambda candidate: by_trees(candidate) if drawn[candidate.index][2] else None)

    served = [candidate for fit in fits for candidate in (fit.candidate, *fit.shorter)]
    assert sorted(candidate.index for candidate in served) == list(range(len(candidates)))
    for fit in fits:
        sizes = [one.params["n_estimators"] for one in (fit.candidate, *fit.shorter)]
        assert sizes == sorted(sizes, reverse=True)
        assert len({one.params["max_depth"] for one in (fit.candidate, *fit.shorter)}) == 1
