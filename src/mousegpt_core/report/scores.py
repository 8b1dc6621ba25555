"""How well each scheme of behaviours agrees with a human's labels, and what that allows to say."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mousegpt_core.clips import PROFILE
from mousegpt_core.plots import readable_name
from mousegpt_core.report.results import Results, SchemeResults
from mousegpt_core.report.wording import listed, plural
from mousegpt_core.stats import say_share

#: Macro-F1 from which agreement is good, and below which labels are not to be trusted.
GOOD, DOUBTFUL = 0.7, 0.5
#: A check speaks for a scheme if the behaviours that it left out take less of the time than this.
_LEAVES_OUT = 0.2
_NAMED = 6


@dataclass(frozen=True, eq=False)
class Score:
    """Scores of one scheme of behaviours.

    Attributes
    ----------
    scheme : SchemeResults
        The behaviours that were scored.
    leads : bool
        Whether the report rests on them.
    recordings : int
        Number of recordings of the study.
    values : mapping
        As `pipeline.evaluate_study` gives them.
    """

    scheme: SchemeResults
    leads: bool
    recordings: int
    values: Mapping[str, Any]

    @property
    def macro_f1(self) -> float:
        """Mean F1 over the human's classes; NaN where it is not known."""
        value = self.values.get("macro_f1")
        return float(value) if isinstance(value, int | float) else math.nan

    @cached_property
    def classes(self) -> dict[str, float]:
        """F1 of each class that the human saw, by its readable name, the worst first."""
        per_class = self.values.get("per_class") or {}
        known = {name: one.get("f1") for name, one in per_class.items()}
        f1 = {self.name(name): float(value) for name, value in known.items() if value is not None}
        return dict(sorted(f1.items(), key=lambda item: item[1]))

    @property
    def left_out(self) -> dict[str, float]:
        """Behaviours that the human did not look for, with their share of the scored frames."""
        found = self.values.get("unchecked") or {}
        return {self.name(name): float(share) for name, share in found.items()}

    @property
    def grade(self) -> str:
        """``"good"``, ``"care"``, ``"bad"``; ``"part"`` if it speaks for a part of them only."""
        if not math.isfinite(self.macro_f1) or len(self.classes) < 2:
            return "part"
        if self.macro_f1 < DOUBTFUL:
            return "bad"
        if self.macro_f1 < GOOD:
            return "care"
        return "good" if sum(self.left_out.values()) <= _LEAVES_OUT else "part"

    def name(self, label: str) -> str:
        """A label as the report writes it."""
        return self.scheme.names.get(label) or readable_name(label)


def scores_of(results: Results) -> list[Score]:
    """Scores of the schemes that are shown, the leading one first; open clusters too."""
    given = results.data.evaluations
    count = len(results.data.recordings)
    return [
        Score(scheme, place == 0, count, given[scheme.scheme])
        for place, scheme in enumerate(results.schemes)
        if given.get(scheme.scheme)
    ]


def say_score(score: Score) -> str:
    """One sentence: what was scored against a human, where, and how well."""
    if score.scheme.scheme == PROFILE:
        return _say_clusters(score)
    text = f"{score.scheme.phrase} were compared with a human's labels{_where(score)}"
    if not score.classes:
        return f"{text}."
    (worst, lowest), *others = score.classes.items()
    if not others:
        return f"{text}, for {worst} only: F1 {lowest:.2f} (1 = perfect agreement)."
    text += f": macro-F1 {score.macro_f1:.2f} over {plural(len(score.classes), 'behaviour')}"
    return f"{text} (1 = perfect agreement), least for {worst} ({lowest:.2f})."


def say_left_out(score: Score) -> str:
    """Which behaviours the human did not look for; ``""`` if none."""
    left = score.left_out
    if not left:
        return ""
    names = sorted(left, key=lambda name: -left[name])
    shown = names if len(names) <= _NAMED else [*names[:_NAMED], f"{len(names) - _NAMED} more"]
    share = say_share(min(1.0, sum(left.values())))
    return f" The human did not look for {listed(shown)} ({share} of those frames): not checked."


def _where(score: Score) -> str:
    scored = {str(owner).partition("/")[0] for owner in score.values.get("scored") or ()}
    if not scored or score.recordings == 1:
        return ""
    if len(scored) == score.recordings:
        return " in all recordings"
    return f" in {len(scored)} of {score.recordings} recordings"


def _say_clusters(score: Score) -> str:
    text = f"{score.scheme.phrase} were compared with a human's labels{_where(score)}"
    clusters = score.values.get("clusters") or {}
    known = [
        f"{words} {float(clusters[key]):.2f}"
        for key, words in (("ari", "adjusted Rand index"), ("purity", "purity"))
        if isinstance(clusters.get(key), int | float)
    ]
    return f"{text}: {listed(known)} (1 = perfect agreement)." if known else f"{text}."
