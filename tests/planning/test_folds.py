import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    LeaveOneOut,
    PredefinedSplit,
    ShuffleSplit,
    StratifiedKFold,
    TimeSeriesSplit,
    check_cv,
)

from multisearch.planning import FoldPlan, StoppingRows, make_folds

INNER = StoppingRows("inner", 0.25)


class Counting(KFold):
    """Counts how often it is asked for its splits."""

    asked = 0

    def split(self, *args, **kwargs):
        self.asked += 1
        return super().split(*args, **kwargs)


@pytest.fixture
def plan():
    """Make a plan for 40 rows in two unequal classes."""

    def make(splitter=None, *, y=None, stratify=False, seed=0, groups=None):
        y = np.repeat(["few", "many"], [8, 32]) if y is None else y
        splitter = KFold(4, shuffle=True, random_state=0) if splitter is None else splitter
        return FoldPlan(np.arange(len(y))[:, None], y, splitter, {"groups": groups}, stratify, seed)

    return make


def train_rows(fold):
    """Return all rows of a fold that are not for testing, in order."""
    return sorted([*fold.train, *fold.stopping])


def test_without_stopping_the_folds_are_the_splitters(plan):
    splitter = KFold(4, shuffle=True, random_state=0)
    (folds,) = make_folds(plan(splitter), [None])

    assert [fold.index for fold in folds] == [0, 1, 2, 3]
    for fold, (train, test) in zip(folds, splitter.split(np.zeros(40)), strict=True):
        np.testing.assert_array_equal(fold.train, train)
        np.testing.assert_array_equal(fold.test, test)
        assert fold.stopping is None


@pytest.mark.parametrize("as_given", [np.asarray, list, np.flatnonzero, lambda mask: np.flatnonzero(mask).tolist()])
def test_masks_and_positions_are_both_understood(plan, as_given):
    mask = np.arange(40) < 30
    splitter = check_cv([(as_given(mask), as_given(~mask))])
    ((fold,),) = make_folds(plan(splitter), [None])

    assert fold.train.tolist() == list(range(30))
    assert fold.test.tolist() == list(range(30, 40))
    assert fold.train.dtype == fold.test.dtype == np.intp


def test_rows_counted_from_behind_are_understood(plan):
    splitter = check_cv([([0, 2, 4], [-1, -40])])
    ((fold,),) = make_folds(plan(splitter), [None])

    assert fold.train.tolist() == [0, 2, 4]
    np.testing.assert_array_equal(np.arange(40)[fold.test], [39, 0])


@pytest.mark.parametrize(
    ("test", "message"),
    [
        ([3, 40], "cv: the test rows of split 1 hold row 40, but X has 40 rows"),
        ([-41, 3], "cv: the test rows of split 1 hold row -41, but X has 40 rows"),
        (np.uint8([200]), "cv: the test rows of split 1 hold row 200, but X has 40 rows"),
        ([True, False], "cv: the test rows of split 1 are a mask of length 2, but X has 40 rows"),
        ([1.0], r"cv: the test rows of split 1 are an array of shape \(1,\) and dtype float64; give whole numbers"),
        ([[1, 2]], r"cv: the test rows of split 1 are an array of shape \(1, 2\) and dtype int64; give whole numbers"),
        (None, r"cv: the test rows of split 1 are an array of shape \(\) and dtype object; give whole numbers"),
    ],
)
def test_rows_that_x_does_not_have_are_an_error_that_names_the_split(plan, test, message):
    with pytest.raises(ValueError, match=message):
        make_folds(plan(check_cv([([0, 1], [2]), ([0, 1], test)])), [None])


def test_a_splitter_that_yields_no_pairs_is_an_error(plan):
    class Triples(KFold):
        def split(self, X, y=None, groups=None):
            return ((train, test, test) for train, test in super().split(X, y, groups))

    with pytest.raises(ValueError, match=r"cv must yield pairs of training and test rows, but split 0 is \(array"):
        make_folds(plan(Triples(4)), [None])


def test_the_splitter_is_asked_once_for_all_variants(plan):
    splitter = Counting(4)
    variants = make_folds(plan(splitter), [None, INNER, StoppingRows("fold", 0.5)])

    assert splitter.asked == 1
    assert [len(folds) for folds in variants] == [4, 4, 4]


def test_all_variants_test_on_the_same_rows(plan):
    splitter = ShuffleSplit(3, random_state=np.random.RandomState(0))
    plain, stopped = make_folds(plan(splitter), [None, INNER])

    for one, other in zip(plain, stopped, strict=True):
        np.testing.assert_array_equal(one.test, other.test)
        np.testing.assert_array_equal(sorted(one.train), train_rows(other))


