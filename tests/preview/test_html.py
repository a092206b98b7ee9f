from html.parser import HTMLParser

import pytest

from multisearch.preview._html import as_html
from multisearch.preview._sheet import Branch, Share, Sheet

EVIL = "<script>alert(1)</script>&"


class Markup(HTMLParser):
    """Checks that every element is closed, and notes their names and the text."""

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.seen.append(tag)
        assert not {"src", "href"} & dict(attrs).keys(), "nothing is loaded from elsewhere"

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def markup_of(sheet):
    parser = Markup()
    parser.feed(as_html(sheet))
    parser.close()
    assert not parser.open
    return parser


@pytest.fixture
def evil():
    """Return a sheet whose every text would be a script if it were not escaped."""
    return Sheet(
        headline=EVIL,
        shares=(Share(EVIL, 4), Share("nothing", 0)),
        facts=(EVIL,),
        problems=(EVIL,),
        tree=(Branch(EVIL, EVIL, 3, (Branch(EVIL, EVIL, 2),)),),
        header=(EVIL, EVIL),
        rows=((EVIL, EVIL),),
        notes=(EVIL,),
    )


def test_every_text_is_escaped_wherever_it_stands(evil):
    markup = markup_of(evil)

    assert {"script", "link", "img"}.isdisjoint(markup.seen)
    assert sum(text == EVIL for text in markup.text) == 13


def test_what_has_children_can_be_folded(evil):
    markup = markup_of(evil)

    assert markup.seen.count("details") == 3  # the tree, its one branch with a child, and the table
    assert markup.seen.count("li") == 2


def test_a_share_of_nothing_has_no_place_in_the_bar(evil):
    html = as_html(evil)

    assert 'class="share-0" style="flex-grow: 4"' in html
    assert "share-1" not in html.partition("</style>")[2]
