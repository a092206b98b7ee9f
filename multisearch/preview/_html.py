"""A plan as HTML for notebooks, light or dark: nothing is loaded from elsewhere, everything is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from multisearch.preview._sheet import Branch, Share, Sheet

_STYLE = """
.multisearch-plan { line-height: 1.5; max-width: 64em; }
.multisearch-plan .headline { font-size: 1.15em; font-weight: 600; margin: 0 0 .3em; }
.multisearch-plan p { margin: .2em 0; }
.multisearch-plan .bar { display: flex; height: .75em; margin: .6em 0 .3em; border-radius: .2em; overflow: hidden; }
.multisearch-plan .bar span { display: block; min-width: 1px; }
.multisearch-plan .legend { display: flex; flex-wrap: wrap; gap: 0 1.5em; }
.multisearch-plan .legend i { display: inline-block; width: .75em; height: .75em; margin-right: .4em;
  border-radius: .15em; }
.multisearch-plan .share-0 { background: #3b82c4; }
.multisearch-plan .share-1 { background: #4caf7d; }
.multisearch-plan .share-2 { background: #d9a441; }
.multisearch-plan .problem { border-left: 3px solid #d9534f; background: rgba(217, 83, 79, .12); padding: .3em .7em;
  margin: .6em 0; overflow-wrap: anywhere; }
.multisearch-plan details { margin: .1em 0; }
.multisearch-plan > details { margin: .9em 0; }
.multisearch-plan > details > summary { font-weight: 600; }
.multisearch-plan summary { cursor: pointer; }
.multisearch-plan ul { list-style: none; margin: 0 0 0 .45em; padding: 0 0 0 1em;
  border-left: 1px solid rgba(128, 128, 128, .45); }
.multisearch-plan li { margin: .1em 0; }
.multisearch-plan code { font-size: .95em; color: inherit; background: rgba(128, 128, 128, .18); padding: .05em .35em;
  border-radius: .25em; }
.multisearch-plan .detail, .multisearch-plan .note { opacity: .75; }
.multisearch-plan .detail { margin-left: .4em; }
.multisearch-plan .note { font-size: .9em; }
.multisearch-plan .scroll { overflow-x: auto; }
.multisearch-plan table { border-collapse: collapse; margin: .4em 0; font-variant-numeric: tabular-nums;
  color: inherit; }
.multisearch-plan th, .multisearch-plan td { padding: .25em .7em; text-align: right; border: 0;
  background: transparent; color: inherit; white-space: nowrap; }
.multisearch-plan th:first-child, .multisearch-plan td:first-child { text-align: left; padding-left: 0; }
.multisearch-plan thead th { border-bottom: 1px solid rgba(128, 128, 128, .6); font-weight: 600; }
.multisearch-plan tbody tr:last-child td { border-top: 1px solid rgba(128, 128, 128, .6); font-weight: 600; }
"""


def as_html(sheet: Sheet) -> str:
    """Return what a sheet says, as an HTML fragment that needs nothing around it."""
    parts = [
        f'<div class="multisearch-plan"><style>{_STYLE}</style>',
        f'<p class="headline">{escape(sheet.headline)}</p>',
        _bar(sheet.shares) if sheet.shares else "",
        *(f"<p>{escape(fact)}</p>" for fact in sheet.facts),
        *(f'<p class="problem">{escape(problem)}</p>' for problem in sheet.problems),
        f"<details open><summary>From the training rows of a fold</summary>{_list(sheet.tree)}</details>",
        "<details open><summary>By estimator</summary>",
        _table(sheet.header, sheet.rows),
        "</details>",
        *(f'<p class="note">{escape(note)}</p>' for note in sheet.notes),
        "</div>",
    ]
    return "\n".join(parts)


def _bar(shares: Sequence[Share]) -> str:
    shown = [(f"share-{number}", share) for number, share in enumerate(shares) if share.steps]
    spans = "".join(f'<span class="{color}" style="flex-grow: {share.steps}"></span>' for color, share in shown)
    words = "".join(f'<span><i class="{color}"></i>{escape(share.words)}</span>' for color, share in shown)
    return f'<div class="bar" aria-hidden="true">{spans}</div><div class="legend">{words}</div>'


def _list(branches: Sequence[Branch]) -> str:
    return f"<ul>{''.join(f'<li>{_branch(branch)}</li>' for branch in branches)}</ul>"


def _branch(branch: Branch) -> str:
    line = f'<code>{escape(branch.label)}</code><span class="detail">{escape(branch.detail)}</span>'
    if not branch.children:
        return line
    return f"<details open><summary>{line}</summary>{_list(branch.children)}</details>"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
