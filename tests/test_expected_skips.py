from types import SimpleNamespace

import expected_skips
import pytest


def report_of(reason, **more):
    return SimpleNamespace(
        skipped=True, outcome="skipped", nodeid="test_one", longrepr=("file.py", 1, f"Skipped: {reason}"), **more
    )


@pytest.mark.parametrize("reason", ["nobody knows why", "sklearn is not installed: not checking array_api input"])
def test_a_skip_that_is_on_no_list_is_a_failure(reason):
    report = report_of(reason)
    expected_skips.fail_if_unexpected(report)
    assert report.outcome == "failed"
    assert "tests/expected_skips.py" in report.longrepr


def test_a_reason_that_does_not_hold_on_this_machine_is_none(monkeypatch):
    reason = "torch is not installed: not checking array_api input"
    for is_missing, outcome in ((lambda name: None, "skipped"), (lambda name: "there", "failed")):
        monkeypatch.setattr(expected_skips.importlib.util, "find_spec", is_missing)
        report = report_of(reason)
        expected_skips.fail_if_unexpected(report)
        assert report.outcome == outcome


def test_expected_failures_are_no_skips():
    report = report_of("scikit-learn's own hook", wasxfail="")
    expected_skips.fail_if_unexpected(report)
    assert report.outcome == "skipped"
