"""No row that a fold is scored on reaches a fit: not of a step, not of a model, and not those it stops by.

Spies write down the rows that they are given. A spy is a class of the user's, which takes fewer short cuts; so the
libraries' own classes are asked in another way: with other values in the test rows, they have to stay as they are.
"""

import numpy as np
import pytest
from catboost import CatBoostRegressor
from lightgbm import LGBMRegressor
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.model_selection import GroupKFold, KFold, TimeSeriesSplit
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from spies import PredictionsElsewhere, Witness, noted, numbered, numbers_of, small_network, watched
from xgboost import XGBRegressor

from multisearch import EarlyStopping, MultiModelSearchCV
from multisearch.arguments import _prepare
from multisearch.families import stopping_family_of

N_ROWS = 120
ROUNDS = 12


def keras_model():
    from scikeras.wrappers import KerasRegressor

    return KerasRegressor(small_network, loss=None, epochs=5, batch_size=16, random_state=0, verbose=0)


MODELS = {
    "keras": keras_model,
    "histogram": lambda: HistGradientBoostingRegressor(max_iter=ROUNDS, min_samples_leaf=4, random_state=0),
    "lightgbm": lambda: LGBMRegressor(n_estimators=ROUNDS, min_child_samples=4, n_jobs=1, verbosity=-1),
    "xgboost": lambda: XGBRegressor(n_estimators=ROUNDS, n_jobs=1),
    "catboost": lambda: CatBoostRegressor(
        iterations=ROUNDS, learning_rate=0.3, thread_count=1, verbose=False, allow_writing_files=False
    ),
    "forest": lambda: RandomForestRegressor(n_estimators=ROUNDS, random_state=0),
}
SPLITTERS = {
    "rows": KFold(3, shuffle=True, random_state=2),
    "groups": GroupKFold(3),
    "time": TimeSeriesSplit(3),
}
WHERE = {"inline": {"scheduler": "inline"}, "workers": {"scheduler": "local", "n_jobs": 2}}
QUICK = {("inline", model, splitter) for model in MODELS if model != "keras" for splitter in SPLITTERS}
QUICK.add(("workers", "histogram", "groups"))
EVERYWHERE = [
    pytest.param(where, model, splitter, marks=[] if (where, model, splitter) in QUICK else [pytest.mark.slow])
    for where in WHERE
    for model in MODELS
    for splitter in SPLITTERS
]
GROUPS = np.random.default_rng(3).permutation(np.arange(N_ROWS) // 6)

pytestmark = pytest.mark.filterwarnings("ignore:The argument 'eval_set' is deprecated")


@pytest.fixture(autouse=True)
def no_checks(monkeypatch):
    """Keep what is fitted twice from hiding what is not fitted at all."""
    monkeypatch.setattr(_prepare, "SHARE", 0.0)


@pytest.fixture(scope="module")
def rows():
    random = np.random.default_rng(1)
    X = random.normal(size=(N_ROWS, 4)).astype("float32")
    y = (X[:, 0] * 3 + np.abs(X[:, 1]) + random.normal(scale=0.5, size=N_ROWS)).astype("float32")
    return X, y


def splits_of(splitter, X):
    """Return each fold's rows to train on and to score on."""
    return list(SPLITTERS[splitter].split(X, groups=GROUPS if splitter == "groups" else None))


def searched(pipeline, space, rows, splitter, **arguments):
    """Search where training may stop early, if the model can."""
    stops = stopping_family_of(pipeline.steps[-1][1]) is not None
    search = MultiModelSearchCV(
        [("model", pipeline, space)],
        cv=SPLITTERS[splitter],
        early_stopping=EarlyStopping(patience=2, validation_fraction=0.25) if stops else None,
        random_state=0,
        refit=False,
        error_score="raise",
        **arguments,
    )
    return search.fit(*rows, **({"groups": GROUPS} if splitter == "groups" else {}))


def check_parts(fitted, validated, splitter):
    """Check that rows to stop by are no rows to train on, nor of their groups, nor from before them."""
    assert not fitted & validated
    if splitter == "groups":
        assert not {GROUPS[row] for row in fitted} & {GROUPS[row] for row in validated}
    if splitter == "time" and validated:
        assert max(fitted) < min(validated)


@pytest.mark.parametrize("optimize", [True, False])
@pytest.mark.parametrize(("where", "model", "splitter"), EVERYWHERE)
def test_spies_see_the_training_rows_of_their_fold_and_no_others(where, model, splitter, optimize, rows, tmp_path):
    steps = [
        ("first", Witness(tmp_path)),
        ("second", Witness(tmp_path, 1)),
        ("model", watched(MODELS[model](), tmp_path)),
    ]
    pipeline = Pipeline(steps)
    X = numbered(rows[0])
    searched(pipeline, {"second__number": [1, 2]}, (X, rows[1]), splitter, optimize=optimize, **WHERE[where])

    training_rows = {frozenset(train) for train, _ in splits_of(splitter, X)}
    of_model, of_steps = noted(tmp_path, "model"), noted(tmp_path, "step")
    assert len(of_model) == 2 * 3
    # Each fold's training rows are there, all of them, and nothing else is
    assert {fitted | validated for fitted, validated in of_model} == training_rows
    for fitted, validated in of_model:
        check_parts(fitted, validated, splitter)
        assert bool(validated) == (stopping_family_of(pipeline.steps[-1][1]) is not None)
    assert set(of_steps) == {(fitted, frozenset()) for fitted, _ in of_model}
    assert len(of_steps) == (3 + 2 * 3 if optimize else 4 * 3)


@pytest.mark.parametrize(("where", "model", "splitter"), EVERYWHERE)
def test_other_values_in_test_rows_change_no_bit_of_a_fit(where, model, splitter, rows):
    pipeline = Pipeline([("scale", StandardScaler()), ("model", MODELS[model]())])
    space = {"model__n_estimators": [3, ROUNDS]} if model == "forest" else {}
    elsewhere = PredictionsElsewhere(np.random.default_rng(9).normal(size=(50, 4)).astype("float32"))
    _, test = splits_of(splitter, rows[0])[1]
    X, y = (part.copy() for part in rows)
    X[test], y[test] = -1e3 * X[test][::-1] + 7, 1e3 * y[test][::-1]
    tables = [
        searched(pipeline, space, given, splitter, scoring=elsewhere, **WHERE[where]).cv_results_
        for given in (rows, (X, y))
    ]

    for column in ("split1_test_score", "split1_n_iterations"):
        if column in tables[0]:
            np.testing.assert_array_equal(tables[0][column], tables[1][column])
    assert not np.array_equal(tables[0]["split2_test_score"], tables[1]["split2_test_score"])


@pytest.mark.parametrize("splitter", ["rows", "time", pytest.param("groups", marks=pytest.mark.slow)])
def test_epochs_of_keras_in_one_call_are_fed_with_training_rows_and_validate_on_rows_to_stop_by(
    splitter, rows, monkeypatch
):
    import tensorflow as tf

    from multisearch.families.keras._training import EpochFunctions

    fed = []
    fit = EpochFunctions.fit

    def noting(functions, model, params, both):
        fed.append([frozenset(numbers_of(tf.nest.flatten(part.batches)[0])) for part in both])
        return fit(functions, model, params, both)

    monkeypatch.setattr(EpochFunctions, "fit", noting)
    X = numbered(rows[0])
    pipeline = Pipeline([("nothing", "passthrough"), ("model", keras_model())])
    searched(pipeline, {}, (X, rows[1]), splitter)

    splits = splits_of(splitter, X)
    assert len(fed) == 3
    for (fitted, validated), (train, test) in zip(fed, splits, strict=True):
        check_parts(fitted, validated, splitter)
        assert fitted | validated == set(train)
        assert not (fitted | validated) & set(test)
