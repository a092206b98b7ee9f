import pytest
from catboost import CatBoostClassifier, CatBoostRegressor

from multisearch.families import family_of

QUIET = {"verbose": 0, "allow_writing_files": False, "thread_count": 1}


class OwnBooster(CatBoostRegressor):
    pass


@pytest.mark.parametrize("name", ["iterations", "n_estimators"])
@pytest.mark.parametrize("kind", [CatBoostRegressor, CatBoostClassifier], ids=["regressor", "classifier"])
def test_a_small_model_is_the_beginning_of_a_large_one(noisy, noisy_classes, kind, name):
    training, rows = noisy_classes if kind is CatBoostClassifier else noisy
    settings = {**QUIET, "learning_rate": 0.1, "depth": 3, "random_seed": 2}
    cut = kind(**settings, **{name: 12}).fit(training.X, training.y)
    assert family_of(cut).path_parameter(cut, cut.get_params()) == name

    for size in (12, 7, 1):
        family_of(cut).truncate(cut, size)
        alone = kind(**settings, **{name: size}).fit(training.X, training.y)
        assert (cut.predict(rows.X) == alone.predict(rows.X)).all()
        assert cut.score(rows.X, rows.y) == alone.score(rows.X, rows.y)


@pytest.mark.parametrize(
    "params",
    [
        {},  # CatBoost then chooses the learning rate by the number of iterations
        {"learning_rate": 0.1, "od_type": "Iter"},
        {"learning_rate": 0.1, "boosting_type": "Ordered"},
        {"learning_rate": 0.1, "random_seed": 0.5},
        {"learning_rate": 0.1, "num_trees": 5},
    ],
    ids=str,
)
def test_no_path_where_a_tree_may_depend_on_how_many_there_are(params):
    model = CatBoostRegressor(iterations=5)

    assert family_of(model).path_parameter(model, {**model.get_params(), **params}) is None


def test_a_subclass_may_do_anything():
    model = OwnBooster(iterations=5, learning_rate=0.1)

    assert family_of(model).path_parameter(model, model.get_params()) is None
