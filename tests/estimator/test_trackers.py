"""What MLflow's autologging records of a search: nothing, wherever the fits are done, and no more after it."""

import re
from pathlib import Path

import mlflow
import pytest
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from multisearch import MultiModelSearchCV
from multisearch.estimator._trackers import kept_out

pytestmark = pytest.mark.filterwarnings("default")  # MLflow warns of itself, of Python and of scikit-learn

GUIDE = Path(__file__).parents[2] / "docs" / "user_guide" / "results.md"
SPACE = {"ridge__alpha": [0.1, 1.0]}
X, y = load_diabetes(return_X_y=True)


def ridge():
    return make_pipeline(StandardScaler(), Ridge())


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    """Log automatically into an empty store; return the runs that are in it, as parents and children."""
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")  # a database would take another package
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri((tmp_path / "runs").as_uri())
    mlflow.sklearn.autolog(log_models=False, log_datasets=False, silent=True)

    def runs():
        found = mlflow.search_runs(experiment_ids=["0"], output_format="list")
        return [(run.data.tags.get("estimator_name"), "mlflow.parentRunId" in run.data.tags) for run in found]

    yield runs
    while mlflow.active_run() is not None:
        mlflow.end_run()
    mlflow.sklearn.autolog(disable=True, silent=True)
    mlflow.set_tracking_uri(before)


def test_without_us_every_fit_is_recorded_which_is_what_this_file_stands_on(recorded):
    GridSearchCV(ridge(), SPACE, cv=2).fit(X, y)
    assert sorted(recorded()) == [("GridSearchCV", False), ("Pipeline", True), ("Pipeline", True)]


@pytest.mark.parametrize("place", [{"scheduler": "inline"}, {"scheduler": "local", "n_jobs": 1}], ids=str)
def test_the_fits_of_a_search_are_not_recorded(recorded, place):
    search = MultiModelSearchCV([("ridge", ridge(), SPACE), ("plain", Ridge(), {})], cv=2, **place)
    search.fit(X, y)
    assert recorded() == []
    assert mlflow.active_run() is None
    search.plan(X, y, measure=True)
    assert recorded() == []


def test_a_run_of_the_users_stays_as_it_was_and_takes_what_the_user_logs(recorded):
    search = MultiModelSearchCV([("ridge", ridge(), SPACE)], cv=2, scheduler="inline")
    with mlflow.start_run() as run:
        mlflow.log_metric("best", search.fit(X, y).best_score_)
    data = mlflow.get_run(run.info.run_id).data
    assert (data.params, list(data.metrics)) == ({}, ["best"])


def test_the_guides_function_records_a_run_with_children(recorded):
    code = re.search(r"```python\n(import mlflow\n.*?)```", GUIDE.read_text(), flags=re.DOTALL)[1]
    namespace = {}
    exec(code, namespace)
    search = MultiModelSearchCV([("ridge", ridge(), SPACE), ("plain", Ridge(), {})], cv=2, scheduler="inline").fit(X, y)
    namespace["log_search"](search, n_children=2)
    runs = {run.data.tags["mlflow.runName"]: run for run in mlflow.search_runs(["0"], output_format="list")}
    assert [is_child for _, is_child in recorded()].count(True) == 2
    assert runs["search"].data.metrics["best_cv_score"] == search.best_score_
    assert runs["search"].data.params["estimator"] == search.best_estimator_name_


def test_after_a_search_fits_are_recorded_again(recorded):
    MultiModelSearchCV([("ridge", ridge(), SPACE)], cv=2, scheduler="inline").fit(X, y)
    ridge().fit(X, y)
    assert recorded() == [("Pipeline", False)]


def test_the_end_of_one_search_does_not_let_another_be_recorded(recorded):
    with kept_out():
        MultiModelSearchCV([("ridge", ridge(), SPACE)], cv=2, scheduler="inline").fit(X, y)
        ridge().fit(X, y)
    assert recorded() == []
