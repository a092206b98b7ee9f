import importlib
import pickle
import subprocess
import sys
import threading

import pytest
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from multisearch._fingerprint import Code, _origin, code_of, differing_modules
from multisearch._fingerprint._origin import _library_folders

HELPER = "factor = 2\ndef g(X):\n    return X * factor\n"
STEPS = (
    "import helper\nclass Shift:\n    def __call__(self, X):\n        return helper.g(X)\ndef f(X):\n    return X + 1\n"
)


@pytest.fixture
def written(users):
    users.write(helper=HELPER, steps=STEPS)
    return users


def of_steps():
    steps = importlib.import_module("steps")
    return code_of(Pipeline([("f", FunctionTransformer(steps.Shift())), ("m", Ridge())]))


def in_another_process(code, folder):
    program = (
        "import pickle, sys\nfrom multisearch._fingerprint import differing_modules\n"
        "print(differing_modules(pickle.load(sys.stdin.buffer)))"
    )
    said = subprocess.run(
        [sys.executable, "-c", program],
        input=pickle.dumps(code),
        env={"PYTHONPATH": ":".join([str(folder), *sys.path[1:]]), "PYTHONHASHSEED": "3"},
        capture_output=True,
        check=True,
    )
    return eval(said.stdout)


def test_code_names_the_users_modules_and_what_is_used_of_them(written):
    code = of_steps()

    assert code.modules == {"steps", "helper"}
    assert set(code.digests) == {("steps", "Shift"), ("steps", "Shift.__call__"), ("helper", "g")}


def test_a_library_and_a_main_module_have_no_code_to_compare(written):
    assert code_of(Pipeline([("m", Ridge())]), len, pytest) == Code()

    def local(X):
        return X

    local.__globals__["__name__"], name = "__main__", local.__globals__["__name__"]
    try:
        assert code_of(local).digests == {}
    finally:
        local.__globals__["__name__"] = name


def test_the_same_code_is_the_same_in_another_process(written):
    assert differing_modules(of_steps()) == []
    assert in_another_process(of_steps(), written.folder) == []


def test_an_edited_file_is_something_else_where_it_is_loaded_later(written):
    code = of_steps()
    written_later = HELPER.replace("= 2", "= 3")
    (written.folder / "helper.py").write_text(written_later)

    assert differing_modules(code) == []
    assert in_another_process(code, written.folder) == ["helper", "steps"]


def test_a_global_changed_at_run_time_is_something_else_elsewhere(written):
    importlib.import_module("helper").factor = 3

    assert in_another_process(of_steps(), written.folder) == ["helper", "steps"]


def test_a_module_that_is_not_there_is_something_else(written, tmp_path_factory):
    assert in_another_process(of_steps(), tmp_path_factory.mktemp("empty")) == ["helper", "steps"]


def test_a_value_used_of_a_module_is_compared_as_well(users):
    users.write(helper=HELPER)
    helper = importlib.import_module("helper")
    code = code_of(lambda X: X * helper.factor)
    assert set(code.digests) == {("helper", "factor")}

    users.write(helper=HELPER, steps="import helper\ndef f(X):\n    return X * helper.factor\n")
    code = code_of(importlib.import_module("steps").f)
    assert set(code.digests) == {("steps", "f"), ("helper", "factor")}
    importlib.import_module("helper").factor = 5
    assert differing_modules(code) == ["helper", "steps"]


def test_what_cannot_be_told_is_compared_by_what_can(users):
    users.write(
        steps="import threading\nlock = threading.Lock()\nk = 1\ndef f(X):\n    with lock:\n        return X + k\n"
    )
    steps = importlib.import_module("steps")
    code = code_of(steps.f, threading.Lock())

    assert in_another_process(code, users.folder) == []
    steps.k = 2
    assert in_another_process(code_of(steps.f), users.folder) == ["steps"]


def test_the_other_side_does_not_judge_whose_a_module_is(written, monkeypatch):
    code = of_steps()
    monkeypatch.setattr(_origin, "_library_folders", lambda: (*_library_folders(), str(written.folder)))

    assert of_steps() == Code()
    assert differing_modules(code) == []
