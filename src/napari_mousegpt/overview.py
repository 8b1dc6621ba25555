"""What of a study is there, and what is missing; in words for the dock Home."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mousegpt_core.study import Recording, Study


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
    """

    name: str
    done: int
    total: int
    hint: str

    @property
    def is_done(self) -> bool:
        """Whether nothing is missing."""
        return self.total > 0 and self.done >= self.total

    @property
    def words(self) -> str:
        """How far it is: ``"3 of 12"``."""
        if self.total > 1:
            return f"{self.done} of {self.total}"
        return "done" if self.is_done else "not yet"


def overview(study: Study) -> list[Step]:
    """The steps of a study, in their order; reads manifests only."""
    recordings = list(study.recordings.values())
    unreadable = study.unreadable
    count, all_there = len(recordings), len(recordings) + len(unreadable)
    animals = study.animals
    treated = int((animals["treatment"].astype(str).str.strip() != "").sum())

    def have(stage: str) -> int:
        return sum(one.store.entry(stage) is not None for one in recordings)

    def fitted(stage: str) -> int:
        return int(study.store.entry(stage) is not None)

    some = min(count, 1)
    added = "Add films and poses in the dock Study."
    if unreadable:
        added = f"Left out, because they cannot be read: {', '.join(unreadable)}."
    return [
        Step("Recordings", count, max(all_there, 1), added),
        Step("Treatments", treated, len(animals), "Which group each animal is in: dock Study."),
        Step("Movement", have("kinematics"), count, "Positions and speeds in cm."),
        Step("Ethogram", have("activities"), count, "What each animal does in every frame."),
        Step("Descriptions", have("descriptions"), count, "A sentence for every moment."),
        Step("Behaviours", fitted("profile/behaviours"), some, "Descriptions, grouped and named."),
        Step("Report", int(report_of(study).is_file()), some, "Figures and statistics to show."),
    ]


def is_described(study: Study) -> bool:
    """Whether anything of it is described: what there is to search."""
    return any(one.store.entry("descriptions") for one in study.recordings.values())


def report_of(study: Study) -> Path:
    """Where the report is, once it is made."""
    return study.folder / "results" / "report.html"


def next_words(steps: list[Step]) -> str:
    """What the one button does."""
    if not steps[0].done:
        return "Add recordings"
    missing = [step.name.lower() for step in steps[2:] if not step.is_done]
    return f"Go on: {', '.join(missing)}" if missing else "Bring all up to date"


def recording_words(recording: Recording) -> str:
    """What a recording consists of: ``"2 films, poses"``."""
    info = recording.info
    films = sum(len(view.films) for view in info.views)
    parts = [
        (films, f"{films} film" + ("s" if films > 1 else "")),
        (len(info.poses), "poses"),
    ]
    return ", ".join(words for count, words in parts if count) or "nothing"
