import pytest

from multisearch.callbacks import callbacks_for


@pytest.mark.parametrize(
    ("verbose", "expected"),
    [
        (0, []),
        (False, []),
        (1, ["ProgressBar"]),
        (2, ["EvaluationReport", "ProgressBar"]),
        (10, ["EvaluationReport", "ProgressBar"]),
    ],
)
def test_the_more_verbose_the_more_is_shown(verbose, expected):
    assert [type(callback).__name__ for callback in callbacks_for(verbose, True)] == expected
