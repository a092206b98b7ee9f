"""Which tests may be skipped on which machine, and why: any other skip is a failure.

A skip that nobody expects is a test that no longer runs anywhere, and that nobody misses.
"""

import importlib.util
import os
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version

import pytest
import sklearn
from namespaces import may_have
from sklearn.utils.fixes import parse_version
from system_calls import may_be_seen


@dataclass(frozen=True)
class Expected:
    """A reason for which tests are skipped.

    Parameters
    ----------
    says : str
        A pattern of the whole reason.
    holds : callable
        Takes the groups of the pattern; says whether this machine is such that the reason is one.
    because : str
        Why nobody needs these tests there.
    """

    says: str
    holds: Callable[..., bool]
    because: str


def is_missing(package):
    return importlib.util.find_spec(package) is None


def has_older_sklearn():
    return parse_version(sklearn.__version__) < parse_version("1.9")


def is_not_linux():
    return not sys.platform.startswith("linux")


EXPECTED = [
    Expected(
        r"(array_api_strict|cupy|dpnp|torch) is not installed: not checking array_api input",
        is_missing,
        "scikit-learn's tests of array API libraries; the library has no code of its own for them",
    ),
    Expected(
        r"SCIPY_ARRAY_API is not set: not checking array_api input",
        lambda: os.environ.get("SCIPY_ARRAY_API") != "1",
        "the same tests with numpy; the variable would switch scipy to another code path in all other tests",
    ),
    Expected(
        r"scikit-learn has callbacks since 1\.9|could not import 'sklearn\.callback': .*",
        has_older_sklearn,
        "there is nothing to test; the run with the newest versions has them",
    ),
    Expected(
        r"TensorFlow names its threads since 2\.21",
        lambda: parse_version(version("tensorflow")) < parse_version("2.21"),
        "nothing tells its threads from others before; the run with the newest versions counts them",
    ),
    Expected(
        r"only Linux says .*|needs a folder in which nobody can make files|root may write anywhere",
        is_not_linux,
        "the library runs elsewhere without what /proc says; its CI has Linux only",
    ),
    Expected(
        r"needs (mnt|net) namespaces",
        lambda kind: not may_have(kind) or (kind == "net" and shutil.which("ip") is None),
        "some containers permit none; a disk or a network cable of its own cannot be made without",
    ),
    Expected(
        r"needs strace, and leave to use it",
        lambda: not may_be_seen(),
        "that the disk confirms a write is seen in no other way",
    ),
]


def is_expected(reason):
    """Say whether a test may be skipped here for this reason."""
    for expected in EXPECTED:
        found = re.fullmatch(expected.says, reason, flags=re.DOTALL)
        if found is not None and expected.holds(*found.groups()):
            return True
    return False


def fail_if_unexpected(report):
    """Make a failure of a report of a skip that is not on the list."""
    if not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    reason = reason.removeprefix("Skipped: ")
    if not is_expected(reason):
        report.outcome = "failed"
        report.longrepr = (
            f"{report.nodeid} was skipped, which is not expected on this machine: {reason!r}. Make it run, or add the "
            "reason, and on which machines it holds, to tests/expected_skips.py."
        )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item, call):
    report = yield
    fail_if_unexpected(report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report(collector):
    report = yield
    fail_if_unexpected(report)
    return report
