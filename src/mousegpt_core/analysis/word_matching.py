"""Words of a text: stems, clauses, and what is denied in them.

Denials count: in "does not move" the word "move" stands for its contrary. A denial reaches over a
few words and ends with its clause; "all but sleeping" denies sleeping, and so does "awake".
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from mousegpt_core.analysis.label_words import plain
from mousegpt_core.describe.rules import BUILT_IN_RULES
from mousegpt_core.settings import read_toml

#: A stem, and whether it is denied.
Token = tuple[str, bool]


def _word_set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_DENIALS = _word_set(
    "not no without never neither nor non isn doesn don didn lack lacks lacking absent cannot cant"
)
#: Words that say what another word denies.
_CONTRARIES = dict.fromkeys(("awake", "wake", "wakes", "wakeful", "wakefulness"), "asleep")
#: Words that end the reach of a denial.
_CLAUSE = re.compile(
    r"[.;:()!?]|\b(?:but|while|whereas|although|and then|except|besides|apart from|other than)\b"
)
#: "All but", after which everything is denied; not in "does not do anything but breathe".
_ALL_BUT = re.compile(
    r"\b(?:all|everything|anything|whatever"
    r"|(?:all|any|every)\s+(?:the\s+)?(?:time|times|behaviou?rs?|activit(?:y|ies)|states?))"
    r"\s+(?:but|except(?:ing)?(?:\s+for)?|besides|apart\s+from|other\s+than)\b"
)
#: A comma ends it too, unless it goes on with a list: "not walking, rearing or grooming".
_LISTED = re.compile(r"(?:\w+ing|or|nor|and)(?:\s+(?:\w+ing|or|nor|and))*\s*")
#: Words that a denial reaches over.
_REACH = 5
FILLERS = _word_set(
    "the a an its it his her their of to in on at with mouse animal rat is are be and all "
    "any other this that"
)
_IRREGULAR = {
    "stood": "stand",
    "froze": "freez",
    "frozen": "freez",
    "ran": "run",
    "lay": "lie",
    "feet": "foot",
    "hindfeet": "hindfoot",
    "forefeet": "forefoot",
    "slept": "sleep",
}
_ENDINGS = (
    "ements", "ement", "ations", "ation", "ingly", "ing", "edly", "ed", "es", "s", "e",
)  # fmt: skip


def clauses_of(text: str, *, at_commas: bool = True) -> list[list[Token]]:
    """Stems of each clause of a text, each with whether it is denied.

    Parameters
    ----------
    text : str
        Plain English.
    at_commas : bool
        Whether a comma ends a clause; lists stay together.
    """
    said = _ALL_BUT.sub(_denied_then, text.lower().replace("_", " "))
    parts = _CLAUSE.split(said)
    return [_tokens(one) for part in parts for one in (_pieces(part) if at_commas else [part])]


def is_all_but(text: str) -> bool:
    """Whether a text begins with "all but", "anything except" and the like."""
    return _ALL_BUT.match(text.lower().strip()) is not None


def words_said(text: str) -> frozenset[str]:
    """Stems of a text that are not denied in it, without those that say nothing."""
    tokens = [token for clause in clauses_of(text, at_commas=False) for token in clause]
    return frozenset(word for word, denied in tokens if not denied and word not in FILLERS)


def nearness(stems: list[str], tokens: list[Token], *, denied: bool) -> int:
    """1 if the stems stand near each other, denied or not as wanted; -1 if the reverse; else 0."""
    words = [(word, no) for word, no in tokens if word not in FILLERS]
    for start in range(len(words)):
        if words[start][0] != stems[0]:
            continue
        at, no = start, words[start][1]
        for wanted in stems[1:]:
            near = next(
                (i for i in range(at + 1, min(at + 3, len(words))) if words[i][0] == wanted), None
            )
            if near is None:
                break
            at = near
        else:
            if no == denied:
                return 1
            return 0 if denied else -1
    return 0


def says_any(phrases: tuple[str, ...], name: str, definition: str) -> bool:
    """Whether a name or definition has one of these phrases, not denied."""
    text = f"{name.lower()} . {definition.lower()}"
    denied = r"\b(?:not|no|without|lack of|absence of|does not|doesn't)\s+(?:any\s+)?(?:\w+\s+)?"
    return any(
        re.search(rf"\b{phrase}\b", text) and not re.search(rf"{denied}{phrase}\b", text)
        for phrase in phrases
    )


def words_of(text: str) -> list[str]:
    """English words in small letters."""
    return re.findall(r"[a-z]+", text.lower().replace("_", " "))


def stems_of(text: str) -> list[str]:
    """The stem of each English word."""
    return [stem(word) for word in words_of(text)]


def stem(word: str) -> str:
    """A word without its ending: moves, moving, moved, movement -> mov."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "sl":
        word = word[:-1]
    return word


def in_english(name: str) -> str:
    """The English name of an activity that is named in another language; else the name itself."""
    return _foreign_names().get(_bare(name), name)


@cache
def _foreign_names() -> dict[str, str]:
    """English name by the names of ``activity_names.toml``."""
    table = read_toml(BUILT_IN_RULES.with_name("activity_names.toml"))
    return {
        _bare(foreign): english
        for english, languages in table.items()
        for names in languages.values()
        for foreign in names
    }


def _bare(name: str) -> str:
    """A name in small letters without accents."""
    letters = unicodedata.normalize("NFKD", plain(name))
    return unicodedata.normalize("NFC", "".join(x for x in letters if x not in _ACCENTS))


#: Combining marks of Latin letters; those of Japanese tell syllables apart.
_ACCENTS = frozenset(map(chr, range(0x0300, 0x0370)))


def _denied_then(match: re.Match[str]) -> str:
    before = words_of(match.string[: match.start()])[-4:]
    return match[0] if _DENIALS & set(before) else " not "


def _pieces(part: str) -> list[str]:
    """Pieces between commas; lists stay together."""
    pieces: list[str] = []
    for piece in part.split(","):
        if pieces and _LISTED.fullmatch(piece.strip()):
            pieces[-1] += f" {piece}"
        else:
            pieces.append(piece)
    return pieces


def _tokens(clause: str) -> list[Token]:
    tokens, reach = [], 0
    for word in words_of(clause.replace("n't", " not")):
        if word in _DENIALS:
            reach = _REACH
            continue
        contrary = word in _CONTRARIES
        tokens.append((stem(_CONTRARIES.get(word, word)), (reach > 0) != contrary))
        reach -= 1
    return tokens
