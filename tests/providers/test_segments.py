"""Segments: cases counted by hand, what must hold for any text, and the browser's twin."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.segments import BASIC, EXTENSION, SEPTETS, count, decode_septets, encode_septets

SCRIPT = Path(__file__).parents[2] / "static/inbox/segments.js"

BY_HAND = [
    # text, encoding, units, segments, per segment, costly letters
    ("", "GSM-7", 0, 0, 160, ""),
    ("a", "GSM-7", 1, 1, 160, ""),
    ("a" * 160, "GSM-7", 160, 1, 160, ""),
    ("a" * 161, "GSM-7", 161, 2, 153, ""),
    ("a" * 306, "GSM-7", 306, 2, 153, ""),
    ("a" * 307, "GSM-7", 307, 3, 153, ""),
    ("Grüße, ÄÖÑÜ à la è ¿qué? @£$¥ ΔΦΓ", "GSM-7", 33, 1, 160, ""),
    ("€" * 80, "GSM-7", 160, 1, 160, ""),
    ("€" * 81, "GSM-7", 162, 2, 153, ""),
    ("line\nline\r\n", "GSM-7", 11, 1, 160, ""),
    # 152 letters leave one septet free, which the two of € do not fit into
    ("a" * 152 + "€" + "b" * 151, "GSM-7", 305, 2, 153, ""),
    ("a" * 152 + "€" + "b" * 152, "GSM-7", 306, 3, 153, ""),
    ("a" * 153 + "€" + "b" * 151, "GSM-7", 306, 2, 153, ""),
    ("ç", "UCS-2", 1, 1, 70, "ç"),
    ("it’s “so”", "UCS-2", 9, 1, 70, "’“”"),
    ("a\tb", "UCS-2", 3, 1, 70, "\t"),
    ("\x1b", "UCS-2", 1, 1, 70, "\x1b"),
    ("ж" * 70, "UCS-2", 70, 1, 70, "ж"),
    ("ж" * 71, "UCS-2", 71, 2, 67, "ж"),
    ("ж" * 134, "UCS-2", 134, 2, 67, "ж"),
    ("ж" * 135, "UCS-2", 135, 3, 67, "ж"),
    ("😀" * 35, "UCS-2", 70, 1, 70, "😀"),
    ("😀" * 36, "UCS-2", 72, 2, 67, "😀"),
    # 66 units leave one free, which the pair of 😀 does not fit into
    ("😀" * 66, "UCS-2", 132, 2, 67, "😀"),
    ("😀" * 67, "UCS-2", 134, 3, 67, "😀"),
    ("€€ und 😀", "UCS-2", 9, 1, 70, "😀"),
]

ANY_LETTER = st.one_of(
    st.sampled_from(sorted(SEPTETS)),
    st.sampled_from("€[]{}~|^\\ç’ж你😀👍🏽"),
    st.characters(codec="utf-8"),
)
ANY_TEXT = st.text(ANY_LETTER, max_size=500)


@pytest.mark.parametrize("text, encoding, units, segments, per_segment, costly", BY_HAND)
def test_counted_by_hand(
    text: str, encoding: str, units: int, segments: int, per_segment: int, costly: str
) -> None:
    found = count(text)
    assert (found.encoding, found.units, found.segments) == (encoding, units, segments)
    assert (found.per_segment, found.costly) == (per_segment, tuple(costly))


def test_the_alphabet_has_its_128_places() -> None:
    assert len(BASIC) == len(set(BASIC)) == 128
    known = {"@": 0x00, "_": 0x11, "Ξ": 0x1A, " ": 0x20, "¤": 0x24, "¡": 0x40, "§": 0x5F, "à": 0x7F}
    assert {letter: BASIC.index(letter) for letter in known} == known
    assert len(SEPTETS) == 127 + 10
    assert not set(EXTENSION) & set(BASIC)


@given(ANY_TEXT)
def test_a_text_fits_into_its_segments_and_not_into_one_less(text: str) -> None:
    found = count(text)
    assert found.units <= found.segments * found.per_segment
    # A letter of two units wastes at most one at the end of each segment.
    if found.segments > 1:
        assert found.units > (found.segments - 1) * (found.per_segment - 1)
    else:
        assert found.segments == bool(text)


@given(ANY_TEXT)
def test_units_are_those_of_the_encoding(text: str) -> None:
    found = count(text)
    if found.encoding == "GSM-7":
        assert found.costly == ()
        assert found.units == len(encode_septets(text))
    else:
        assert found.costly and set(found.costly) <= set(text) - SEPTETS.keys()
        assert found.units == len(text.encode("utf-16-be")) // 2


@given(ANY_TEXT, ANY_LETTER)
def test_more_text_never_costs_less(text: str, letter: str) -> None:
    assert count(text + letter).segments >= count(text).segments


@given(st.text(st.sampled_from(sorted(SEPTETS)), max_size=300))
def test_septets_come_back_as_they_were(text: str) -> None:
    assert decode_septets(encode_septets(text)) == text


def test_septets_by_hand() -> None:
    assert encode_septets("A{€}@") == b"\x41\x1b\x28\x1b\x65\x1b\x29\x00"
    assert decode_septets(b"\x1b\x41") == "A"
    for wrong in (b"\x80", b"A\x1b"):
        with pytest.raises(UnicodeDecodeError):
            decode_septets(wrong)
    with pytest.raises(UnicodeEncodeError):
        encode_septets("ç")


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_the_browser_counts_the_same() -> None:
    texts = [text for text, *_ in BY_HAND]
    texts += [chr(code) for code in range(0x2100) if not 0xD800 <= code < 0xE000]
    source = base64.b64encode(SCRIPT.read_bytes()).decode()
    program = (
        f"import {{ count }} from 'data:text/javascript;base64,{source}';"
        "import { readFileSync } from 'node:fs';"
        "const texts = JSON.parse(readFileSync(0, 'utf8'));"
        "console.log(JSON.stringify(texts.map(count)));"
    )
    done = subprocess.run(
        ["node", "--input-type=module", "-e", program],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    ours = [asdict(count(text)) | {"costly": list(count(text).costly)} for text in texts]
    assert json.loads(done.stdout) == ours
