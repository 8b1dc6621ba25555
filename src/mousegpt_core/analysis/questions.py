"""What a question asks for, in the words of the ethogram and of the keywords.

Vectors tell which descriptions are alike; they don't tell "two legs" from "all four". So questions
are read as well: their activities by the ethogram's synonyms and cues, their keywords by the words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mousegpt_core.analysis.definitions import activities_meant
from mousegpt_core.analysis.word_matching import stem, words_said
from mousegpt_core.describe.rules import Rules

#: An activity counts so much more than all keywords together.
_ACTIVITY_WEIGHT = 2.0
#: A kind of what is asked for; what is asked for only as a kind of this.
_KIND, _PARENT = 0.9, 0.4
#: From this on a clip is what was asked for: agreement, or the cosine where nothing was understood.
_FITS = 0.5

#: Words of people to words of the keywords.
_SAME: Mapping[str, str] = {
    "close": "near", "beside": "near", "along": "near", "against": "near", "next": "near",
    "ground": "floor", "centre": "open", "center": "open", "middle": "open",
    "up": "raised", "lifted": "raised", "high": "raised", "down": "lowered", "low": "lowered",
    "quick": "fast", "quickly": "fast", "rapid": "fast", "rapidly": "fast", "slowly": "slow",
    "bent": "curved", "snout": "nose", "back": "backward", "backwards": "backward",
    "forwards": "forward", "ahead": "forward", "front": "fore",
}  # fmt: skip
_STEMS_SAME = {stem(word): stem(same) for word, same in _SAME.items()}
#: Words of keywords that nobody asks for.
_SILENT = frozenset(stem(word) for word in ("locomotion", "area", "movement"))
#: Parts of the body: "turns its head" is no turning of the mouse.
_PARTS = frozenset(stem(word) for word in ("head", "nose", "tail", "torso", "forelimbs", "paws"))


@dataclass(frozen=True)
class Asked:
    """What a question asks for.

    Attributes
    ----------
    activities : frozenset of str
        Any of these.
    keywords : frozenset of str
        All of these.
    words : str
        The question in the words of descriptions: what it means, and what was not understood.
    """

    activities: frozenset[str]
    keywords: frozenset[str]
    words: str

    @property
    def understood(self) -> bool:
        """Whether an activity or a keyword was asked for."""
        return bool(self.activities or self.keywords)


def read_question(question: str, rules: Rules, vocabulary: Iterable[str]) -> Asked:
    """Activities and keywords that a question asks for.

    Parameters
    ----------
    question : str
        "sitting motionless near the wall".
    rules : Rules
        Activities with synonyms and cues.
    vocabulary : iterable of str
        Keywords in use.
    """
    said = words_said(question)
    said = said | {_STEMS_SAME[word] for word in said if word in _STEMS_SAME}
    names = _names(rules)
    stems = {keyword: words_said(keyword) - _SILENT for keyword in vocabulary}
    stems = {keyword: own for keyword, own in stems.items() if own not in names}
    fitting = {k: found for k, found in stems.items() if found and found <= said}
    keywords = {k for k, own in fitting.items() if not any(own < more for more in fitting.values())}
    meant = activities_meant(question, rules)
    of_a_part = [own for own in fitting.values() if own & _PARTS]
    meant = {
        activity: own
        for activity, own in meant.items()
        if not any(own < part and not own & _PARTS for part in of_a_part)
    }
    above = {rules.activities[activity].parent for activity in meant}
    activities = sorted(set(meant) - above)
    # "Standing" in "standing on two legs" would lead to those that stand.
    misleading = {word for own, name in names.items() if name not in meant for word in own}
    if not activities:
        misleading = set()
    plain = [word for word in question.split() if not words_said(word) & misleading]
    words = [*plain, *(name.replace("_", " ") for name in activities), *sorted(keywords)]
    return Asked(frozenset(activities), frozenset(keywords), " ".join(dict.fromkeys(words)))


def agreement(
    asked: Asked, labels: Sequence[str], keywords: Sequence[str], rules: Rules
) -> npt.NDArray[np.float32]:
    """How far each clip is what was asked for.

    Parameters
    ----------
    asked : Asked
        As `read_question` gives it.
    labels : sequence of str
        Activity of each clip.
    keywords : sequence of str
        Its keywords, comma separated.
    rules : Rules
        Which activity is a kind of which.

    Returns
    -------
    array of shape (clips,)
        0 to 1; 0 where nothing was understood.
    """
    total = np.zeros(len(labels), dtype=np.float32)
    weight = 0.0
    if asked.activities:
        known = {label: _near(label, asked.activities, rules) for label in set(labels)}
        total += np.array([_ACTIVITY_WEIGHT * known[label] for label in labels], dtype=np.float32)
        weight += _ACTIVITY_WEIGHT
    if asked.keywords:
        has = {text: _share(text, asked.keywords) for text in set(keywords)}
        total += np.array([has[text] for text in keywords], dtype=np.float32)
        weight += 1.0
    return total / np.float32(weight or 1.0)


def fits_well(asked: Asked, agreements: npt.ArrayLike, scores: npt.ArrayLike) -> bool:
    """Whether any of some hits is what was asked for.

    Parameters
    ----------
    asked : Asked
        As `read_question` gives it.
    agreements : array of shape (hits,)
        As `agreement` gives it.
    scores : array of shape (hits,)
        Their scores, which are cosines where nothing was understood.
    """
    tell = np.asarray(agreements if asked.understood else scores, dtype=np.float64)
    return bool((tell >= _FITS).any())


def _names(rules: Rules) -> dict[frozenset[str], str]:
    """Stems of each name and synonym to its activity."""
    return {
        words_said(name): activity
        for activity, rule in rules.activities.items()
        for name in (*rule.synonyms, activity)
    }


def _near(label: str, wanted: frozenset[str], rules: Rules) -> float:
    """1 for an activity that is asked for, less for a kind of it, still less for its parent."""
    if label in wanted:
        return 1.0
    above = label
    while above in rules.activities:
        above = rules.activities[above].parent
        if above in wanted:
            return _KIND
    below = [name for name in wanted if name in rules.activities]
    if label and any(rules.activities[name].parent == label for name in below):
        return _PARENT
    return 0.0


def _share(keywords: str, wanted: frozenset[str]) -> float:
    return len(wanted & {word.strip() for word in keywords.split(",")}) / len(wanted)
