import sys
import traceback
from pathlib import Path

import joblib
import pytest
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import multisearch
from multisearch.results._tracebacks import shortened

OURS = Path(multisearch.__file__).parent / "fitting" / "_worker.py"
ELSEWHERE = "/opt/venv/lib/python3.12/site-packages"


def frame(file, line=1, function="fit", code="self.work()"):
    return f'  File "{file}", line {line}, in {function}\n    {code}\n    ~~~~^^^^^^\n'


def python_text(*frames, error="ValueError: bad rows"):
    return f"Traceback (most recent call last):\n{''.join(frames)}{error}\n"


def files_in(text):
    return [line.split('"')[1] for line in text.split("\n") if line.startswith('  File "')]


def test_the_error_comes_first_and_where_it_was_raised_behind_it():
    assert shortened("", python_text(frame("/home/me/models.py", 12))) == (
        'ValueError: bad rows\n  File "/home/me/models.py", line 12, in fit\n    self.work()'
    )


@pytest.mark.parametrize("between", [OURS, *(f"{ELSEWHERE}/{name}/x.py" for name in ("multisearch", "joblib", "dask"))])
def test_what_lies_between_the_search_and_the_fit_is_left_out(between):
    assert files_in(shortened("", python_text(frame(between), frame("mine.py"), frame(between)))) == ["mine.py"]


def test_a_folder_of_the_users_may_be_named_as_this_library():
    assert files_in(shortened("", python_text(frame("/home/me/multisearch/models.py")))) != []


def test_of_a_librarys_frames_the_last_two_are_told_and_of_the_users_the_last_three():
    deep = [frame(f"{ELSEWHERE}/keras/{number}.py") for number in range(9)]
    users = [frame(f"/home/me/{number}.py") for number in range(5)]
    told = files_in(shortened("", python_text(*users, *deep)))
    assert [Path(file).name for file in told] == ["2.py", "3.py", "4.py", "7.py", "8.py"]


def test_what_an_error_was_made_from_comes_after_it():
    first = python_text(frame("a.py"), error="KeyError: 'x'")
    second = python_text(frame("b.py"), error="LookupError: no x")
    third = python_text(frame("c.py"), error="RuntimeError: no rows")
    text = (
        f"{first}\nThe above exception was the direct cause of the following exception:\n\n{second}"
        f"\nDuring handling of the above exception, another exception occurred:\n\n{third}"
    )
    assert [line for line in shortened("", text).split("\n") if not line.startswith("    ")] == [
        "RuntimeError: no rows",
        '  File "c.py", line 1, in fit',
        "which came up in the handling of LookupError: no x",
        '  File "b.py", line 1, in fit',
        "which was raised from KeyError: 'x'",
        '  File "a.py", line 1, in fit',
    ]


def test_an_error_of_many_lines_is_cut():
    long = "\n".join(["ValueError: graph", *(f"  node {number}" for number in range(30))])
    assert shortened("", python_text(frame("a.py"), error=long)).split("\n")[:10] == [
        "ValueError: graph",
        *(f"  node {number}" for number in range(7)),
        "[23 more lines]",
        '  File "a.py", line 1, in fit',
    ]


def test_an_error_that_quotes_a_traceback_keeps_it_to_itself():
    quoting = python_text(frame("a.py"), error=f"RuntimeError: in R\n{frame('r.py')}".rstrip("\n"))
    assert shortened("", quoting).startswith('RuntimeError: in R\n  File "r.py"')
    assert shortened("", quoting).endswith('  File "a.py", line 1, in fit\n    self.work()')


@pytest.mark.parametrize("traceback", ["", "\n", python_text(error="")])
def test_without_a_traceback_the_message_is_told(traceback):
    assert shortened("the worker died\nof hunger", traceback) == "the worker died\nof hunger"


def test_where_a_fit_was_when_its_time_was_up_is_told():
    text = f"{frame(OURS)}{frame('mine.py', code='wait()')}TimeoutError: it took too long"
    assert shortened("", text) == 'TimeoutError: it took too long\n  File "mine.py", line 1, in fit\n    wait()'


def recurse():
    recurse()


def not_a_number(X):
    raise ValueError("NaN\nin the rows")


@pytest.mark.parametrize(
    ("work", "first", "last"),
    [
        (lambda: compile("a b", "text.py", "exec"), "SyntaxError: invalid syntax", "a b"),
        (recurse, "RecursionError: maximum recursion depth exceeded", "recurse()"),
        (lambda: joblib.Parallel(n_jobs=1)([joblib.delayed(not_a_number)(1)]), "ValueError: NaN", "raise ValueError("),
        (
            lambda: make_pipeline(StandardScaler(), Ridge()).fit([[]], [1]),
            "ValueError: Found array",
            "raise",
        ),
    ],
)
def test_what_python_itself_writes_is_understood(work, first, last):
    try:
        work()
    except (SyntaxError, RecursionError, ValueError):
        text = traceback.format_exc()
    lines = shortened("", text).split("\n")
    assert lines[0].startswith(first)
    # Newer versions of Python show all lines of a statement
    assert any(line.strip().startswith(last) for line in lines[-4:]) or "Previous line repeated" in lines[-1]
    assert len(lines) <= 15
    assert sys.modules["joblib"].__file__.rpartition("/")[0] not in "".join(files_in("\n".join(lines)))