def test_fold_stops_on_the_test_rows_and_trains_on_all_others(plan):
    plain, stopped = make_folds(plan(), [None, StoppingRows("fold", 0.25)])

    for one, other in zip(plain, stopped, strict=True):
        np.testing.assert_array_equal(other.stopping, other.test)
        np.testing.assert_array_equal(other.train, one.train)


@given(
    n_rows=st.integers(4, 60),
    n_splits=st.integers(2, 4),
    fraction=st.floats(0.01, 0.99),
    seed=st.integers(0, 5),
)
@settings(max_examples=60, deadline=None)
def test_inner_takes_the_fraction_out_of_the_training_rows_or_says_that_it_cannot(n_rows, n_splits, fraction, seed):
    splitter = KFold(n_splits)
    plan = FoldPlan(np.zeros((n_rows, 1)), np.zeros(n_rows), splitter, {"groups": None}, False, seed)
    if any(np.ceil(fraction * len(train)) == len(train) for train, _ in splitter.split(plan.X)):
        with pytest.raises(ValueError, match="leaves no training rows"):
            make_folds(plan, [StoppingRows("inner", fraction)])
        return
    (folds,) = make_folds(plan, [StoppingRows("inner", fraction)])
    for fold, (train, test) in zip(folds, splitter.split(plan.X), strict=True):
        assert train_rows(fold) == train.tolist()
        assert fold.test.tolist() == test.tolist()
        assert len(fold.stopping) == np.ceil(fraction * len(train))
        assert len(fold.train) > 0


def test_equal_seeds_draw_equal_stopping_rows_and_others_do_not(plan):
    (one,), (same,), (other,) = (make_folds(plan(seed=seed), [INNER]) for seed in (0, 0, 1))

    np.testing.assert_array_equal(one[0].stopping, same[0].stopping)
    assert one[0].stopping.tolist() != other[0].stopping.tolist()


def test_classes_keep_their_proportion_for_classifiers(plan):
    made = plan(StratifiedKFold(4), stratify=True)
    (folds,) = make_folds(made, [StoppingRows("inner", 1 / 3)])

    for fold in folds:
        assert np.unique_counts(made.y[fold.stopping]).counts.tolist() == [2, 8]
        assert np.unique_counts(made.y[fold.train]).counts.tolist() == [4, 16]


def test_numbers_are_not_stratified(plan):
    (folds,) = make_folds(plan(y=np.linspace(0.1, 1, 40), stratify=True), [INNER])

    assert [len(fold.stopping) for fold in folds] == [8, 8, 8, 8]


def test_groups_stay_whole(plan):
    groups = np.arange(40) % 10
    (folds,) = make_folds(plan(GroupKFold(5), groups=groups), [INNER])

    for fold in folds:
        assert {len(set(groups[rows])) for rows in (fold.train, fold.stopping, fold.test)} == {6, 2}
        assert not set(groups[fold.train]) & set(groups[fold.stopping])


def test_time_series_stop_on_the_last_rows(plan):
    (folds,) = make_folds(plan(TimeSeriesSplit(3), stratify=True), [INNER])

    for fold in folds:
        assert max(fold.train) < min(fold.stopping)
        assert max(fold.stopping) < min(fold.test)
        assert fold.stopping.tolist() == sorted(fold.stopping)
    assert [len(fold.stopping) for fold in folds] == [3, 5, 8]


def test_the_first_split_of_a_splitter_of_ones_own_is_taken(plan):
    (folds,) = make_folds(plan(KFold(4)), [StoppingRows(KFold(3), 0.25)])

    assert folds[0].stopping.tolist() == list(range(10, 20))
    assert folds[0].train.tolist() == list(range(20, 40))
    assert folds[3].stopping.tolist() == list(range(10))


# In order


def gap_before_stopping(fold):
    return min(fold.stopping) - max(fold.train) - 1


def gap_before_test(fold):
    return min(fold.test) - max([*fold.train, *fold.stopping]) - 1


class Rolling:
    """Splits in order of time, as somebody else's library might: two windows, with rows between train and test."""

    def __init__(self, between=(0, 0)):
        self.between = between

    def get_n_splits(self, X=None, y=None, groups=None):
        return len(self.between)

    def split(self, X, y=None, groups=None):
        for number, between in enumerate(self.between):
            end = 20 + 8 * number
            yield np.arange(end - between), np.arange(end, end + 8)


def listed(splitter):
    return check_cv([*splitter.split(np.zeros((40, 1)))])


IN_ORDER = {
    "time series": TimeSeriesSplit(3),
    "time series with a gap": TimeSeriesSplit(3, gap=2),
    "listed": listed(TimeSeriesSplit(3, gap=2)),
    "one split": check_cv([(range(30), range(30, 40))]),
    "one split by fold numbers": PredefinedSplit([-1] * 30 + [0] * 10),
    "counted from behind": check_cv([(range(30), range(-10, 0))]),
    "own": Rolling((3, 3)),
}


