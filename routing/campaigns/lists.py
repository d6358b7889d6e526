"""Lists of recipients as people have them: CSV of any dialect, or numbers pasted one below another.

A list is never held in memory: it is read line by line, and from any line on.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import IO

from django.core.exceptions import ValidationError

from channels_app.fields import normalise

from .texts import folded

HEAD = 65_536  # bytes from which encoding and dialect are told
COLUMNS = 50  # more are not kept
LONGEST = 1_000  # characters kept of one value
_NUMBER_NAME = re.compile(  # in the languages of those who export lists
    r"((mobile|cell|tele)?phone|mobile|msisdn|tel|telefono?|handy|mobil|rufnummer|komorka|cellulare)"
    r"(number|nummer|numer|nr|no)?|number|numer|recipient|to"
)
_BREAK = re.compile(r"[\n,;\t]+")


class Unreadable(Exception):
    """The list as a whole cannot be read; the text is for whoever gave it."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a list is written. ``header`` is whether its first line names the columns."""

    encoding: str
    delimiter: str
    header: bool
    columns: tuple[str, ...]
    number: int  # which column has the numbers

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names as texts ask for them."""
        return tuple(map(folded, self.columns))


def understand(file: IO[bytes], region: str = "", number_column: str = "") -> Dialect:
    """Tell how a list is written from its first lines. Raises Unreadable."""
    file.seek(0)
    head = file.read(HEAD)
    encoding = _encoding(head)
    text = head.decode(encoding, "ignore")
    delimiter = _delimiter(text)
    try:
        lines = [line for line in csv.reader(io.StringIO(text), delimiter=delimiter) if any(line)]
    except csv.Error as error:
        raise Unreadable(f"The list cannot be read: {error}") from None
    if not lines:
        raise Unreadable("The list is empty.")
    first = [cell.strip()[:200] for cell in lines[0][:COLUMNS]]
    header = not any(_is_number(cell, region) for cell in first)
    columns = tuple(first) if header else tuple(map(str, range(1, len(first) + 1)))
    found = _column(columns if header else (), lines[header:][:20], region, number_column)
    if found is None and number_column:
        raise Unreadable(f"The list has no column {number_column!r}.")
    if found is None:
        raise Unreadable("No column of the list has phone numbers. Name the one that does.")
    return Dialect(encoding, delimiter, header, columns, found)


def records(file: IO[bytes], dialect: Dialect, skip: int = 0) -> Generator[list[str], None, None]:
    """The list's lines without its header, after the first ``skip``. Raises Unreadable."""
    file.seek(0)
    text = io.TextIOWrapper(file, dialect.encoding, errors="replace", newline="")
    reader = (line for line in csv.reader(text, delimiter=dialect.delimiter) if any(line))
    try:
        for at, line in enumerate(reader):
            if at >= skip + dialect.header:
                yield line
    except csv.Error as error:
        raise Unreadable(f"The list cannot be read further: {error}") from None
    finally:
        text.detach()


def pasted(text: str) -> str:
    """What was pasted, as a list: numbers between commas get a line each."""
    cells = [cell.strip() for cell in _BREAK.split(text) if cell.strip()]
    if cells and all(re.fullmatch(r"[+0-9 ()./-]+", cell) for cell in cells):
        return "\n".join(cells)
    return text


def cleaned(line: Sequence[str], dialect: Dialect) -> tuple[str, dict[str, str]]:
    """A line's number as it is written there, and its values by column."""
    number = line[dialect.number].strip() if dialect.number < len(line) else ""
    values = {
        name: cell.replace("\x00", "").strip()[:LONGEST]
        for name, cell in zip(dialect.names, line, strict=False)
        if name
    }
    return number.replace("\x00", ""), values


# --- inside ------------------------------------------------------------------------------------


def _encoding(head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:  # else the head ends within a letter
            return "cp1252"
    return "utf-8-sig"


def _delimiter(text: str) -> str:
    """The sign that parts the first line most often, outside of quotes."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    bare = re.sub(r'"[^"]*"', "", first)
    return max(",;\t|", key=bare.count)


def _column(
    names: Sequence[str], lines: Sequence[Sequence[str]], region: str, wanted: str
) -> int | None:
    known = [folded(name) for name in names]
    if wanted:
        by_place = int(wanted) - 1 if wanted.isdecimal() and not names else -1
        width = max(map(len, lines), default=0)
        if 0 <= by_place < width:
            return by_place
        return known.index(folded(wanted)) if folded(wanted) in known else None
    for at, name in enumerate(known):
        if _NUMBER_NAME.fullmatch(re.sub(r"[\W_]", "", name)):
            return at
    width = max(map(len, lines), default=0)
    hits = [
        sum(_is_number(line[at], region) for line in lines if at < len(line)) for at in range(width)
    ]
    return hits.index(max(hits)) if any(hits) else None


def _is_number(cell: str, region: str) -> bool:
    if sum(letter.isdigit() for letter in cell) < 7:
        return False
    try:
        return bool(normalise(cell, region))
    except ValidationError:
        return False
