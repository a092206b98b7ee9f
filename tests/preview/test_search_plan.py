import re
from html.parser import HTMLParser

import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import Lasso, Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from multisearch import EstimatorPlan, MultiModelSearchCV, SearchPlan

EVIL = "<script>alert(1)</script>&"


class Markup(HTMLParser):
    """Checks that every element is closed, and notes their names and the text."""

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.text = [], set(), []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.seen.add(tag)
        assert not {"src", "href"} & dict(attrs).keys(), "nothing is loaded from elsewhere"

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def markup_of(plan):
    parser = Markup()
    parser.feed(plan._repr_html_())
    parser.close()
    assert not parser.open
    return parser


@pytest.fixture
def plan(two_pipelines, regression):
    return MultiModelSearchCV(two_pipelines, cv=3).plan(*regression)


def test_the_text_shows_the_tree_and_a_row_per_estimator(plan):
    assert repr(plan) == str(plan)
    assert str(plan).splitlines() == [
        "6 candidates of 2 estimators on 3 folds: 18 evaluations",
        "27 step fits instead of 48 (56%), 21 saved by sharing steps",
        "would run in this process",
        "",
        "training rows of a fold",
        '└─ scale                      once per fold, for 6 candidates of "ridge" and "lasso"',
        '   ├─ reduce(n_components=2)  once per fold; 2 candidates, 6 fits of "ridge"',
        '   ├─ reduce(n_components=5)  once per fold; 2 candidates, 6 fits of "ridge"',
        '   └─ "lasso"                 2 candidates, 6 fits',
        "",
        "estimator  candidates  evaluations  step fits  alone  saved by sharing  by paths",
        "ridge               4           12         21     36                15         0",
        "lasso               2            6          6     12                 6         0",
        "all                 6           18         27     48                21         0",
        "",
        "A step that several estimators share is counted with the first of them.",
        "Nothing was fitted; plan(X, y, measure=True) also says how long the search may take.",
    ]


def test_html_says_the_same(plan):
    text = " ".join(markup_of(plan).text)
    for line in ("6 candidates of 2 estimators", "27 step fits instead of 48 (56%)", "reduce(n_components=5)"):
        assert line in text


def test_html_is_escaped_and_loads_nothing(regression):
    step = FunctionTransformer(kw_args={"text": EVIL})
    pipeline = Pipeline([(EVIL, step), ("model", Ridge())])
    space = {f"{EVIL}__kw_args": [{"text": EVIL}], "model__alpha": [1, 2]}
    plan = MultiModelSearchCV([(EVIL, pipeline, space)]).plan(*regression, measure=True)
    assert plan.estimators[0].failure is not None  # the function takes no such argument
    assert EVIL in str(plan)
    html = plan._repr_html_()
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert {"script", "link", "img"}.isdisjoint(markup_of(plan).seen)


def test_nothing_saved_is_said(regression):
    plan = MultiModelSearchCV([("ridge", Ridge(), {}), ("lasso", Lasso(), {})], cv=2).plan(*regression)
    assert "4 step fits, none saved" in str(plan)
    assert "share" not in str(plan)
    assert 'class="bar"' not in plan._repr_html_()


def test_a_large_search_is_still_a_short_text(regression):
    steps = [("scale", StandardScaler()), ("reduce", PCA()), ("model", Ridge())]
    space = {
        "scale__with_mean": [True, False],
        "reduce__n_components": [1, 2, 3, 4, 5, 6, 7, 8],
        "reduce__tol": [n / 10 for n in range(6)],
        "model__alpha": [0.1, 1.0],
    }
    many = [(f"estimator {number}", Ridge(), {}) for number in range(40)]
    plan = MultiModelSearchCV([("ridge", Pipeline(steps), space), *many]).plan(*regression)
    text = str(plan)
    assert len(text.splitlines()) < 80
    assert max(map(len, text.splitlines())) < 150
    assert re.search(r"\.\.\. and 40 more +with 80 candidates", text)
    assert re.search(r"\.\.\. and 34 more +with 34 candidates", text)
    assert re.search(r"\.\.\. and 11 more +11 +55 +55 ", text)
    assert re.search(r"\nall +232 +1,160 ", text)
    markup_of(plan)


def test_time_is_work_divided_by_workers_or_the_longest_evaluation():
    parts = (EstimatorPlan("a", 1, 2, 2, 0, 0, 0, 3.0, 6.0), EstimatorPlan("b", 1, 2, 2, 0, 0, 0, 1.0, 2.0))
    wide = SearchPlan(parts, 2, 0, "on local workers", workers=2, longest_seconds=3.0)
    assert (wide.work_seconds, wide.expected_seconds) == (8.0, 4.0)
    assert "expected to take 4 s: 8 s of work on local workers, 2 tasks at a time" in str(wide)
    wider = SearchPlan(parts, 2, 0, "on local workers", workers=100, longest_seconds=3.0)
    assert wider.expected_seconds == 3.0
    table = [line.split() for line in str(wide).splitlines()]
    assert ["a", "1", "2", "2", "2", "0", "0", "3", "s", "6", "s"] in table