@pytest.mark.parametrize("splitter", IN_ORDER.values(), ids=IN_ORDER.keys())
@pytest.mark.parametrize("validation", ["inner", "last"])
def test_folds_in_order_of_time_stop_on_their_last_rows_behind_the_same_gap(plan, splitter, validation):
    made = plan(splitter, stratify=True, y=np.arange(40) % 2)
    plain, folds = make_folds(made, [None, StoppingRows(validation, 0.2)])

    for fold, whole in zip(folds, plain, strict=True):
        assert fold.stopping.tolist() == whole.train[-len(fold.stopping) :].tolist()
        assert len(fold.stopping) == np.ceil(0.2 * len(whole.train))
        between = min(whole.test % 40) - max(whole.train) - 1
        assert gap_before_stopping(fold) == between
        assert fold.train.tolist() == list(range(len(whole.train) - len(fold.stopping) - between))
        np.testing.assert_array_equal(fold.test, whole.test)


def test_gaps_that_differ_are_no_gap(plan):
    (folds,) = make_folds(plan(Rolling((3, 4))), [INNER])

    assert [gap_before_stopping(fold) for fold in folds] == [0, 0]


def test_a_distance_seen_once_is_no_gap(plan):
    ((fold,),) = make_folds(plan(check_cv([(range(10), range(30, 40))])), [INNER])

    assert (gap_before_stopping(fold), gap_before_test(fold)) == (0, 20)


def test_that_folds_are_in_order_is_said_in_the_log_once(plan, caplog):
    caplog.set_level("INFO", logger="multisearch")
    make_folds(plan(Rolling((3, 3))), [None, INNER, StoppingRows("inner", 0.5)])

    (said,) = caplog.messages
    assert said == (
        "all training rows of cv come before the test rows: early stopping holds the last training rows back, with a "
        "gap of 3 rows"
    )


@pytest.mark.parametrize("variant", [None, StoppingRows("fold", 0.25), StoppingRows(ShuffleSplit(1), 0.25)])
def test_nothing_is_said_where_the_order_decides_nothing(plan, caplog, variant):
    caplog.set_level("INFO", logger="multisearch")
    make_folds(plan(Rolling((3, 3))), [variant])

    assert not caplog.messages


NOT_IN_ORDER = {
    "any": check_cv([(range(10, 40), range(10))]),
    "the first fold only": check_cv([(range(30), range(30, 40)), (range(10, 40), range(10))]),
    "a row that is on both sides": check_cv([(range(31), range(30, 40))]),
    "counted from behind": check_cv([(range(-10, 0), range(10, 30))]),
}


@pytest.mark.parametrize("splitter", NOT_IN_ORDER.values(), ids=NOT_IN_ORDER.keys())
def test_folds_in_any_order_stop_at_random(plan, splitter):
    ((fold, *_),) = make_folds(plan(splitter), [INNER])

    assert gap_before_stopping(fold) < 0


def test_few_rows_that_are_shuffled_into_order_stop_at_random(plan):
    splitter = next(
        one
        for seed in range(100)
        if next((one := ShuffleSplit(1, test_size=1, random_state=seed)).split([0] * 4))[1] == 3
    )
    y = np.arange(4)
    drawn = {make_folds(plan(splitter, y=y, seed=seed), [INNER])[0][0].stopping[0] for seed in range(20)}

    assert drawn == {0, 1, 2}


def test_rows_sorted_by_class_are_in_no_order_of_time(plan):
    y = np.repeat(["few", "many"], [8, 32])
    hold_out = check_cv([(range(6, 30), range(30, 40))])
    ((fold,),) = make_folds(plan(hold_out, y=y, stratify=True), [INNER])
    ((of_numbers,),) = make_folds(plan(hold_out, y=np.arange(40) / 7, stratify=True), [INNER])

    assert set(y[fold.train]) == {"few", "many"}
    assert gap_before_stopping(fold) < 0 == gap_before_stopping(of_numbers)


def test_rows_that_a_split_has_in_another_order_or_twice_are_taken_by_their_numbers(plan):
    train = [9, 8, 7, 7, 6, 5, 4, 3, 2, 1, 0, 6]
    ((fold,),) = make_folds(plan(check_cv([(train, range(10, 40))])), [StoppingRows("inner", 0.3)])

    assert fold.stopping.tolist() == [9, 8, 7, 7]
    assert fold.train.tolist() == [6, 5, 4, 3, 2, 1, 0, 6]


def test_groups_that_the_folds_keep_whole_stay_whole_in_order(plan):
    groups = np.arange(40) // 5
    (folds,) = make_folds(plan(check_cv([(range(30), range(30, 40))]), groups=groups), [StoppingRows("inner", 0.2)])

    assert folds[0].stopping.tolist() == list(range(24, 30))
    assert folds[0].train.tolist() == list(range(20))


