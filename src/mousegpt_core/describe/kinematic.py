"""The embedded describer: from kinematics and ethogram to words, without a model."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import ClassVar

from mousegpt_core.describe.contract import Answer, Describer, Evidence
from mousegpt_core.describe.fact_settings import FactSettings
from mousegpt_core.describe.factors import FACTS
from mousegpt_core.describe.facts import clip_facts
from mousegpt_core.describe.keywords import keywords
from mousegpt_core.describe.phrases import WRITERS
from mousegpt_core.settings import Settings


class KinematicDescriber(Describer):
    """Describes what the keypoints show, in the same words for the same posture.

    Parameters
    ----------
    options : FactSettings, optional
        Thresholds between words.
    """

    name: ClassVar[str] = "kinematic"
    version: ClassVar[int] = 1
    paid: ClassVar[bool] = False
    Options: ClassVar[type[Settings]] = FactSettings
    #: Seconds of kinematics before and after the clips that the words can depend on.
    context_s: ClassVar[float] = 6.0

    def __init__(self, options: FactSettings | None = None) -> None:
        self.options: FactSettings = options or FactSettings()

    async def describe(self, evidence: Evidence) -> AsyncIterator[Answer]:
        """Describe each clip, in their order."""
        for answer in self.describe_all(evidence):
            yield answer

    def describe_all(self, evidence: Evidence) -> list[Answer]:
        """Describe each clip, in their order.

        A clip whose speed is not known gets the status ``"failed"`` and the reason.
        """
        facts = clip_facts(evidence, self.options)
        rows = zip(*(facts[name] for name in FACTS), strict=True)
        written: dict[tuple[str, ...], dict[str, str]] = {}
        answers = []
        for clip_id, row, score, reason in zip(
            evidence.clips["clip_id"], rows, facts["score"], facts["reason"], strict=True
        ):
            if reason:
                answers.append(Answer(clip_id, status="failed", reason=reason))
                continue
            if row not in written:
                written[row] = write_sections(dict(zip(FACTS, row, strict=True)))
            label = row[0]
            answers.append(Answer(clip_id, dict(written[row]), label=label, score=float(score)))
        return answers


def write_sections(facts: dict[str, str]) -> dict[str, str]:
    """The six sections for one set of facts.

    Parameters
    ----------
    facts : dict of str to str
        `factors.FACTS` to their values, free of contradictions (`agreement.make_agree`).
    """
    sections = {name: write(facts) for name, write in WRITERS.items()}
    return {**sections, "keywords": keywords(facts)}
