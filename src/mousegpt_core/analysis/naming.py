"""Names for behaviours without a language model: from the activity and telling keywords."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[Any]

#: An activity names a behaviour from this share of its clips on; below, two are named.
DOMINANT = 0.5
_SECOND = 0.25
_COMMON = 0.3
_TELLING = 0.05
_LONG_WORD = 4


@dataclass(frozen=True)
class Wordings:
    """How often activities and keywords occur in each group of clips.

    Attributes
    ----------
    sizes : array of shape (groups,)
        Clips in each group.
    activities, keywords : list of dict of str to int
        For each group, the number of clips with each activity or keyword.
    """

    sizes: Array
    activities: list[Counter[str]]
    keywords: list[Counter[str]]

    def share(self, group: int, keyword: str) -> float:
        """Share of a group's clips that have a keyword."""
        return self.keywords[group][keyword] / max(int(self.sizes[group]), 1)

    def dominant(self, group: int) -> str:
        """The activity of at least half of a group's clips, or ``""``."""
        name, count = _most_common(self.activities[group])
        return name if count >= DOMINANT * self.sizes[group] else ""


def count_wordings(groups: Array, count: int, labels: pd.Series, keywords: pd.Series) -> Wordings:
    """Count activities and keywords by group.

    Parameters
    ----------
    groups : array of shape (n,), int
        Group of each clip; -1 = none.
    count : int
        Number of groups.
    labels : Series of str, n rows
        Activity of each clip; ``""`` = unknown.
    keywords : Series of str, n rows
        Keywords of each clip, separated by commas.
    """
    table = pd.DataFrame(
        {"group": groups, "label": labels.to_numpy(), "keywords": keywords.to_numpy()}
    )
    table = table[table["group"] >= 0]
    activities: list[Counter[str]] = [Counter() for _ in range(count)]
    words: list[Counter[str]] = [Counter() for _ in range(count)]
    for group, label, number in _counts(table, "label"):
        if label:
            activities[group][label.replace("_", " ")] += number
    for group, text, number in _counts(table, "keywords"):
        for word in split_keywords(text):
            words[group][word] += number
    return Wordings(np.bincount(table["group"], minlength=count), activities, words)


def _counts(table: pd.DataFrame, column: str) -> list[tuple[int, str, int]]:
    """Group, text and number of clips with that text."""
    counted = table.groupby(["group", column]).size().reset_index()
    return [(int(group), str(text), int(number)) for group, text, number in counted.to_numpy()]


def split_keywords(text: str) -> list[str]:
    """Keywords of a comma-separated list, each once, in lower case."""
    words = (" ".join(part.split()).casefold() for part in text.split(","))
    return list(dict.fromkeys(word for word in words if word))


def characteristic_keywords(wordings: Wordings, group: int, top: int = 5) -> list[str]:
    """Keywords that tell a group from the others.

    Scored by ``p log2(p / q)``: p the share of the group's clips with the keyword, q that of all
    other clips; only keywords that are clearly commoner in the group than outside (by 5 in 100).

    Parameters
    ----------
    wordings : Wordings
        Counts of all groups.
    group : int
        Which group.
    top : int
        How many, at most.

    Returns
    -------
    list of str
        The most telling first.
    """
    total = sum(wordings.keywords, Counter[str]())
    outside = int(wordings.sizes.sum() - wordings.sizes[group])
    scored = []
    for word, count in wordings.keywords[group].items():
        inside = count / int(wordings.sizes[group])
        # Half a clip more, so that a keyword nobody else has does not score without bound.
        elsewhere = (total[word] - count + 0.5) / (outside + 1.0) if outside else 0.5
        if inside - elsewhere >= _TELLING:
            scored.append((-inside * np.log2(inside / elsewhere), word))
    return [word for _, word in sorted(scored)][:top]


def name_groups(wordings: Wordings) -> list[str]:
    """A short, unique name for each group, such as "walking" or "walking, turning left".

    The activity alone where no other group has it; else with the keyword that tells it best from
    the groups of the same activity.

    Parameters
    ----------
    wordings : Wordings
        Counts of all groups.

    Returns
    -------
    list of str
    """
    bases = [_base(wordings, group) for group in range(len(wordings.sizes))]
    names = list(bases)
    for base in sorted(set(bases)):
        siblings = [group for group, other in enumerate(bases) if other == base]
        if len(siblings) > 1:
            for group in siblings:
                names[group] = _told_apart(wordings, group, siblings, base)
    return _unique(names)


def _base(wordings: Wordings, group: int) -> str:
    """The activity that dominates, two that share, or the most telling keywords."""
    ranked = sorted(wordings.activities[group].items(), key=lambda item: (-item[1], item[0]))
    size = wordings.sizes[group]
    if ranked and (len(ranked) == 1 or ranked[0][1] >= DOMINANT * size):
        return ranked[0][0]
    if ranked:
        return " or ".join(name for name, count in ranked[:2] if count >= _SECOND * size) or "mixed"
    return ", ".join(characteristic_keywords(wordings, group, 2)) or "unremarkable"


def _told_apart(wordings: Wordings, group: int, siblings: Sequence[int], base: str) -> str:
    """The base with the keyword that its siblings have least."""
    others = [sibling for sibling in siblings if sibling != group]
    gaps = []
    for word in wordings.keywords[group]:
        share = wordings.share(group, word)
        gap = share - max(wordings.share(other, word) for other in others)
        if share >= _COMMON and gap > 0 and not _restates(word, base):
            gaps.append((-gap, word))
    return f"{base}, {min(gaps)[1]}" if gaps else base


def _restates(word: str, base: str) -> bool:
    """Whether a keyword says again what the base says: they share a word."""
    long = {part for part in word.replace("-", " ").split() if len(part) >= _LONG_WORD}
    return bool(long & set(base.replace(",", " ").replace("-", " ").split()))


def _unique(names: list[str]) -> list[str]:
    """Names with a number where they repeat."""
    seen: Counter[str] = Counter()
    result = []
    for name in names:
        seen[name] += 1
        result.append(f"{name} ({seen[name]})" if seen[name] > 1 else name)
    return result


def _most_common(counts: Counter[str]) -> tuple[str, int]:
    """The most common, of equals the first in the alphabet; ``("", 0)`` of none."""
    return min(counts.items(), key=lambda item: (-item[1], item[0]), default=("", 0))
