"""The page of promises names proofs that exist, for every page of the guide."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "development" / "promises.md").read_text()
PROOFS = re.findall(r"`([\w/]+\.py)(?:::(\w+))?`", PAGE)
CALLED = {"See the plan first": "The plan", "What differs from GridSearchCV": "what differs"}


@cache
def names_in(file):
    """Return the functions that a file of Python code defines, without running it."""
    return {node.name for node in ast.parse(file.read_text()).body if isinstance(node, ast.FunctionDef)}


def exists(path, name):
    files = [folder / path for folder in (ROOT / "tests", ROOT) if (folder / path).is_file()]
    return len(files) == 1 and (not name or name in names_in(files[0]))


def test_every_proof_exists():
    assert len(PROOFS) > 200
    assert [proof for proof in PROOFS if not exists(*proof)] == []


def test_every_page_of_the_guide_has_its_promises_listed():
    pages = (ROOT / "docs" / "user_guide").glob("[!i]*.md")
    titles = [page.read_text().partition("\n")[0].removeprefix("# ") for page in pages]
    sections = " ".join(re.findall(r"^## (.*)$", PAGE, flags=re.MULTILINE))
    assert titles
    assert [title for title in titles if CALLED.get(title, title) not in sections] == []


def test_every_promise_has_a_proof():
    promises = [line for line in PAGE.splitlines() if re.match(r"\| (?!promise|---)", line)]
    assert [line for line in promises if not re.search(r"\.py|doctests|`make [\w-]+`", line)] == []
