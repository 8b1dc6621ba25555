"""Objects in what a model wrote that is nearly JSON: read, never guessed.

Taken as they are meant: single and typographic quotes, Python's literals, bare keys and words,
comments, trailing and missing commas, newlines and quotes inside texts that should be escaped.
An end that is missing loses what it cut, never more: a text without its last quote, a number that
might have had more digits and a list without its bracket are left out.
Where two readings are possible, there is none.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

_SPACE = re.compile(r"(?:\s+|//[^\n]*|/\*.*?\*/|#[^\n]*)*", re.DOTALL)
#: What may stand between a text's last quote and what follows; a # there may be part of the text.
_GAP = re.compile(r"(?:\s+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_BARE_KEY = re.compile(r"[A-Za-z_]\w*")
_BARE_WORDS = re.compile(r"[A-Za-z_][\w \-]*")
_UNESCAPED = {
    '"': '"', "'": "'", "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r",
    "t": "\t", "\n": "", "_": "_", "*": "*", "[": "[", "]": "]", "`": "`",
}  # fmt: skip
_CLOSING = {'"': '"', "'": "'", "“": "”", "‘": "’", "`": "`"}
_WORDS = {
    "true": True, "false": False, "null": None, "none": None, "nan": None, "undefined": None,
    "inf": None, "infinity": None,
}  # fmt: skip
_FENCE = "```"
_ANY_KEY = re.compile(r"""["'“‘`]?[^"'“”‘’`:,{}\[\]\n]{1,60}["'”’`]?\s*:""")
_ALL_ENDS = re.compile(r"[}\]\s]*(?:$|\n|,|```)")
_CODE = re.compile(r"\\u([0-9a-fA-F]{4})")
_QUOTE_IN_LINE = re.compile(r"""[^\n]*["”]""")
_OTHER_TEXTS = re.compile(r"""\"[\s,:']*[,:\n][\s,:']*\"""")
_DEEPEST = 40


class NotReadableError(ValueError):
    """What stands there is no object, or could be read in two ways."""

    def __init__(self, why: str, place: int) -> None:
        super().__init__(f"{why} at character {place}")
        self.place = place


class _CutError(Exception):
    """The text ends before the value does."""


def find_objects(text: str, keys: Collection[str]) -> list[dict[str, Any]]:
    """All objects in a text, nested ones too, in the order in which they end.

    Parameters
    ----------
    text : str
        What a model wrote.
    keys : collection of str
        Keys that are looked for; they tell the end of a text from a quote within it.

    Returns
    -------
    list of dict
        Of each only what was said in full.
    """
    found: list[dict[str, Any]] = []
    place = text.find("{")
    while place >= 0:
        reader = _Reader(text, place, keys)
        try:
            reader.read()
        except NotReadableError as error:
            # Nothing of an object that is doubtful in one place: not its other parts either.
            place = text.find("{", max(error.place, place + 1))
            continue
        found += reader.objects
        place = text.find("{", reader.place)
    return found


