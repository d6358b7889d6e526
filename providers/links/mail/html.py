"""HTML mails as text: what a person would read, with links and quotations."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_SKIPPED = {"head", "script", "style", "title", "template"}
_BREAKS = {"address", "article", "div", "dl", "dt", "dd", "footer", "form", "header", "hr"}
_BREAKS |= {"li", "main", "ol", "pre", "section", "table", "tr", "ul", "blockquote"}
_APART = {"p", "h1", "h2", "h3", "h4", "h5", "h6"}
_NO_END = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "wbr"}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[tuple[int, str]] = [(0, "")]
        self.skipped = 0
        self.quoted = 0
        self.link = ""
        self.said = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SKIPPED:
            self.skipped += 1
        elif tag == "br":
            self.end_line()
        elif tag in _BREAKS | _APART:
            self.break_line(apart=tag in _APART)
        if tag == "blockquote":
            self.quoted += 1
            self.lines[-1] = (self.quoted, "")
        elif tag == "li":
            self.add("- ")
        elif tag == "td" and self.lines[-1][1]:
            self.add(" ")
        elif tag == "a":
            self.link, self.said = dict(attrs).get("href") or "", ""

    def handle_endtag(self, tag: str) -> None:
        if tag in _SKIPPED:
            self.skipped = max(0, self.skipped - 1)
        elif tag in (_BREAKS | _APART) - _NO_END:
            self.break_line(apart=tag in _APART)
        if tag == "blockquote" and self.quoted:
            self.quoted -= 1
            self.lines[-1] = (self.quoted, "")
        elif tag == "a" and self.link:
            bare = self.link.removeprefix("mailto:").removeprefix("tel:")
            if self.link.startswith(("http", "mailto:", "tel:")) and bare not in self.said:
                self.add(f" ({bare})")
            self.link = ""

    def handle_data(self, data: str) -> None:
        if not self.skipped:
            self.said += data
            self.add(re.sub(r"\s+", " ", data))

    def add(self, text: str) -> None:
        depth, line = self.lines[-1]
        if not line or line.endswith(" "):
            text = text.lstrip(" ")
        self.lines[-1] = (depth, line + text)

    def break_line(self, *, apart: bool = False) -> None:
        if self.lines[-1][1].strip():
            self.end_line()
        if apart and len(self.lines) > 1 and self.lines[-2][1].strip():
            self.end_line()

    def end_line(self) -> None:
        self.lines.append((self.quoted, ""))


def text_of(html: str) -> str:
    """The text of an HTML document. Never raises for what the document is."""
    reader = _Reader()
    try:
        reader.feed(html)
        reader.close()
    except AssertionError:  # the parser's word for markup that it cannot follow
        pass
    lines = [("> " * depth + line.strip()).rstrip(" ") for depth, line in reader.lines]
    text = "\n".join(lines).replace("\u00a0", " ").replace("\u200b", "")
    return re.sub(r"\n{3,}", "\n\n", text).strip()
