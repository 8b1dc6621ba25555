"""What a keypoint's name says: which part of a mouse, which side, where along a chain.

Names are cut into words without regard to case and separators, so that ``Left_ear``, ``leftEar``,
``earl`` and ``Ear L`` read the same. A name with a word that is not of this vocabulary (a corner
of the arena, an object) is no part of the animal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

#: Word to what it means.
_MEANING: dict[str, str] = {
    word: meaning
    for meaning, words in {
        "left": "left",
        "right": "right",
        "nose": "nose snout muzzle",
        "head": "head skull",
        "ear": "ear",
        "eye": "eye",
        "neck": "neck nape",
        "spine": "spine spinal backbone midline",
        "back": "back",
        "trunk": "trunk torso body bc centroid com",
        "chest": "chest thorax withers",
        "belly": "belly abdomen",
        "hip": "hip hips pelvis",
        "haunch": "haunch thigh bhip",
        "rump": "rump",
        "flank": "flank fhip side midside lateral",
        "tail": "tail",
        "anus": "anus butt tti tailroot",
        "base": "base root proximal start insertion",
        "tip": "tip",
        "end": "end distal",
        "middle": "mid middle midpoint center centre",
        "fore": "fore front anterior",
        "hind": "hind posterior",
        "rear": "rear",
        "upper": "upper cervical rostral thoracic",
        "lower": "lower lumbar caudal",
        "paw": "paw",
        "foot": "foot feet toe toes",
        "hand": "hand",
        "arm": "arm",
        "leg": "leg limb",
        "wrist": "wrist",
        "elbow": "elbow",
        "shoulder": "shoulder",
        "ankle": "ankle heel hock",
        "knee": "knee",
        "view": "cam camera view",
        "animal": "mouse animal subject individual",
        "top": "top",
        "bottom": "bot bottom",
        "mirror": "mirror",
        "point": "point marker keypoint joint kp",
        "fore left": "lf fl",
        "fore right": "rf fr",
        "hind left": "lh hl bl rl lb",
        "hind right": "rh hr br rr rb",
    }.items()
    for word in words.split()
}
_LETTERS = frozenset("lrfghm")
_VIEWS = frozenset({"top", "bottom", "mirror"})
_ENDS = frozenset({"fore left", "fore right", "hind left", "hind right"})
#: Words that may stand beside any part and only tell two points of it apart.
_DETAIL = frozenset({"base", "tip", "end", "middle", "upper", "lower", "fore", "point", "animal"})
#: Place along the spine, 0 at the neck, 1 at the tail; letters as in MouseGPT-24 and DANNCE-22.
_PLACE = {
    "upper": 0.1, "fore": 0.1, "chest": 0.25, "middle": 0.5, "trunk": 0.5, "belly": 0.6,
    "end": 0.75, "lower": 0.8, "base": 0.85, "hind": 0.9, "rear": 0.9,
}  # fmt: skip
_LETTER_PLACE = {"f": 0.05, "g": 0.33, "m": 0.5, "h": 0.66, "l": 0.9, "r": 0.95}
_SIDED = ("wrist", "elbow", "shoulder", "ankle", "knee", "haunch", "flank", "ear", "eye")
_WITH_SIDES = (*_SIDED, "forepaw", "hindpaw", "leg", "paw")


@dataclass(frozen=True)
class NameReading:
    """What one name says.

    Attributes
    ----------
    part : str
        Role without its side, ``"leg"`` or ``"paw"`` (fore or hind not said), or ``""``.
    side : str
        ``"left"``, ``"right"`` or ``""``.
    place : float or None
        Place along the chain from front (0) to rear (1) where words say it.
    number : int or None
        Number in the name.
    group : str
        View or animal the name belongs to (``"top"``, ``"mouse2"``), or ``""``.
    detail : int
        How far the name is from the plain name of the part.
    assumed : bool
        Whether the part is not said but follows from the names beside it.
    why_not : str
        Why there is no part.
    """

    part: str = ""
    side: str = ""
    place: float | None = None
    number: int | None = None
    group: str = ""
    detail: int = 0
    assumed: bool = False
    why_not: str = ""

    @property
    def role(self) -> str:
        """Role with its side, or ``""``."""
        return f"{self.part}_{self.side}" if self.part and self.side else self.part


def read_name(name: str) -> NameReading:
    """Read a keypoint's name.

    Parameters
    ----------
    name : str
        As in the pose file.
    """
    chunks = re.findall(r"[^\W\d_]+|\d+", name)
    words, number, group = _words(chunks)
    if words is None:
        return NameReading(
            group=group, number=number, why_not="not a part of a mouse that is known"
        )
    sides, ends, rest = _sides(words)
    if len(sides) > 1 or len(ends) > 1:
        return NameReading(group=group, number=number, why_not="says two sides at once")
    side = next(iter(sides), "")
    part, place = _part(rest, side, next(iter(ends), ""))
    if part in _WITH_SIDES and not side:
        return NameReading(group=group, number=number, why_not="left or right is not said")
    if side and part and part not in _WITH_SIDES:
        return NameReading(group=group, number=number, why_not=f"a {part} has no sides")
    detail = len([word for word in rest if word in _DETAIL]) + 2 * len(rest & {"leg", "arm", "tip"})
    why_not = "" if part else "not a part of a mouse that is known"
    return NameReading(part, side, place, number, group, detail, why_not=why_not)


def _words(chunks: list[str]) -> tuple[list[str] | None, int | None, str]:
    """Meanings of the words of a name (None if one is unknown), its number, its group."""
    words: list[str] = []
    number: int | None = None
    group = ""
    unknown = False
    for chunk in chunks:
        if chunk.isdecimal():
            if words and words[-1] in ("view", "animal"):
                group = f"{words.pop()} {int(chunk[:9])}"
            else:
                number = int(chunk[:9])
            continue
        found = _split(chunk.lower())
        if found is None:
            found = _split_camel_case(chunk)
        if found is None:
            unknown = True
            continue
        for word in found:
            if word in _VIEWS:
                group = word
            else:
                words.append(word)
    return (None if unknown else words), number, group


def _split_camel_case(chunk: str) -> tuple[str, ...] | None:
    """Meanings of the humps of a word, or None."""
    humps = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", chunk)
    parts = [_split(hump.lower()) for hump in humps]
    if len(humps) < 2 or any(part is None for part in parts):
        return None
    return tuple(word for part in parts if part for word in part)


@lru_cache(maxsize=4096)
def _split(text: str) -> tuple[str, ...] | None:
    """Cut a word into the fewest known words; a single letter may stand at either end."""
    if len(text) > 40:
        return None
    best: list[tuple[str, ...] | None] = [()] + [None] * len(text)
    for stop in range(1, len(text) + 1):
        for start in range(stop):
            before = best[start]
            piece = text[start:stop]
            meaning = _MEANING.get(piece)
            if meaning is None and piece in _LETTERS and (start == 0 or stop == len(text)):
                meaning = piece
            if before is None or meaning is None:
                continue
            current = best[stop]
            if current is None or len(before) + 1 < len(current):
                best[stop] = (*before, meaning)
    return best[len(text)]


def _sides(words: list[str]) -> tuple[set[str], set[str], frozenset[str]]:
    """Sides and ends (fore, hind) that single letters and pairs of letters stand for."""
    sides = {word for word in words if word in ("left", "right")}
    ends: set[str] = set()
    rest = {word for word in words if word not in ("left", "right")}
    limb = bool(rest & {"paw", "foot", "hand", "leg", "arm", "wrist", "ankle"})
    for word in list(rest):
        if word in _ENDS and limb:
            end, side = word.split()
            ends.add(end)
            sides.add(side)
            rest.discard(word)
        elif word in ("l", "r") and "spine" not in rest:
            sides.add({"l": "left", "r": "right"}[word])
            rest.discard(word)
        elif word in ("f", "h") and limb:
            ends.add({"f": "fore", "h": "hind"}[word])
            rest.discard(word)
    return sides, ends, frozenset(rest)


def _part(words: frozenset[str], side: str, end: str) -> tuple[str, float | None]:
    """Part of the body and place along the spine."""
    letters = {word for word in words if len(word) == 1}
    words = words - letters - {"point", "animal"}
    if letters and "spine" not in words:
        return "", None
    limb = words & {"paw", "foot", "hand", "leg", "arm"}
    if limb:
        return _limb_part(words, limb, end), None
    if words & _ENDS or not words:
        return "", None
    if "tail" in words or "anus" in words:
        return _tail_part(words), None
    if {"hip", "rump"} & words:
        if not side:
            return "hip", None
        return ("flank" if words & {"fore"} else "haunch"), None
    for part in ("nose", *_SIDED, "head", "neck"):
        if part in words and words <= {part} | _DETAIL | {"hind", "rear"}:
            return part, None
    if words <= set(_PLACE) | {"spine", "back", "trunk"} and words & {
        "spine", "back", "trunk", "chest", "belly", "middle",
    }:  # fmt: skip
        if side:
            return ("flank" if words & {"trunk", "middle"} else ""), None
        places = [_PLACE[word] for word in words if word in _PLACE and word != "middle"]
        places = places or [0.5] * ("middle" in words)
        places += [_LETTER_PLACE[letter] for letter in letters]
        return "spine", (sum(places) / len(places) if places else None)
    return "", None


def _limb_part(words: frozenset[str], limb: frozenset[str], end: str) -> str:
    """``forepaw``, ``hindpaw``, or ``paw`` and ``leg`` where neither is said."""
    if words - limb - _DETAIL - {"hind", "rear", "back"}:
        return ""
    said = {end} if end else set()
    said |= {"fore"} if words & {"fore"} else set()
    said |= {"hind"} if words & {"hind", "rear", "back"} else set()
    if not said:
        said = {"fore"} if limb & {"hand", "arm"} else {"hind"} if "foot" in limb else set()
    if len(said) > 1:
        return ""
    if not said:
        return "paw" if "paw" in limb else "leg"
    return f"{said.pop()}paw"


def _tail_part(words: frozenset[str]) -> str:
    """``tail_base``, ``tail_tip`` or ``tail``."""
    if words - {"tail", "anus", "back", "rump"} - _DETAIL:
        return ""
    if "anus" in words or "base" in words:
        return "tail_base"
    return "tail_tip" if words & {"tip", "end"} else "tail"
