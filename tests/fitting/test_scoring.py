import numpy as np
import pytest
from scikeras.wrappers import KerasRegressor
from sklearn.base import BaseEstimator, ClassifierMixin, is_classifier
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge
from sklearn.metrics import check_scoring, get_scorer, make_scorer, mean_absolute_error, r2_score
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from multisearch.fitting import _scoring, announced, make_scorers
from multisearch.fitting._scoring import only_looks_at_predictions, score, scores_on_transformed_rows


def own_scorer(estimator, X, y):
    return 1.5


class Quiet(LogisticRegression):
    """A classifier that does not announce what it is, as scikeras' do not."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = None
        return tags


@pytest.fixture
def ridge(regression):
    return Ridge().fit(*regression)


@pytest.fixture
def quiet(classification):
    return Quiet(max_iter=500).fit(*classification)


def test_without_scoring_every_estimator_scores_itself(ridge, quiet, regression, classification):
    scorers = make_scorers({"ridge": ridge, "quiet": quiet}, None, np.nan)

    assert scorers["ridge"](ridge, *regression) == ridge.score(*regression)
    assert scorers["quiet"](quiet, *classification) == quiet.score(*classification)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (LogisticRegression(), KNeighborsClassifier()),
        (LogisticRegression(), DummyClassifier()),
        (Ridge(), Pipeline([("model", KerasRegressor())])),
        (Ridge(), GridSearchCV(Ridge(), {})),
    ],
)
def test_scores_that_mean_the_same_are_compared(one, other):
    assert list(make_scorers({"one": one, "other": other}, None, np.nan)) == ["one", "other"]


@pytest.mark.parametrize("other", [PoissonRegressor(), GridSearchCV(Ridge(), {}, scoring="neg_max_error")])
def test_scores_that_mean_different_things_are_an_error(other):
    with pytest.raises(ValueError, match="scoring=None compares the estimators by their own score methods"):
        make_scorers({"ridge": Ridge(), "other": other}, None, np.nan)


@pytest.mark.parametrize("scoring", ["r2", ["r2", "neg_mean_squared_error"], {"mae": make_scorer(mean_absolute_error)}])
def test_scoring_means_what_it_does_in_scikit_learn(ridge, regression, scoring):
    scorers = make_scorers({"one": ridge, "two": Ridge()}, scoring, np.nan)

    assert scorers["one"] is scorers["two"]
    assert scorers["one"](ridge, *regression) == check_scoring(ridge, scoring)(ridge, *regression)


def test_a_callable_is_everybodys_scorer(ridge):
    assert make_scorers({"one": ridge, "two": ridge}, own_scorer, np.nan) == {"one": own_scorer, "two": own_scorer}


@pytest.mark.parametrize(("scoring", "error"), [("r3", ValueError), (["r2", "r2"], ValueError), (3, ValueError)])
def test_what_is_no_scoring_is_an_error(ridge, scoring, error):
    with pytest.raises(error):
        make_scorers({"one": ridge}, scoring, np.nan)


def test_an_estimator_without_score_needs_scoring():
    class Mute(BaseEstimator):
        def fit(self, X, y):
            return self

    with pytest.raises(TypeError, match="'score' method"):
        make_scorers({"mute": Mute()}, None, np.nan)


@pytest.mark.parametrize(
    ("scoring", "looks_no_further"),
    [
        (None, True),
        ("r2", True),
        (["r2", "neg_mean_absolute_error"], True),
        ({"own": own_scorer, "r2": make_scorer(r2_score)}, False),
        (own_scorer, False),
    ],
)
def test_only_scorers_of_scikit_learn_are_known_to_look_at_predictions_alone(ridge, scoring, looks_no_further):
    scorer = make_scorers({"ridge": ridge}, scoring, np.nan)["ridge"]

    assert only_looks_at_predictions(scorer, {}) is looks_no_further


class OwnScorer(type(get_scorer("r2"))):
    pass


def with_method(scorer):
    scorer._score = own_scorer
    return scorer


@pytest.mark.parametrize(
    "scorer",
    [OwnScorer(r2_score, 1, {}), with_method(make_scorer(r2_score)), make_scorer],
    ids=lambda one: str(type(one)),
)
def test_what_is_not_exactly_scikit_learns_may_look_at_anything(ridge, scorer):
    assert not only_looks_at_predictions(scorer, {})
    assert not scores_on_transformed_rows(make_pipeline(StandardScaler(), ridge), scorer, {})


def with_own(pipeline, name):
    setattr(pipeline, name, own_scorer)
    return pipeline


LOG = FunctionTransformer(np.cbrt)
ONE_ANSWER = ["r2", "neg_mean_absolute_error"]


@pytest.mark.parametrize(
    ("estimator", "scoring", "on_transformed_rows"),
    [
        (make_pipeline(StandardScaler(), Ridge()), ONE_ANSWER, True),
        (make_pipeline(LOG, Ridge()), ONE_ANSWER, True),
        (make_pipeline(LOG, Ridge()), {"a": "r2", "b": check_scoring(Ridge())}, False),
        (make_pipeline(StandardScaler(), Ridge()), {"a": "r2", "b": check_scoring(Ridge())}, True),
        (make_pipeline(LOG, LogisticRegression()), {"a": "accuracy"}, True),
        (make_pipeline(LOG, LogisticRegression()), ["accuracy", "neg_log_loss"], False),
        (with_own(make_pipeline(StandardScaler(), Ridge()), "predict"), "r2", False),
        (type("OwnPipeline", (Pipeline,), {})([("model", Ridge())]), "r2", False),
        (Ridge(), "r2", False),
    ],
    ids=str,
)
def test_transformed_rows_do_where_a_pipeline_would_give_the_same(estimator, scoring, on_transformed_rows):
    scorer = make_scorers({"one": estimator}, scoring, np.nan)["one"]

    assert scores_on_transformed_rows(estimator, scorer, {}) is on_transformed_rows


def test_a_score_is_a_number_or_one_per_metric(ridge, regression):
    several = make_scorers({"ridge": ridge}, ["r2", "neg_median_absolute_error"], np.nan)["ridge"]

    assert score(get_scorer("r2"), ridge, regression, {}, np.nan) == ridge.score(*regression)
    assert set(score(several, ridge, regression, {}, np.nan)) == {"r2", "neg_median_absolute_error"}


def test_scorers_are_given_their_parameters(ridge, regression):
    weights = np.arange(len(regression[1]))
    found = score(get_scorer("r2"), ridge, regression, {"sample_weight": weights}, np.nan)

    assert found == ridge.score(*regression, sample_weight=weights) != ridge.score(*regression)


def failing_scorer(estimator, X, y):
    raise ZeroDivisionError("nothing to divide by")


def test_a_scorer_that_fails_gives_the_error_score_and_a_warning(ridge, regression):
    with pytest.warns(UserWarning, match="Scoring failed.*set to -7(.|\n)*nothing to divide by"):
        assert score(failing_scorer, ridge, regression, {}, -7) == -7


def test_an_interrupt_after_the_scorer_has_answered_is_no_failure_of_the_scorer(ridge, regression, monkeypatch):
    def interrupted(*_):
        raise TimeoutError("time is up")

    monkeypatch.setattr(_scoring._Answer, "__call__", interrupted)  # where scikit-learn catches all exceptions
    with pytest.raises(TimeoutError, match="time is up"):
        score(get_scorer("r2"), ridge, regression, {}, np.nan)


def test_of_several_metrics_only_the_failing_one_gets_the_error_score(ridge, regression):
    scorer = make_scorers({"ridge": ridge}, {"bad": failing_scorer, "r2": get_scorer("r2")}, -7)["ridge"]
    with pytest.warns(UserWarning, match="Scoring failed"):
        scores = score(scorer, ridge, regression, {}, -7)

    assert scores == {"bad": -7, "r2": ridge.score(*regression)}


@pytest.mark.parametrize("scoring", [failing_scorer, {"bad": failing_scorer}])
def test_with_raise_a_scorers_error_is_raised(ridge, regression, scoring):
    scorer = make_scorers({"ridge": ridge}, scoring, "raise")["ridge"]

    with pytest.raises(ZeroDivisionError):
        score(scorer, ridge, regression, {}, "raise")


@pytest.mark.parametrize("value", ["good", None, [1.0], {"r2": "good"}])
def test_a_scorer_that_returns_no_number_is_an_error(ridge, regression, value):
    with pytest.raises(ValueError, match="scoring must return a number"):
        score(lambda *_: value, ridge, regression, {}, np.nan)


@pytest.mark.parametrize("scoring", ["neg_log_loss", "roc_auc_ovr", "accuracy", {"loss": "neg_log_loss"}])
def test_scikit_learns_scorers_are_shown_what_a_quiet_model_is(quiet, classification, scoring):
    scorer = make_scorers({"quiet": quiet}, scoring, "raise")["quiet"]
    shown = announced(quiet, "classifier", scorer)

    assert not is_classifier(quiet)
    assert is_classifier(shown)
    announcing = LogisticRegression(max_iter=500).fit(*classification)
    assert score(scorer, shown, classification, {}, "raise") == score(scorer, announcing, classification, {}, "raise")


def test_a_quiet_model_at_the_end_of_a_pipeline_is_announced_too(classification):
    pipeline = Pipeline([("model", Quiet(max_iter=500))]).fit(*classification)
    scorer = get_scorer("roc_auc_ovr")

    assert np.isfinite(scorer(announced(pipeline, "classifier", scorer), *classification))


@pytest.mark.parametrize(
    ("kind", "scorer"), [(None, get_scorer("r2")), ("classifier", own_scorer), ("regressor", get_scorer("r2"))]
)
def test_everybody_else_is_shown_the_model_itself(ridge, quiet, kind, scorer):
    model = ridge if kind == "regressor" else quiet

    assert announced(model, kind, scorer) is model


def test_an_announced_model_is_otherwise_the_model(quiet, classification):
    shown = announced(quiet, "classifier", get_scorer("accuracy"))

    assert shown.classes_ is quiet.classes_
    assert not hasattr(shown, "transform")
    np.testing.assert_array_equal(shown.predict(classification[0]), quiet.predict(classification[0]))
    assert issubclass(Quiet, ClassifierMixin)
