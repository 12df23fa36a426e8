# SPDX-License-Identifier: MIT
"""Writes web pages as people write them: tables, lists, links, entities, and tags that nobody closes.

    python3 html_pages.py FOLDER SEED PAGES SECTIONS
"""

from __future__ import annotations

import sys
from pathlib import Path

from words import Words


def inline(words: Words) -> str:
    text = words.sentence()
    kind = words.number(0, 6)
    if kind == 0:
        place = f"/{words.word()}/{words.word()}.html?id={words.number(1, 9999)}&amp;x=1"
        return f'<a href="{place}" title="{words.name()}">{text}</a>'
    if kind == 1:
        return f"<b>{words.word()} <i>{text}</i></b> &mdash; &copy;&nbsp;{words.word()}"
    if kind == 2:
        return (
            f'<span class="{words.name()} {words.word()}" style="color: #{words.number(0, 0xFFFFFF):06x}">{text}</span>'
        )
    return text


def paragraph(words: Words) -> str:
    text = "\n".join(inline(words) for _ in range(words.number(2, 6)))
    return f"<p>{text}" + ("</p>\n" if words.chance(0.7) else "<br>\n")


def items(words: Words) -> str:
    close = "</li>" if words.chance(0.5) else ""
    rows = "".join(f"<li>{inline(words)}{close}\n" for _ in range(words.number(3, 12)))
    return f"<ul class={words.word()}>\n{rows}</ul>\n"


def table(words: Words) -> str:
    columns = words.number(2, 6)
    rows = "".join(
        "<tr>"
        + "".join(
            f'<td align="right">{words.number(0, 99999)}</td>' if words.chance(0.5) else f"<td>{inline(words)}"
            for _ in range(columns)
        )
        + "</tr>\n"
        for _ in range(words.number(3, 15))
    )
    return f'<table border="0" cellpadding=2>\n{rows}</table>\n'


def form(words: Words) -> str:
    fields = "".join(
        f'<label>{words.word()}<input type="text" name="{words.name()}" value="{words.word()}"></label>\n'
        for _ in range(words.number(2, 6))
    )
    note = f"<!-- {words.sentence()} -->\n"
    return f'<form action="/{words.word()}" method="post">\n{fields}<input type=submit></form>\n{note}'


def page(words: Words, sections: int) -> str:
    body = ""
    for _ in range(sections):
        parts = (
            words.random.choice((paragraph, paragraph, items, table, form))(words) for _ in range(words.number(2, 5))
        )
        title = words.sentence(2, 5)
        body += f'<div id="{words.name()}" class="section">\n<h2>{title}</h2>\n{"".join(parts)}</div>\n<hr>\n'
    script = f'<script type="text/javascript">var {words.name()} = {words.number(1, 99)} < 3;</script>\n'
    return (
        f"<!DOCTYPE html>\n<html>\n<head>\n<title>{words.sentence()}</title>\n<meta charset=utf-8>\n{script}</head>\n"
        f"<body>\n<h1>{words.sentence(2, 6)}</h1>\n{body}</body>\n</html>\n"
    )


def main() -> None:
    folder, seed, pages, sections = Path(sys.argv[1]), *(int(text) for text in sys.argv[2:5])
    words = Words(seed)
    folder.mkdir()
    for index in range(pages):
        (folder / f"page{index:03}.html").write_text(page(words, words.number(1, sections * 2)), encoding="utf-8")


if __name__ == "__main__":
    main()
