import pytest

from multisearch.preview._sheet import count, duration, listed, shortened


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "0 ms"),
        (0.00042, "0.42 ms"),
        (0.042, "42 ms"),
        (0.0999, "100 ms"),
        (0.4249, "420 ms"),
        (0.9999, "1 s"),
        (4.2, "4.2 s"),
        (42.4, "42 s"),
        (59.9, "1 min 0 s"),
        (119.7, "2 min 0 s"),
        (130.0, "2 min 10 s"),
        (3569.0, "59 min 29 s"),
        (3599.9, "1 h 0 min"),
        (11_220.0, "3 h 7 min"),
        (7_200_000.0, "2,000 h 0 min"),
    ],
)
def test_durations_in_words(seconds, words):
    assert duration(seconds) == words


def test_counts_in_words():
    assert [count(number, "fold") for number in (0, 1, 1234)] == ["0 folds", "1 fold", "1,234 folds"]


def test_long_texts_are_cut_and_kept_on_one_line():
    assert shortened("two\n  lines") == "two lines"
    assert shortened("x" * 100) == "x" * 45 + "..."


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["a"], '"a"'),
        (["a", "b"], '"a" and "b"'),
        (["a", "b", "c", "d"], '"a", "b", "c" and "d"'),
        (["a", "b", "c", "d", "e"], '"a", "b", "c" and 2 more'),
    ],
)
def test_names_in_words(names, words):
    assert listed(names) == words
