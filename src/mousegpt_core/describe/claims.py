"""Words to claims: what a description says of an animal that could be measured.

The words are in ``claims.toml``. This reads phrases, not language: a claim in other words is
missed, and so is its contradiction; a claim that was not made would give a false one, so denials,
what was before or comes after, and words of another part of the body are left out.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from mousegpt_core.clips import SECTIONS
from mousegpt_core.describe.fact_settings import FactSettings
from mousegpt_core.settings import Settings

#: Where claims are looked for.
PLACES = (*SECTIONS, "label")
#: Where the animal as a whole is spoken of.
_OF_THE_WHOLE = ("overall", "keywords", "label")
_OTHER = {"left": "right", "right": "left"}
#: Words between two of a pattern; words before and after a claim that deny it or put it elsewhere.
_GAP, _BEFORE, _AFTER = 5, 5, 2
_HEDGED_WEIGHT = 0.5
#: Words that no pattern reaches over.
_BREAK = "after|before|then|while|but|not"


class Condition(Settings):
    """A quantity beyond a threshold, see ``claims.toml``."""

    quantity: str
    statistic: Literal["mean", "least", "most"] = "mean"
    below: float | str | None = None
    above: float | str | None = None
    margin: float = Field(gt=0)

    def limit(self, settings: FactSettings) -> float:
        """The threshold that the claim needs, in the quantity's unit."""
        value = self.above if self.below is None else self.below
        if not isinstance(value, str):
            return float(value or 0.0)
        number = float(getattr(settings, value.removeprefix("-")))
        return -number if value.startswith("-") else number

    def beyond(self, value: float, settings: FactSettings) -> float:
        """How far a value is on the wrong side, in margins: from 1 on it contradicts."""
        away = value - self.limit(settings)
        return (away if self.below is None else -away) / self.margin

    def mirrored(self) -> Condition:
        """The same for the other side."""
        return self.model_copy(
            update={"below": _negative(self.above), "above": _negative(self.below)}
        )


class Claim(Settings):
    """A claim, its words, and what contradicts it, see ``claims.toml``."""

    name: str
    says: tuple[str, ...] = Field(min_length=1)
    sections: tuple[str, ...] = PLACES
    whole: bool = False
    subject: str = ""
    short: tuple[str, ...] = ()
    side: bool = False
    without: tuple[str, ...] = ()
    opposite: tuple[str, ...] = ()
    against: tuple[tuple[Condition, ...], ...] = Field(min_length=1)

    def may_stand_in(self, place: str) -> bool:
        """Whether it is looked for in one of `PLACES`."""
        return place in self.sections and (not self.whole or place in _OF_THE_WHOLE)


@dataclass(frozen=True)
class Said:
    """A claim that was found.

    Attributes
    ----------
    claim : Claim
        The claim.
    section : str
        Where: one of `PLACES`.
    words : str
        By which words.
    weight : float
        1; less where it is hedged.
    """

    claim: Claim
    section: str
    words: str
    weight: float = 1.0


