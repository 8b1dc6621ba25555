"""How good a description is: judged by what was measured; and which descriptions pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pydantic import Field

from mousegpt_core.describe.contradictions import Checked, check_description
from mousegpt_core.describe.fact_settings import FactSettings
from mousegpt_core.settings import Settings

#: Criteria of BehaviorVLM and of MouseGPT's curation, each 0-10.
CRITERIA = ("accuracy", "coherence", "relevance")
KINEMATIC = "kinematic"


@dataclass(frozen=True)
class Judgement:
    """Scores of one description; nan = the judge cannot tell.

    Attributes
    ----------
    accuracy : float
        0-10: whether it is true.
    coherence : float
        0-10: whether its parts agree.
    relevance : float
        0-10: whether it says what was asked.
    contradictions : float
        0-1: strength of the strongest contradiction to what was measured.
    reason : str
        In words.
    """

    accuracy: float = float("nan")
    coherence: float = float("nan")
    relevance: float = float("nan")
    contradictions: float = float("nan")
    reason: str = ""


def judge_by_kinematics(
    sections: Mapping[str, str],
    label: str,
    measured: Mapping[str, float],
    *,
    required: Sequence[str],
    settings: FactSettings | None = None,
) -> tuple[Judgement, Checked]:
    """Judge a description without a model, by what was measured of its clip.

    This judge sees no picture. It knows only the claims whose words are in ``claims.toml`` and
    whose quantity is measured in the clip: what is wrong beyond that (an invented object, the
    wrong kind of grooming, a wrong place of an ear) passes, and a clip whose tracking is wrong
    makes a true description look false. So a high score says that nothing speaks against the
    description; accuracy is nan where nothing could be checked.

    Parameters
    ----------
    sections : mapping of str to str
        `clips.SECTIONS` to texts.
    label : str
        ``""`` = none.
    measured : mapping of str to float
        A row of `clip_quantities.clip_quantities`.
    required : sequence of str
        Sections, or ``"label"``, that were asked for.
    settings : FactSettings, optional
        Thresholds.

    Returns
    -------
    Judgement
        Accuracy: 10, less the share of the checked claims that is contradicted, times one half
        where the strongest contradiction is clear. Coherence: halved by each pair of claims that
        cannot both hold; nan where fewer than two claims were found. Relevance: the share of what
        is required that is there.
    Checked
        All contradictions and conflicts.
    """
    checked = check_description(sections, label, measured, settings)
    wrong = sum(each.strength for each in checked.contradictions)
    right = 1.0 - wrong / checked.checkable if checked.checkable else np.nan
    filled = {**sections, "label": label}
    there = [bool(filled.get(name, "").strip()) for name in required]
    missing = [name for name, is_there in zip(required, there, strict=True) if not is_there]
    reasons = [each.sentence() for each in checked.contradictions]
    reasons += [each.sentence() for each in checked.conflicts]
    reasons += [f"nothing is said of: {', '.join(missing)}"] if missing else []
    return Judgement(
        accuracy=10.0 * max(right, 0.0) * (1.0 - checked.strongest / 2.0),
        coherence=10.0 * 0.5 ** len(checked.conflicts) if checked.claims > 1 else np.nan,
        relevance=10.0 * float(np.mean(there)) if there else np.nan,
        contradictions=checked.strongest,
        reason="; ".join(reasons),
    ), checked


class CurationSettings(Settings):
    """Table ``[curation]`` of ``study.toml``: which descriptions are kept.

    What is not given drops nothing, nor does a score that is not known.

    Attributes
    ----------
    judge : str
        Whose scores count, as `mousegpt curate` names it.
    accuracy, coherence, relevance : float, optional
        Least score, 0-10.
    contradictions : float, optional
        Strongest contradiction to the kinematics that is let pass, 0-1.
    confidence : float, optional
        Least agreement of answers to the same question, 0-1.
    """

    judge: str = KINEMATIC
    accuracy: float | None = Field(default=None, ge=0, le=10)
    coherence: float | None = Field(default=None, ge=0, le=10)
    relevance: float | None = Field(default=None, ge=0, le=10)
    contradictions: float | None = Field(default=None, ge=0, le=1)
    confidence: float | None = Field(default=None, ge=0, le=1)

    @property
    def thresholds(self) -> dict[str, float]:
        """Those that are given."""
        values = {name: getattr(self, name) for name in (*CRITERIA, "contradictions", "confidence")}
        return {name: value for name, value in values.items() if value is not None}


def why_dropped(scores: pd.DataFrame, settings: CurationSettings) -> list[str]:
    """Which thresholds each description misses, in words; ``""`` = it passes.

    Parameters
    ----------
    scores : DataFrame
        Columns accuracy, coherence, relevance, contradictions, confidence (nan = not known) and
        edited (bool): what a person has edited always passes.
    settings : CurationSettings
        The thresholds.
    """
    reasons: list[list[str]] = [[] for _ in range(len(scores))]
    for name, limit in settings.thresholds.items():
        values = scores[name].to_numpy(dtype=np.float64)
        at_most = name == "contradictions"
        missed = values > limit if at_most else values < limit
        for row in np.flatnonzero(missed & ~scores["edited"].to_numpy(dtype=bool)):
            word = "over" if at_most else "under"
            reasons[row].append(f"{name} {values[row]:.3g} is {word} {limit:.3g}")
    return ["; ".join(each) for each in reasons]
