"""Lists as people have them."""

from __future__ import annotations

import io

import pytest

from routing.campaigns import lists


def read(content: bytes | str, **options: str) -> list[tuple[str, dict[str, str]]]:
    file = io.BytesIO(content.encode() if isinstance(content, str) else content)
    dialect = lists.understand(file, options.get("region", ""), options.get("column", ""))
    return [lists.cleaned(line, dialect) for line in lists.records(file, dialect)]


@pytest.mark.parametrize(
    "content",
    [
        "Name,Number\nZoë,+41791110001\n",
        "Name;Number\r\nZoë;+41791110001\r\n",
        "Name\tNumber\nZoë\t+41791110001",
        "\ufeffName,Mobile number\n\nZoë,+41791110001\n,\n",
        'Name,"Number"\n"Zoë","+41791110001"\n',
        "Name,Number\nZoë,+41791110001\n".encode("utf-16"),
        "Name;Number\nZoë;+41791110001\n".encode("cp1252"),
        "Name,Whatever\nZoë,+41791110001\n",
    ],
)
def test_any_dialect_is_understood(content: bytes | str) -> None:
    ((number, values),) = read(content)
    assert (number, values["name"]) == ("+41791110001", "Zoë")


def test_a_list_of_numbers_needs_no_header() -> None:
    assert [number for number, _ in read("0791110001\n079 111 00 02", region="CH")] == [
        "0791110001",
        "079 111 00 02",
    ]


def test_numbers_pasted_between_commas_get_a_line_each() -> None:
    text = lists.pasted(" +41791110001, +41791110002;+41791110003\n\n+41791110004 ")
    assert len(read(text)) == 4
    assert lists.pasted("Name,Number\nAnna,+41791110001") == "Name,Number\nAnna,+41791110001"


def test_another_column_can_be_named() -> None:
    content = "Office,Mobile\n+41441110000,+41791110001\n"
    assert read(content)[0][0] == "+41791110001"
    assert read(content, column="office")[0][0] == "+41441110000"
    with pytest.raises(lists.Unreadable, match="no column 'home'"):
        read(content, column="home")


@pytest.mark.parametrize("content", ["", "\n\n", "Name,Town\nAnna,Bern\n", b"\x00\x01\x02"])
def test_what_is_no_list_is_refused(content: bytes | str) -> None:
    with pytest.raises(lists.Unreadable):
        read(content)
