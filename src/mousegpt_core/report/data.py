"""What a report is made from; it knows nothing of a study on disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pandas as pd

from mousegpt_core.clips import ACTIVITIES, PROFILE
from mousegpt_core.errors import DataError
from mousegpt_core.plots import Track, readable_name
from mousegpt_core.stats import Movement, Subject, ZoneUse, treatment_of


class Example(NamedTuple):
    """A clip that shows a behaviour.

    Attributes
    ----------
    recording : str
        Where.
    start_s : float
        When, seconds on the recording's clock.
    sentence : str
        What was said of it.
    still : bytes, optional
        Picture from the film, JPEG or PNG; None = no film.
    """

    recording: str
    start_s: float
    sentence: str
    still: bytes | None = None


@dataclass(frozen=True)
class RecordingInfo:
    """A recording.

    Attributes
    ----------
    recording : str
        Its id.
    animals : mapping of str to str
        Individual in the tables of bouts to name of the animal.
    duration_s : float
        Length in s; a second a picture, of single pictures.
    frames : int
        Number of frames with poses.
    fps : float
        Frames per second.
    keypoints : int
        Number of keypoints.
    views : tuple of str
        Cameras.
    space_dims : int
        2 or 3.
    scale : str
        In words, e.g. ``"0.052 cm per px"``.
    scale_source : str
        ``"given"``, ``"unit"``, ``"known length"`` or ``"assumed"``.
    share_seen : float
        Share of keypoints that the estimator saw, 0-1; NaN = not known.
    observed_s : mapping of str to float
        Seconds in which an individual could be observed; all, where not given.
    start_s : float
        Begin on the recording's clock.
    pauses : tuple of (start, stop)
        When it paused, on its clock.
    treatment : str
        Of this session alone, where its animals have others too; ``""`` = that of the animals.
    notes : str
        A person's notes.
    pictures : bool
        Whether its frames are single pictures, which know no time.
    """

    recording: str
    animals: Mapping[str, str]
    duration_s: float
    frames: int = 0
    fps: float = float("nan")
    keypoints: int = 0
    views: tuple[str, ...] = ()
    space_dims: int = 2
    scale: str = ""
    scale_source: str = "given"
    share_seen: float = float("nan")
    observed_s: Mapping[str, float] = field(default_factory=dict)
    start_s: float = 0.0
    pauses: tuple[tuple[float, float], ...] = ()
    treatment: str = ""
    notes: str = ""
    pictures: bool = False

    @property
    def recorded_s(self) -> float:
        """Length without the pauses; 0 of single pictures."""
        if self.pictures:
            return 0.0
        return self.duration_s - sum(stop - start for start, stop in self.pauses)


@dataclass(frozen=True)
class StageRecord:
    """How a result was made.

    Attributes
    ----------
    stage : str
        Name, e.g. ``"kinematics"``.
    version : int
        Of the stage.
    settings : mapping
        JSON-able.
    input : str
        Hash of what it was made from.
    """

    stage: str
    version: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    input: str = ""


@dataclass(frozen=True, eq=False)
class ReportData:
    """Everything that a report tells.

    Attributes
    ----------
    study : str
        Name of the study.
    date : str
        Day of the report; the only thing that differs between two reports of the same study.
    recordings : sequence of RecordingInfo
        At least one.
    animals : DataFrame
        Columns ``animal``, ``treatment`` and any others.
    bouts : mapping of str to DataFrame
        Table `clips.BOUTS` of each scheme: `ACTIVITIES` by the documented rules, `PROFILE` found
        in descriptions, those of any other name defined by the user.
    behaviours : DataFrame
        Columns ``behaviour_id, name, share, keywords`` (comma separated), ``examples`` (list of
        `Example`) and optionally ``definition`` and ``scheme``. May be of several schemes.
    places : DataFrame
        The map of the clips: x, y and behaviour_id of the scheme `PROFILE`; empty = none.
    tracks : sequence of Track
        Ways of body centres, thinned out to about 5 a second.
    movements : sequence of Movement
        Of each animal in each recording.
    zones : sequence of ZoneUse
        Of each animal, recording and zone.
    evaluations : mapping of str to mapping
        By scheme, its scores against a human's labels, as `pipeline.evaluate_study` gives them.
    curation : mapping
        How the descriptions were judged, as `pipeline.judging.summary` gives it; empty = not.
    search_tips : sequence of str
        Questions that can be asked of this study.
    provenance : sequence of StageRecord
        How the results were made.
    versions : mapping of str to str
        Software.
    warnings : sequence of str
        What the reader must know.
    remarks : sequence of str
        What is good to know.
    reactions : mapping of str to float
        By scheme, by how much labels of postures follow the movement (s), as a human scorer's do.
    """

    study: str
    date: str
    recordings: Sequence[RecordingInfo]
    animals: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"animal": []}))
    bouts: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    behaviours: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"behaviour_id": []}))
    places: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"x": []}))
    tracks: Sequence[Track] = ()
    movements: Sequence[Movement] = ()
    zones: Sequence[ZoneUse] = ()
    evaluations: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    curation: Mapping[str, Any] = field(default_factory=dict)
    search_tips: Sequence[str] = ()
    provenance: Sequence[StageRecord] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    remarks: Sequence[str] = ()
    reactions: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.recordings:
            raise DataError("there is no recording to report on", hint="mousegpt add STUDY ...")

    @property
    def subjects(self) -> list[Subject]:
        """Each animal in each recording, with its treatment.

        An animal in several treatments (cross-over) is told apart: ``"7678 (young)"``.
        """
        treatment = treatment_of(self.animals)
        crossed = set(self.crossed)
        return [
            Subject(
                recording=one.recording,
                individual=individual,
                animal=f"{animal} ({one.treatment or treatment.get(animal, '')})"
                if animal in crossed
                else animal,
                duration_s=one.duration_s,
                observed_s=one.observed_s.get(individual),
                start_s=one.start_s,
                pauses=one.pauses,
                treatment=one.treatment or treatment.get(animal, ""),
            )
            for one in self.recordings
            for individual, animal in one.animals.items()
        ]

    @property
    def crossed(self) -> list[str]:
        """Animals that are in more than one treatment."""
        treatment = treatment_of(self.animals)
        found: dict[str, set[str]] = {}
        for one in self.recordings:
            for animal in one.animals.values():
                found.setdefault(animal, set()).add(one.treatment or treatment.get(animal, ""))
        return [animal for animal, treatments in found.items() if len(treatments) > 1]

    @property
    def animals_told(self) -> pd.DataFrame:
        """The table of animals, with all treatments of those that are in several."""
        if not self.crossed:
            return self.animals
        own = treatment_of(self.animals)
        table = self.animals.copy()
        for animal in self.crossed:
            mine = [one for one in self.recordings if animal in one.animals.values()]
            given = dict.fromkeys(one.treatment or own.get(animal, "") for one in mine)
            table.loc[table["animal"].astype(str) == animal, "treatment"] = ", ".join(given)
        return table

    @property
    def schemes(self) -> list[str]:
        """Schemes with at least one bout, the leading one first: the user's own go before."""
        weight = {ACTIVITIES: 1, PROFILE: 2}
        there = [name for name, bouts in self.bouts.items() if len(bouts)]
        return sorted(there, key=lambda name: weight.get(name, 0))

    def names(self, scheme: str) -> dict[str, str]:
        """Names of the behaviours of a scheme."""
        table = self.behaviours
        given = {}
        if "scheme" in table.columns:
            table = table[table["scheme"] == scheme]
        if "name" in table.columns:
            given = dict(zip(table["behaviour_id"].astype(str), table["name"], strict=True))
        ids = sorted({str(one) for one in self.bouts[scheme]["behaviour_id"]})
        return {one: str(given.get(one) or "") or readable_name(one) for one in ids}
