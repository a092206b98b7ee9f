"""The bar in a real kernel, without ipywidgets, as a notebook that is run from its first cell to its last."""

import re

import nbclient
import nbformat
import pytest

SEARCH = """
import sys
sys.modules["ipywidgets"] = None  # as if it were not installed
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Lasso, Ridge
from multisearch import MultiModelSearchCV
X, y = load_diabetes(return_X_y=True)
def search(**arguments):
    estimators = [("<b>ridge", Ridge(), {"alpha": [0.1, 1.0]}), ("lasso", Lasso(), {"alpha": [0.5]})]
    return MultiModelSearchCV(estimators, cv=4, scheduler="inline", **arguments).fit(X, y)
"""

WATCHED = """
from multisearch.callbacks import _notebook
_notebook._SECONDS_BETWEEN_LOOKS = 0.01
import time
class Slow(Ridge):
    def fit(self, X, y):
        time.sleep(0.2)
        return super().fit(X, y)
MultiModelSearchCV([("slow", Slow(), {"alpha": [0.1, 1.0, 2.0]})], cv=3, verbose=1, scheduler="inline").fit(X, y)
"""


class Client(nbclient.NotebookClient):
    """Keeps all messages about displays, also those that replace what was there."""

    displayed: list

    def process_message(self, msg, cell, cell_index):
        if msg["msg_type"] in {"display_data", "update_display_data"}:
            self.displayed.append((msg["msg_type"], msg["content"]["data"]))
        return super().process_message(msg, cell, cell_index)


@pytest.fixture(scope="module")
def ran():
    """Return a notebook that was run, and what was displayed meanwhile."""
    cells = [
        SEARCH,
        "search(verbose=1);",
        "search(verbose=1, scoring=['neg_max_error', 'r2'], refit='r2');",
        "search(verbose=1, scoring={'max error': 'neg_max_error', 'r2': 'r2'}, refit=False);",
        "search(verbose=2, scoring='neg_max_error');",
        WATCHED,
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client = Client(notebook, timeout=120, kernel_name="python3")
    client.displayed = []
    client.execute()
    return notebook, client.displayed


def outputs(ran, cell):
    return ran[0].cells[cell].outputs


def test_a_bar_is_drawn_with_html_and_as_text_where_there_is_none(ran):
    (output,) = outputs(ran, 1)  # and nothing else: no warning, no empty line
    assert output.output_type == "display_data"
    text = output.data["text/plain"]
    assert re.fullmatch(r"done 12/12, best 0\.4\d+ by <b>ridge, 0:\d\d:\d\d", text), text
    assert '<progress value="12" max="12">' in output.data["text/html"]


def test_of_several_metrics_the_one_that_the_refit_goes_by_is_told(ran):
    (output,) = outputs(ran, 2)
    assert re.search(r"best r2 0\.4\d+ by <b>ridge", output.data["text/plain"])


def test_without_a_refit_the_first_metric_is_told(ran):
    (output,) = outputs(ran, 3)
    assert re.search(r"best max error -\d+(\.\d)? by ", output.data["text/plain"])


def test_names_of_the_users_are_no_markup(ran):
    shown = [data["text/html"] for _, data in ran[1]]
    assert any("&lt;b&gt;ridge" in html for html in shown)
    assert not any("<b>" in html for html in shown)


def test_lines_are_printed_beside_the_bar(ran):
    kinds = [output.output_type for output in outputs(ran, 4)]
    assert kinds.count("display_data") == 1
    printed = "".join(output.text for output in outputs(ran, 4) if output.output_type == "stream")
    assert printed.count("END") == 12


def test_the_bar_is_replaced_while_the_search_runs(ran):
    shown = [data["text/plain"] for kind, data in ran[1] if kind == "update_display_data"]
    assert len({re.search(r"\d/9", text)[0] for text in shown if "/9" in text}) > 3
    assert any(" left" in text for text in shown)
