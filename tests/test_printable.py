import pytest

from multisearch._printable import on_one_line, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a plain name, with ümläuts and 100 %s", "a plain name, with ümläuts and 100 %s"),
        ("two\nlines", r"two\nlines"),
        ("over\rwritten", r"over\rwritten"),
        ("\x1b[2Jgone", r"\x1b[2Jgone"),
        ("\x07", r"\x07"),
        ("\u202ereversed", r"\u202ereversed"),
        ("\ud800", r"\ud800"),
    ],
)
def test_what_a_terminal_would_obey_is_spelt_out(text, shown):
    assert printable(text) == shown
    assert printable(text).encode()


def test_lines_are_joined():
    assert on_one_line("Pipeline(steps=[\n    ('a', 1),\x1b[0m\n])") == r"Pipeline(steps=[ ('a', 1),\x1b[0m ])"
