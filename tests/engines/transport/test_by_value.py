import enum
import pickle
import sys
import types

import numpy as np
import pytest

from multisearch._fingerprint import Code
from multisearch.engines.transport._by_value import CodeCannotBeSentError, CodeDiffersError, Sender, returned

DIFFERS = CodeDiffersError(("pkg.steps",), "tcp://10.0.0.1:4000")


@pytest.fixture
def sender():
    return Sender(Code(frozenset({"pkg", "pkg.steps"}), {("pkg.steps", "f"): "1", ("other", "g"): "2"}), "a-search")


@pytest.fixture
def steps(monkeypatch):
    """A module that holds itself, a class and a function."""
    package, module = types.ModuleType("pkg"), types.ModuleType("pkg.steps")
    exec(
        "FACTOR = 2\ndef f(x):\n    return me.FACTOR * x\nclass Own:\n    def g(self):\n        return FACTOR\n",
        vars(module),
    )
    vars(module)["me"] = module
    vars(package)["steps"] = module
    monkeypatch.setitem(sys.modules, "pkg", package)
    monkeypatch.setitem(sys.modules, "pkg.steps", module)
    return module


def test_what_is_equal_goes_by_name(sender, steps):
    assert pickle.loads(sender.dumps(steps.f)) is steps.f
    assert sender.to_compare.digests.keys() == {("pkg.steps", "f"), ("other", "g")}


def test_what_differs_goes_with_its_code_and_that_of_its_package(sender, steps):
    sender.send(DIFFERS)
    assert sender.to_compare.digests.keys() == {("other", "g")}
    sent = pickle.loads(sender.dumps(steps.f))
    steps.FACTOR = 5
    assert (sent is steps.f, sent(1), steps.f(1)) == (False, 2, 5)
    assert sent.__globals__["me"] is not steps
    assert sent.__globals__["me"].f is sent


def test_what_comes_back_is_what_was_sent(sender, steps):
    class Local:
        kind = steps.Own

    class Colour(enum.Enum):
        RED = 1

    sender.send(DIFFERS)
    things = [steps.f, steps.Own, Local, Colour, lambda x: x, steps]
    came = pickle.loads(sender.dumps(things))
    assert not {id(one) for one in things} & {id(one) for one in came}
    home = pickle.loads(returned([came, came[1](), came[3].RED]))
    assert all(one is another for one, another in zip(home[0], things, strict=True))
    assert type(home[1]) is steps.Own
    assert home[2] is Colour.RED


def test_a_class_is_filled_once_for_a_search_and_anew_for_another(sender, steps):
    class Local:
        def g(self):
            return steps

    first = pickle.loads(sender.dumps(Local))
    member = first.g
    assert pickle.loads(sender.dumps(Local)) is first
    assert first.g is member
    assert pickle.loads(Sender(Code(), "another-search").dumps(Local)) is not first


def test_what_was_sent_and_still_differs_cannot_be_sent(sender):
    sender.send(DIFFERS)
    with pytest.raises(CodeCannotBeSentError, match=r"'pkg.steps'.*10\.0\.0\.1.*still differs.*upload_file"):
        sender.send(DIFFERS)


def test_an_import_inside_cannot_be_sent(sender, steps):
    def outer():
        def inner():
            from pkg import steps

            return steps

        return inner

    sender.dumps(outer)
    sender.send(DIFFERS)
    with pytest.raises(ImportError, match="outer imports pkg inside"):
        sender.dumps(outer)


def test_nothing_stays_registered(sender, steps):
    import cloudpickle

    sender.send(DIFFERS)
    with pytest.raises(TypeError, match="pickle"):
        sender.dumps([steps.f, iter(sys.stdin.__class__, None), sys._getframe()])
    assert cloudpickle.list_registry_pickle_by_value() == set()


def test_arrays_are_given_out_of_band(sender):
    buffers = []
    X = np.zeros((100, 3))
    pickled = sender.dumps(X, buffers.append)
    assert len(pickled) < X.nbytes
    assert pickle.loads(pickled, buffers=buffers).base is not None
    assert len(buffers) == 1
