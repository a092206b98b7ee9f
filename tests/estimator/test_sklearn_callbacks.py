"""What scikit-learn's callbacks are told of a search over several estimators.

scikit-learn's own tests of this, for one estimator, are run by tests/conformance.
"""

import pytest
import sklearn
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.fixes import parse_version

from multisearch import MultiModelSearchCV

pytestmark = pytest.mark.skipif(
    parse_version(sklearn.__version__) < parse_version("1.9"), reason="scikit-learn has callbacks since 1.9"
)


class Notes:
    """A callback that notes which tasks begin and end."""

    def __init__(self):
        self.begun, self.ended, self.over = [], [], 0

    def setup(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        self.begun.append(context.task_name)

    def on_fit_task_end(self, estimator, context):
        self.ended.append(context.task_name)

    def teardown(self, estimator, context):
        self.over += 1


@pytest.fixture
def search():
    return MultiModelSearchCV(
        [
            ("ridge", make_pipeline(StandardScaler(), Ridge()), {"ridge__alpha": [0.1, 1.0]}),
            ("linear", make_pipeline(StandardScaler(), LinearRegression()), {}),
        ],
        cv=2,
    )


def test_every_evaluation_and_the_refit_are_told(search, regression):
    notes = Notes()
    search.set_callbacks(notes).fit(*regression)
    assert sorted(notes.begun) == sorted(notes.ended)
    assert notes.begun.count("candidate-split-evaluation") == 6
    assert notes.begun.count("refit-with-best-params") == 1
    assert notes.begun[:2] == ["fit", "search"]
    assert notes.over == 1


def test_callbacks_are_ended_when_the_search_fails(search, regression):
    notes = Notes()
    search.set_callbacks(notes).set_params(scoring=lambda model, X, y: "no number")
    with pytest.raises(ValueError, match="scoring must return a number"):
        search.fit(*regression)
    assert notes.over == 1


@pytest.mark.parametrize("scheduler", ["inline", "local"])
def test_scikit_learns_progress_bar_is_shown(search, regression, scheduler, capsys):
    from sklearn.callback import ProgressBar

    search.set_callbacks(ProgressBar()).set_params(scheduler=scheduler).fit(*regression)
    assert "MultiModelSearchCV - search" in capsys.readouterr().out


def test_a_search_without_callbacks_tells_nobody(search, regression):
    search.fit(*regression)
    assert not hasattr(search, "_callback_fit_ctx")
