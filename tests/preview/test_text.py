from dataclasses import replace

import pytest

from multisearch.preview._sheet import Branch, Share, Sheet
from multisearch.preview._text import as_text


@pytest.fixture
def sheet():
    return Sheet(
        headline="what there is",
        shares=(Share("4 fits", 4), Share("none saved by luck", 0), Share("2 saved", 2)),
        facts=("a fact",),
        problems=("a: the trial failed",),
        tree=(
            Branch("scale", "once", 3, (Branch("reduce", "twice", 2), Branch('"a"', "alone", 1))),
            Branch("b", "", 1),
        ),
        header=("estimator", "fits"),
        rows=(("a", "12"), ("all", "1,200")),
        notes=("a note",),
    )


def test_blocks_stand_apart_and_columns_in_line(sheet):
    assert as_text(sheet).splitlines() == [
        "what there is",
        "4 fits, 2 saved",
        "a fact",
        "",
        "! a: the trial failed",
        "",
        "training rows of a fold",
        "├─ scale      once",
        "│  ├─ reduce  twice",
        '│  └─ "a"     alone',
        "└─ b          ",
        "",
        "estimator   fits",
        "a             12",
        "all        1,200",
        "",
        "a note",
    ]


def test_long_sentences_are_wrapped_and_nothing_to_say_leaves_no_gap(sheet):
    lines = as_text(replace(sheet, problems=(), shares=(), notes=("word " * 60,))).splitlines()

    assert lines[:4] == ["what there is", "a fact", "", "training rows of a fold"]
    assert max(map(len, lines)) <= 100