class _Reader:
    """Reads one object from its brace on."""

    def __init__(self, text: str, place: int, keys: Collection[str]) -> None:
        self.text = text
        self.place = place
        self.objects: list[dict[str, Any]] = []
        self._key_follows = re.compile(_key_pattern(keys))
        self._unescaped_quotes = False
        self._depth = 0

    def read(self) -> None:
        """Read up to the closing brace or the end of the text."""
        try:
            self._object()
        except _CutError:
            if not self.text.startswith(_FENCE, self.place):
                self.place = len(self.text)

    # -- values ---------------------------------------------------------------------------

    def _value(self, *, in_list: bool) -> Any:
        self._skip()
        char = self._char()
        if char in "{[":
            return self._deeper(self._object if char == "{" else self._list)
        if char in _CLOSING:
            return self._text(in_list=in_list)
        number = _NUMBER.match(self.text, self.place)
        if number:
            return self._number(number)
        words = _BARE_WORDS.match(self.text, self.place)
        if not words:
            raise NotReadableError("no value", self.place)
        return self._bare(words)

    def _deeper(self, read: Any) -> Any:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise NotReadableError("too deep", self.place)
        value = read()
        self._depth -= 1
        return value

    def _object(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        self.place += 1
        try:
            while not self._closes("}"):
                key = self._key()
                value = self._value(in_list=False)
                if key in found and found[key] != value:
                    raise NotReadableError(f"{key!r} is said twice", self.place)
                found[key] = value
                self._comma("}")
        except _CutError:
            self.objects.append(found)
            raise
        self.objects.append(found)
        return found

    def _list(self) -> list[Any]:
        found: list[Any] = []
        self.place += 1
        while not self._closes("]"):
            found.append(self._value(in_list=True))
            self._comma("]")
        return found

    def _key(self) -> str:
        self._skip()
        char = self._char()
        if char in _CLOSING:
            end = self.text.find(_CLOSING[char], self.place + 1)
            if end < 0:
                raise _CutError
            key = self.text[self.place + 1 : end]
            self.place = end + 1
        else:
            word = _BARE_KEY.match(self.text, self.place)
            if not word:
                raise NotReadableError("no key", self.place)
            key, self.place = word.group(), word.end()
        self._skip()
        if self._char() != ":":
            raise NotReadableError("no colon", self.place)
        self.place += 1
        return key.strip()

    def _number(self, number: re.Match[str]) -> int | float:
        end = number.end()
        if end == len(self.text):
            raise _CutError  # there might have been more digits
        if re.match(r"[\w.%/]", self.text[end]):
            raise NotReadableError("not only a number", end)
        self.place = end
        said = number.group()
        return int(said) if re.fullmatch(r"[-+]?\d{1,18}", said) else float(said)

    def _bare(self, words: re.Match[str]) -> Any:
        end = words.end()
        if end == len(self.text):
            raise _CutError
        said = words.group().strip()
        after = self.text[_end(_SPACE, self.text, end) :][:1]
        if after not in ("", ",", "}", "]"):
            raise NotReadableError("words without quotes", end)
        self.place = end
        return _WORDS.get(said.lower(), said)

    # -- texts ----------------------------------------------------------------------------

    def _text(self, *, in_list: bool) -> str:
        """A text in quotes; quotes inside need not be escaped where they can be told."""
        start = self.place + 1
        opening = self.text[self.place]
        closing = _CLOSING[opening]
        said: list[str] = []
        inner = 0
        place = start
        while True:
            if place >= len(self.text):
                raise _CutError
            char = self.text[place]
            if char == "\\":
                piece, place = self._escaped(place)
                said.append(piece)
                continue
            if char == closing:
                if self._ends(place, in_list=in_list, clean=inner == 0):
                    break
                inner += not self._is_apostrophe(place)
            said.append(char)
            place += 1
        self.place = place + 1
        raw = self.text[start:place]
        if inner:
            self._check_inner(raw, inner, closing)
        if opening == "'" and _OTHER_TEXTS.search(raw):
            raise NotReadableError("texts in other quotes within a text", start)
        return "".join(said)

    def _escaped(self, place: int) -> tuple[str, int]:
        after = self.text[place + 1 : place + 2]
        if not after:
            raise _CutError
        if after == "u":
            return self._code(place)
        return _UNESCAPED.get(after, "\\" + after), place + 2

    def _code(self, place: int) -> tuple[str, int]:
        """A character by its number, two of them where it needs a pair."""
        first = _CODE.match(self.text, place)
        if not first:
            if len(self.text) < place + 6:
                raise _CutError
            return "\\u", place + 2
        code = int(first.group(1), 16)
        second = _CODE.match(self.text, place + 6)
        if 0xD800 <= code < 0xDC00 and second:
            low = int(second.group(1), 16)
            if 0xDC00 <= low < 0xE000:
                return chr(0x10000 + (code - 0xD800) * 0x400 + low - 0xDC00), place + 12
        return chr(code), place + 6

    def _ends(self, place: int, *, in_list: bool, clean: bool) -> bool:
        """Whether the quote at `place` ends the text: what comes after it tells."""
        after = _end(_GAP, self.text, place + 1)
        if after >= len(self.text) or self.text.startswith(_FENCE, after):
            # Where a model does not escape its quotes, the last one may be one within; and so may
            # any that could be an apostrophe.
            return clean and not self._unescaped_quotes and self.text[place] not in "'’"
        char = self.text[after]
        if in_list:
            return char == "]" or (char == "," and self._item_follows(after + 1))
        if char == "}":
            return self._all_ends(after) or (clean and not self._quote_follows(after))
        if char == ",":
            return self._pair_or_end_follows(after + 1)
        return bool(self._key_follows.match(self.text, after))

    def _item_follows(self, place: int) -> bool:
        place = _end(_SPACE, self.text, place)
        return place >= len(self.text) or self.text[place] in "]\"'“‘`{["

    def _pair_or_end_follows(self, place: int) -> bool:
        place = _end(_SPACE, self.text, place)
        if place >= len(self.text) or self.text[place] == "}":
            return True
        return bool(_ANY_KEY.match(self.text, place))

    def _all_ends(self, place: int) -> bool:
        """Whether from here on come only closing brackets up to a line's end or a comma."""
        return bool(_ALL_ENDS.match(self.text, place))

    def _quote_follows(self, place: int) -> bool:
        """Whether in the same line there is another quote: then a text may go on to there."""
        return bool(_QUOTE_IN_LINE.match(self.text, place))

    def _is_apostrophe(self, place: int) -> bool:
        around = self.text[place - 1 : place] + self.text[place + 1 : place + 2]
        return self.text[place] in "'’" and len(around) == 2 and around.isalpha()

    def _check_inner(self, raw: str, inner: int, quote: str) -> None:
        """Quotes within that are not escaped must come in pairs, and be no punctuation of JSON."""
        self._unescaped_quotes = True
        if inner % 2 or re.search(rf"{quote}(?:[\s,:;+{{}}\[\]]*{quote}|\s*:)", raw):
            raise NotReadableError("quotes that can be read in two ways", self.place)

    # -- between values -------------------------------------------------------------------

    def _skip(self) -> None:
        self.place = _end(_SPACE, self.text, self.place)
        if self.text.startswith(_FENCE, self.place):
            raise _CutError

    def _char(self) -> str:
        if self.place >= len(self.text):
            raise _CutError
        return self.text[self.place]

    def _closes(self, bracket: str) -> bool:
        self._skip()
        if self._char() != bracket:
            return False
        self.place += 1
        return True

    def _comma(self, bracket: str) -> None:
        self._skip()
        if self._char() == ",":
            self.place += 1
        elif self._char() != bracket and not (
            bracket == "}" and self._key_follows.match(self.text, self.place)
        ):
            raise NotReadableError("no comma", self.place)


def _end(pattern: re.Pattern[str], text: str, place: int) -> int:
    """Where a pattern that always matches ends."""
    match = pattern.match(text, place)
    return match.end() if match else place


def _key_pattern(keys: Collection[str]) -> str:
    """A known key in quotes, and its colon."""
    names = "|".join(re.escape(key) for key in sorted(keys, key=len, reverse=True))
    return rf"""["'“‘`](?:{names})["'”’`]\s*:"""
