"""What of a study is there, and what is missing; in words for the dock Home."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mousegpt_core.pipeline.out_of_date import OutOfDate
    from mousegpt_core.study import Recording, Study

_BEHAVIOURS = "profile/behaviours"
_OLD = " Older than a correction, a setting or a file that it stands on: the blue button renews it."


@dataclass(frozen=True)
class Step:
    """A step on the way from films to report.

    Attributes
    ----------
    name : str
        For people.
    done, total : int
        Of how many; a total of 0 = nothing to do it with.
    hint : str
        What it is, and what to do for it.
    old : int
        How many of those that are done are older than what they stand on.
    """

    name: str
    done: int
    total: int
    hint: str
    old: int = 0

    @property
    def is_done(self) -> bool:
        """Whether nothing is missing."""
        return self.total > 0 and self.done >= self.total

    @property
    def words(self) -> str:
        """How far it is: ``"3 of 12"``; and how much of it is to be made anew."""
        if self.total > 1:
            far = f"{self.done} of {self.total}"
            return f"{far}, {self.old} out of date" if self.old else far
        if self.old:
            return "out of date"
        return "done" if self.is_done else "not yet"


def overview(study: Study, old: OutOfDate | None = None) -> list[Step]:
    """The steps of a study, in their order; reads manifests only.

    What is older than a correction or a setting is told where it is known.
    """
    recordings = list(study.recordings.values())
    unreadable = study.unreadable
    count, all_there = len(recordings), len(recordings) + len(unreadable)
    animals = study.animals
    treated = int((animals["treatment"].astype(str).str.strip() != "").sum())

    def made(name: str, stage: str, what: str) -> Step:
        done = sum(one.store.entry(stage) is not None for one in recordings)
        older = old.recordings[stage] if old else ()
        return Step(name, done, count, what + _older(older), len(older))

    def of_all(name: str, stage: str, done: bool, what: str) -> Step:
        is_old = done and old is not None and stage in old.study
        return Step(name, int(done), min(count, 1), what + (_OLD if is_old else ""), int(is_old))

    profiled = study.store.entry(_BEHAVIOURS) is not None
    reported = study.report_path.is_file()
    added = "Add films and poses in the dock Study."
    if unreadable:
        added = f"Left out, because they cannot be read: {', '.join(unreadable)}."
    return [
        Step("Recordings", count, max(all_there, 1), added),
        Step("Treatments", treated, len(animals), "Which group each animal is in: dock Study."),
        made("Movement", "kinematics", "Positions and speeds in cm."),
        made("Ethogram", "activities", "What each animal does in every frame."),
        made("Descriptions", "descriptions", "A sentence for every moment."),
        of_all("Behaviours", _BEHAVIOURS, profiled, "Descriptions, grouped and named."),
        of_all("Report", "report", reported, "Figures and statistics to show."),
    ]


def _older(recordings: Sequence[str]) -> str:
    return f"{_OLD} In: {', '.join(recordings)}." if recordings else ""


def is_described(study: Study) -> bool:
    """Whether anything of it is described: what there is to search."""
    return any(one.store.entry("descriptions") for one in study.recordings.values())


def next_words(steps: list[Step]) -> str:
    """What the one button does."""
    if not steps[0].done:
        return "Add recordings"
    missing = [step.name.lower() for step in steps[2:] if not step.is_done]
    if missing:
        return f"Go on: {', '.join(missing)}"
    old = [step.name.lower() for step in steps if step.old]
    return f"Renew: {', '.join(old)}" if old else "Bring all up to date"


def recording_words(recording: Recording) -> str:
    """What a recording consists of: ``"2 films, poses"``."""
    info = recording.info
    films = sum(len(view.films) for view in info.views)
    parts = [
        (films, f"{films} film" + ("s" if films > 1 else "")),
        (len(info.poses), "poses"),
    ]
    return ", ".join(words for count, words in parts if count) or "nothing"
