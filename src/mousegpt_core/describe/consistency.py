"""Whether a model says the same when it is asked again: its confidence in an answer.

After self-consistency (Wang et al. 2023, arXiv 2203.11171) and its use to abstain. Agreement is not
truth: a model may be wrong in the same way each time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from mousegpt_core.clips import SECTIONS

#: Words that say nothing of what is described.
_PLAIN = frozenset(
    ("a", "an", "and", "are", "as", "at", "by", "in", "is", "it", "its", "of", "on", "the", "to")
)


def confidence(answers: Sequence[Mapping[str, str]]) -> float:
    """Mean agreement of all pairs of answers to one question.

    Parameters
    ----------
    answers : sequence of mapping of str to str
        `clips.SECTIONS` and label to texts.

    Returns
    -------
    float
        0-1: of a pair the mean of whether the labels are the same and of the Jaccard index of the
        keywords, as far as either has them; without both, the Jaccard index of all words. NaN for
        fewer than two answers.
    """
    pairs = [_agreement(one, other) for one, other in combinations(answers, 2)]
    return float(np.mean(pairs)) if pairs else float("nan")


def _agreement(one: Mapping[str, str], other: Mapping[str, str]) -> float:
    found = []
    labels = one.get("label", ""), other.get("label", "")
    if any(labels):
        found.append(float(labels[0].lower() == labels[1].lower()))
    keywords = _listed(one.get("keywords", "")), _listed(other.get("keywords", ""))
    if any(keywords):
        found.append(_jaccard(*keywords))
    if not found:
        found.append(_jaccard(_words(one), _words(other)))
    return float(np.mean(found))


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """Share of what is in either that is in both; 1 of nothing."""
    return len(one & other) / len(one | other) if one | other else 1.0


def _listed(keywords: str) -> frozenset[str]:
    return frozenset(word.strip().lower() for word in keywords.split(",")) - {""}


def _words(answer: Mapping[str, str]) -> frozenset[str]:
    text = " ".join(answer.get(name, "") for name in SECTIONS).lower()
    return frozenset(re.findall(r"[^\W\d_]+", text)) - _PLAIN