def test_groups_that_go_on_in_the_test_rows_decide_nothing(plan):
    groups = np.arange(40) % 3
    (folds,) = make_folds(plan(listed(TimeSeriesSplit(3)), groups=groups), [INNER])

    assert [gap_before_stopping(fold) for fold in folds] == [0, 0, 0]


@pytest.mark.parametrize("gap", [0, 4])
def test_the_last_rows_stop_behind_a_gap_of_ones_own_whatever_the_folds_are(plan, gap):
    for splitter in (KFold(4), TimeSeriesSplit(3, gap=1), GroupKFold(4)):
        made = plan(splitter, groups=np.arange(40) % 4 if isinstance(splitter, GroupKFold) else None)
        plain, folds = make_folds(made, [None, StoppingRows("last", 0.1, gap)])
        for fold, whole in zip(folds, plain, strict=True):
            n_stopping = int(np.ceil(0.1 * len(whole.train)))
            assert fold.stopping.tolist() == whole.train[-n_stopping:].tolist()
            first = whole.train[-n_stopping]
            assert fold.train.tolist() == [row for row in whole.train if row < first - gap]


def test_the_last_rows_stop_without_a_gap_where_folds_have_none(plan):
    (folds,) = make_folds(plan(KFold(4)), [StoppingRows("last", 0.1)])

    assert [gap_before_stopping(fold) for fold in folds] == [0, 0, 0, 0]


@pytest.mark.parametrize("variant", [StoppingRows("inner", 0.2), StoppingRows("last", 0.2, 30)])
def test_a_gap_that_leaves_nothing_to_train_on_is_an_error_that_says_what_to_do(plan, variant):
    message = (
        r"the last 3 of the 15 training rows in fold 0, with a gap of \d+ rows before them, leave none to train on; "
        "lower EarlyStopping's validation_fraction, or give it validation='last' and a smaller gap"
    )
    splits = check_cv([(range(15), range(30, 35)), (range(20), range(35, 40))])
    with pytest.raises(ValueError, match=message):
        make_folds(plan(splits), [variant])


def test_a_splitter_of_ones_own_sees_the_groups_of_the_training_rows(plan):
    groups = np.arange(40) % 4
    (folds,) = make_folds(plan(GroupKFold(4), groups=groups), [StoppingRows(GroupKFold(3), 0.25)])

    for fold in folds:
        assert len(set(groups[fold.stopping])) == 1
        assert len(set(groups[fold.train])) == 2


@pytest.mark.parametrize("splitter", [KFold(4), TimeSeriesSplit(3), StratifiedKFold(4)])
def test_a_fraction_that_leaves_nothing_to_train_on_is_an_error(plan, splitter):
    with pytest.raises(ValueError, match=r"validation_fraction=0\.999 leaves no training rows of the \d+ in fold 0"):
        make_folds(plan(splitter, stratify=True), [StoppingRows("inner", 0.999)])


def test_a_class_too_small_to_be_split_is_an_error_that_says_what_to_do(plan):
    y = np.repeat(["one", "many"], [1, 39])

    with pytest.raises(ValueError, match=r"cannot be carved out of the 30 training rows of fold 1.*change it, or give"):
        make_folds(plan(KFold(4), y=y, stratify=True), [None, INNER])


def test_a_splitter_of_ones_own_without_a_split_is_an_error(plan):
    with pytest.raises(ValueError, match="yields no split of the training rows of fold 0"):
        make_folds(plan(), [StoppingRows(PredefinedSplit([-1] * 30), 0.25)])


def test_a_splitter_that_splits_rows_of_its_own_is_an_error(plan):
    with pytest.raises(ValueError, match="splits rows of its own, not the 30 training rows of fold 0"):
        make_folds(plan(), [StoppingRows(PredefinedSplit([-1] * 30 + [0] * 10), 0.25)])


def test_a_splitter_that_promises_other_numbers_is_an_error(plan):
    class Wrong(KFold):
        def get_n_splits(self, *args, **kwargs):
            return 7

    with pytest.raises(ValueError, match="Expected 7 splits, got 4"):
        make_folds(plan(Wrong(4)), [None])


def test_no_split_at_all_is_an_error(plan):
    with pytest.raises(ValueError, match="No fits were performed"):
        make_folds(plan(check_cv([])), [None])


def test_rows_without_targets_can_be_stopped_on(plan):
    made = FoldPlan(np.zeros((6, 1)), None, LeaveOneOut(), {"groups": None}, False, 0)
    (folds,) = make_folds(made, [INNER])

    assert [len(fold.stopping) for fold in folds] == [2] * 6