@cache
def _table() -> dict[str, Any]:
    path = Path(__file__).with_name("claims.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


@cache
def known_claims() -> tuple[Claim, ...]:
    """All claims of ``claims.toml``, those of two sides as two."""
    claims: list[Claim] = []
    for values in _table()["claim"]:
        claim = Claim.parse(values, source=f"claims.toml {values.get('name')!r}")
        claims += [_of_side(claim, side) for side in _OTHER] if claim.side else [claim]
    return tuple(claims)


def find_claims(sections: Mapping[str, str], label: str = "") -> list[Said]:
    """What a description claims.

    Parameters
    ----------
    sections : mapping of str to str
        `clips.SECTIONS` to texts; others are passed over.
    label : str
        Read as a word, ``_`` as a space.

    Returns
    -------
    list of Said
        Each claim once for each section, in the order of sections.
    """
    found: list[Said] = []
    for place in PLACES:
        text = label if place == "label" else sections.get(place, "")
        found += _claims_of(place, text) if text else ()
    return found


@lru_cache(maxsize=100_000)
def _claims_of(place: str, text: str) -> tuple[Said, ...]:
    """Claims of one section; the same texts come again and again."""
    plain = text.lower().replace("_", " ").replace("’", "'")
    split = r"[.;:!?,\n]+" if place in ("keywords", "label") else r"[.;:!?\n]+"
    found: dict[str, Said] = {}
    for sentence in re.split(split, plain):
        if _moot().search(sentence):
            continue
        for claim, patterns in _looked_for(place):
            if claim.name not in found:
                said = _look(claim, patterns, place, sentence)
                if said is not None:
                    found[claim.name] = said
    return tuple(found.values())


@cache
def _looked_for(place: str) -> tuple[tuple[Claim, tuple[re.Pattern[str], ...]], ...]:
    """Claims that may stand in one of `PLACES`, and their patterns there."""
    found = []
    for claim in known_claims():
        if claim.may_stand_in(place):
            texts = claim.says + (claim.short if place == claim.subject else ())
            found.append((claim, tuple(_compiled(text, _side_of(claim)) for text in texts)))
    return tuple(found)


def _look(
    claim: Claim, patterns: tuple[re.Pattern[str], ...], place: str, sentence: str
) -> Said | None:
    """The claim in a sentence, by the first of its patterns that is meant."""
    for pattern in patterns:
        for match in pattern.finditer(sentence):
            before, after = sentence[: match.start()], sentence[match.end() :]
            if _is_meant(claim, match.group(), before, after):
                hedged = _hedge().search(_last_words(before, _BEFORE)) is not None
                weight = _HEDGED_WEIGHT if hedged else 1.0
                return Said(claim, place, match.group().strip(), weight)
    return None


def _is_meant(claim: Claim, words: str, before: str, after: str) -> bool:
    """Whether the words are neither denied, nor of another time, part or claim."""
    near = _last_words(re.split(r",| and | but | while ", before)[-1], _BEFORE)
    if _not_so().search(near) or _later().match(after):
        return False
    if any(re.search(_word(each), words) for each in claim.without):
        return False
    return not (claim.whole and _any_part().search(near))


def _side_of(claim: Claim) -> str:
    """The side that a claim of one side is about; "" for the others."""
    return next((side for side in _OTHER if claim.side and side in claim.name.split()), "")


def _of_side(claim: Claim, side: str) -> Claim:
    def filled(text: str) -> str:
        return text.replace("{side}", side).replace("{other}", _OTHER[side])

    def turned(condition: Condition) -> Condition:
        quantity = filled(condition.quantity)
        signed = quantity == condition.quantity and side == "right"
        if not signed:
            return condition.model_copy(update={"quantity": quantity})
        least = {"least": "most", "most": "least"}.get(condition.statistic, condition.statistic)
        return condition.mirrored().model_copy(update={"statistic": least})

    return claim.model_copy(
        update={
            "name": filled(claim.name),
            "opposite": tuple(map(filled, claim.opposite)),
            "against": tuple(tuple(map(turned, line)) for line in claim.against),
        }
    )


def _negative(threshold: float | str | None) -> float | str | None:
    if isinstance(threshold, str):
        return threshold.removeprefix("-") if threshold.startswith("-") else f"-{threshold}"
    return None if threshold is None else -threshold


@cache
def _compiled(pattern: str, side: str) -> re.Pattern[str]:
    """A pattern of ``claims.toml`` as a regular expression."""
    tokens = pattern.split()
    text = ""
    for number, token in enumerate(tokens):
        following = tokens[number + 1] if number + 1 < len(tokens) else ""
        if token == "...":
            text += rf"(?:[\s,'-]+(?!(?:{_parts_words()}|{_BREAK})s?\b)[\w']+){{0,{_GAP}}}?"
            continue
        text += r"[\s,-]+" if text else r"\b"
        if token == "{side}":
            text += side if following.startswith("{") else _to_side(side)
        elif token.startswith("{"):
            text += _part(token)
        else:
            text += "(?:" + "|".join(_word(each) for each in token.split("|")) + ")"
    return re.compile(text)


def _part(token: str) -> str:
    """``{forepaw}``, or ``{forepaw}s`` in the plural; another may be told with it."""
    words = "|".join(map(_spelled, _table()["parts"][token.strip("{}s ").split("}")[0]]))
    plural = "(?:s|feet)" if token.endswith("s") else "s?"
    also = rf"(?:\s+and\s+(?:(?:the|both|left|right)\s+)*(?:{_parts_words()})s?)?"
    return rf"(?:{words}){plural}\b{also}"


def _to_side(side: str) -> str:
    """A side that is a direction: not of a paw, nor of both sides."""
    other = _OTHER[side]
    both = rf"(?!\s+(?:and|or|to)\s+(?:the\s+)?{other})"
    of_part = r"(?![\s-]+(?:fore|hind|front|rear|back|paw|leg|limb|foot|feet|ear|eye|flank|hip))"
    return rf"(?<!{other} and )(?<!{other} to )(?<!{other} or )\b{side}(?:wards?)?\b{of_part}{both}"


def _word(word: str) -> str:
    return rf"\b{re.escape(word.rstrip('*'))}" + (r"\w*" if word.endswith("*") else r"\b")


def _spelled(words: str) -> str:
    return r"[\s-]?".join(map(re.escape, words.split()))


@cache
def _parts_words() -> str:
    return "|".join(_spelled(word) for words in _table()["parts"].values() for word in words)


@cache
def _any_part() -> re.Pattern[str]:
    return re.compile(rf"\b(?:{_parts_words()})s?\b")


def _context(*names: str) -> str:
    return "|".join(_word(word) for name in names for word in _table()["context"][name])


@cache
def _not_so() -> re.Pattern[str]:
    return re.compile(_context("denied", "elsewhere"))


@cache
def _later() -> re.Pattern[str]:
    return re.compile(rf"(?:\s+\w+){{0,{_AFTER}}}\s+(?:{_context('later')})")


@cache
def _hedge() -> re.Pattern[str]:
    return re.compile(_context("hedged"))


@cache
def _moot() -> re.Pattern[str]:
    return re.compile(_context("moot"))


def _last_words(text: str, count: int) -> str:
    return " ".join(text.split()[-count:])
