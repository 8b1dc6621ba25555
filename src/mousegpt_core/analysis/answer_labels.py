"""Closed labels from what a model said of each clip: its label, or the behaviour its words mean.

A clip of which nothing clear was said is unknown; how it ended is told, and it is never left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
import pandas as pd

from mousegpt_core.analysis.bouts import bouts_from_clips
from mousegpt_core.analysis.definitions import activities_meant, is_rest
from mousegpt_core.analysis.label_scheme import LabelScheme
from mousegpt_core.analysis.label_words import UNKNOWN, plain
from mousegpt_core.clips import LABELS, make_table
from mousegpt_core.describe.rules import Rules

#: How clips end. Of ``unclear`` ones the answer means none of the behaviours, or several.
LABELLED, UNCLEAR, ABSTAINED, NOT_ASKED = "labelled", "unclear", "abstained", "not asked"
#: By a person, who corrected what was said; and left out by curation.
EDITED, DROPPED = "edited", "dropped"
#: Sections that speak of the animal as a whole.
OF_THE_WHOLE = ("overall", "keywords")


def labels_of_answers(
    asked: pd.DataFrame,
    answers: pd.DataFrame,
    scheme: LabelScheme,
    rules: Rules,
    *,
    sure: float = 0.0,
) -> pd.DataFrame:
    """The behaviour that each clip is said to show.

    Parameters
    ----------
    asked : DataFrame
        Columns of `clips.CLIPS`: all clips, whether or not they were asked about.
    answers : DataFrame
        Table `clips.ANSWERS`, at most one of each clip.
    scheme : LabelScheme
        The behaviours. An answer's label is one of their names; an answer in words is read by the
        activities of the ethogram that it names, as the definitions of the behaviours are.
    rules : Rules
        The activities.
    sure : float
        Answers with a lower score abstain; an answer without a score does not.

    Returns
    -------
    DataFrame
        A row a clip, in their order: ``clip_id``, ``label`` (``""`` = unknown), ``score``,
        ``status`` (`LABELLED`, `UNCLEAR`, `ABSTAINED`, `NOT_ASKED`, ``"invalid"`` or ``"failed"``)
        and ``reason``.
    """
    reader = _Reader(scheme, rules)
    columns = ["label", "score", "status", "reason", *OF_THE_WHOLE]
    given = zip(*(answers[name] for name in columns), strict=True)
    each = (dict(zip(columns, row, strict=True)) for row in given)
    known: dict[str, dict[str, object]] = dict(zip(answers["clip_id"], each, strict=True))
    rows: list[tuple[object, ...]] = []
    for clip_id in asked["clip_id"]:
        answer = known.get(str(clip_id))
        if answer is None:
            rows.append((clip_id, "", np.nan, NOT_ASKED, ""))
        elif answer["status"] != "described":
            rows.append((clip_id, "", np.nan, answer["status"], answer["reason"]))
        else:
            rows.append((clip_id, *_read(answer, reader, sure)))
    return pd.DataFrame(rows, columns=["clip_id", "label", "score", "status", "reason"])


def _read(
    answer: Mapping[str, object], reader: _Reader, sure: float
) -> tuple[str, float, str, str]:
    """Label, score, status and reason of an answer."""
    label, score = reader.behaviour(answer), float(str(answer["score"]))
    if not label:
        return "", score, UNCLEAR, "the answer means none of the behaviours, or several"
    if score < sure:
        return "", score, ABSTAINED, f"its score is below {sure:g}"
    return label, score, LABELLED, ""


class _Reader:
    """Reads behaviours out of answers; the same words are read once."""

    def __init__(self, scheme: LabelScheme, rules: Rules) -> None:
        self._rules = rules
        self._named = {plain(name): name for name in scheme.names}
        claims = scheme.match(rules)
        self._owner = {each: name for name, claim in claims.items() for each in claim.activities}
        rests = [n for n, b in scheme.behaviours.items() if is_rest(n, b.definition)]
        self._rest = rests[0] if len(rests) == 1 else ""
        self._read: dict[str, str] = {}

    def behaviour(self, answer: Mapping[str, object]) -> str:
        """The behaviour that an answer names, or else means; ``""`` = none, or several."""
        named = self._named.get(plain(str(answer["label"])), "")
        words = ". ".join(str(answer[name]) for name in ("label", *OF_THE_WHOLE) if answer[name])
        if named or not words:
            return named
        if words not in self._read:
            self._read[words] = self._meant(words)
        return self._read[words]

    def _meant(self, words: str) -> str:
        """The behaviour whose activities most of the words name."""
        votes: Counter[str] = Counter()
        for activity, stems in activities_meant(words, self._rules).items():
            votes[self._owner.get(activity, self._rest)] += len(stems)
        best = votes.most_common(2)
        if not best:
            return self._rest
        tied = len(best) == 2 and best[0][1] == best[1][1]
        return "" if tied else best[0][0]


def label_table(said: pd.DataFrame, scheme: LabelScheme, source: str) -> pd.DataFrame:
    """What was said as table `clips.LABELS`; unknown clips are `UNKNOWN`, others not asked about.

    Parameters
    ----------
    said : DataFrame
        From `labels_of_answers`.
    scheme : LabelScheme
        The behaviours.
    source : str
        Who said it.
    """
    kept = said[said["status"] != NOT_ASKED]
    columns = {
        "scheme_id": scheme.scheme_id,
        "clip_id": kept["clip_id"].to_numpy(),
        "behaviour_id": kept["label"].where(kept["label"] != "", UNKNOWN).to_numpy(),
        "score": kept["score"].to_numpy(),
        "source": source,
    }
    return make_table(LABELS, columns, length=len(kept))


def label_bouts(clips: pd.DataFrame, said: pd.DataFrame, source: str) -> pd.DataFrame:
    """What was said as table `clips.BOUTS`; there are bouts of `UNKNOWN`, too.

    Parameters
    ----------
    clips : DataFrame
        Columns of `clips.CLIPS`, a row for each of `said`.
    said, source
        As in `label_table`.
    """
    names = said["label"].where(said["label"] != "", UNKNOWN)
    names = names.where(said["status"] != NOT_ASKED, "")
    return bouts_from_clips(clips, names.to_numpy(), source=source, scores=said["score"].to_numpy())
