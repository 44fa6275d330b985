"""A report as a page in one file: light and dark, on a phone, on paper; no script, nothing from elsewhere."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from ampguard_hil.accuracy.content import Heading, Sentence, Table
from ampguard_hil.accuracy.plots import Picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ampguard_hil.accuracy.content import Block

STYLE = """
:root { color-scheme: light dark; --ink: #16191d; --paper: #fff; --line: #c9ced6; --soft: #f2f4f7; --good: #00704a;
  --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --paper: #14171b; --line: #3b424c; --soft: #1d2228;
  --good: #5fd3a3; --bad: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 66rem; padding: 1rem; font: 16px/1.45 system-ui, sans-serif; color: var(--ink);
  background: var(--paper); }
h1 { font-size: 1.6rem; margin: 0 0 .5rem; } h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; }
.first { border-left: .3rem solid var(--bad); padding: .4rem .8rem; background: var(--soft); font-weight: 600; }
.wide { overflow-x: auto; margin: .8rem 0; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; min-width: 100%; }
caption { text-align: left; font-weight: 600; padding: .2rem 0; }
th, td { border-bottom: 1px solid var(--line); padding: .25rem .5rem; text-align: left; vertical-align: top; }
th { background: var(--soft); } .n { text-align: right; } .none { color: var(--bad); font-weight: 700; }
figure { margin: 1rem 0; } figcaption { font-weight: 600; } svg { max-width: 100%; height: auto; }
a:focus-visible, .wide:focus-visible { outline: 2px solid var(--good); }
@media print { :root { --ink: #000; --paper: #fff; --line: #999; --soft: #eee; --bad: #900; }
  body { max-width: none; padding: 0; font-size: 10pt; } h2 { break-after: avoid; } figure, tr { break-inside: avoid; }
  .wide { overflow: visible; } table { font-size: 7.5pt; } th, td { padding: .1rem .25rem; } }
@page { size: A4; margin: 14mm; }
"""


def html(title: str, blocks: Sequence[Block]) -> str:
    """The whole file."""
    body = "\n".join(_block(block, number) for number, block in enumerate(blocks))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>{escape(title)}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _block(block: Block, number: int) -> str:
    match block:
        case Heading(text):
            return f"<h2>{escape(text)}</h2>"
        case Sentence(text):
            return f'<p class="first">{escape(text)}</p>' if number == 0 else f"<p>{escape(text)}</p>"
        case Picture():
            return f"<figure>\n<figcaption>{escape(block.title)}</figcaption>\n{block.svg}\n</figure>"
        case Table():
            return _table(block, number)


def _table(table: Table, number: int) -> str:
    heads = "".join(
        f'<th scope="col"{_side(table, column)}>{escape(head)}</th>' for column, head in enumerate(table.heads)
    )
    rows = "\n".join(
        "<tr>" + "".join(_cell(table, column, text) for column, text in enumerate(row)) + "</tr>" for row in table.rows
    )
    caption = f"<caption>{escape(table.caption)}</caption>" if table.caption else ""
    named = escape(f"{table.caption or table.heads[0]} (part {number})")  # each region has a name of its own
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{named}"><table>{caption}\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div>"
    )


def _cell(table: Table, column: int, text: str) -> str:
    if column == 0:
        return f'<th scope="row">{escape(text)}</th>'
    kind = ' class="none"' if text == "NONE" else _side(table, column)
    return f"<td{kind}>{escape(text)}</td>"


def _side(table: Table, column: int) -> str:
    return ' class="n"' if column in table.numbers else ""
