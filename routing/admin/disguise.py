"""Replaces what is private in a recorded exchange: keys, numbers, names, and if wanted texts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import phonenumbers

HIDDEN = "•••"  # what the log has instead of a secret
MADE_UP = "made-up"
SAMPLE = "This text stands for another one of the same length. "
SHORT = 4  # letters; a shorter text is only replaced where it stands alone
_NUMBER = re.compile(r"\+[1-9]\d{7,14}(?!\d)")


class Disguise:
    """Says the same thing for the same thing, wherever it stands.

    Numbers become ones that nobody has, in the order in which they are met.
    """

    def __init__(self) -> None:
        self.numbers: dict[str, str] = {}
        self.words: dict[str, str] = {HIDDEN: MADE_UP}

    def meet_numbers(self, *found: str) -> None:
        """Learn numbers to be replaced; names and short codes are left alone."""
        for each in found:
            if each.startswith("+") and each[1:].isdecimal() and each not in self.numbers:
                self.numbers[each] = f"+1202555{len(self.numbers) + 100:04}"

    def meet_texts(self, texts: Iterable[str]) -> None:
        """Learn texts to be replaced by one as long."""
        for text in texts:
            if text:
                self.words[text] = (SAMPLE * (len(text) // len(SAMPLE) + 1))[: len(text)]

    def meet_words(self, words: dict[str, str]) -> None:
        """Learn what else is replaced, and by what."""
        self.words |= {word: other for word, other in words.items() if word}

    def meet_all_in(self, found: str) -> None:
        """Learn every number with a plus sign in this text."""
        self.meet_numbers(*_NUMBER.findall(found.replace("%2B", "+")))

    def text(self, said: str) -> str:
        """The text in disguise."""
        for word in sorted(self.words, key=len, reverse=True):
            if said == word or len(word) >= SHORT or word == HIDDEN:
                said = said.replace(word, self.words[word])
        for number, fake in self.numbers.items():
            for real, other in zip(_spellings(number), _spellings(fake), strict=True):
                said = re.sub(rf"(?<!\d)(0{{0,2}}){real}(?!\d)", rf"\g<1>{other}", said)
        return said

    def document(self, found: Any) -> Any:
        """The JSON document in disguise."""
        if isinstance(found, dict):
            return {name: self.document(each) for name, each in found.items()}
        if isinstance(found, list):
            return [self.document(each) for each in found]
        if isinstance(found, int) and not isinstance(found, bool):
            said = self.text(str(found))
            return int(said) if said.isdecimal() else found
        return self.text(found) if isinstance(found, str) else found


def _spellings(number: str) -> tuple[str, str]:
    """The digits of a number with its country code, and without."""
    try:
        home = phonenumbers.national_significant_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        home = number[1:]
    return number[1:], home if len(home) >= 7 else number[1:]
