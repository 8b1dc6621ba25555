"""The bouts of a study as rows to draw: one an animal of a recording."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mousegpt_core.analysis.human_bouts import NOT_SCORED_LABEL
from mousegpt_core.errors import StageMissingError

if TYPE_CHECKING:
    from mousegpt_core.study import Study
    from napari_mousegpt.labelling import HandLabels

#: Of time that a person did not score, on light and on dark.
_NOT_SCORED = "#8a8a8a"


@dataclass(frozen=True)
class Row:
    """A row of an ethogram.

    Attributes
    ----------
    recording, individual : str
        Whose it is.
    label : str
        For people.
    """

    recording: str
    individual: str
    label: str


@dataclass(frozen=True)
class Bars:
    """All bouts of one behaviour.

    Attributes
    ----------
    name, colour : str
        For people; ``"#rrggbb"``.
    start_s, stop_s : list of float
        Seconds.
    row : list of int
        Which row each is in.
    """

    name: str
    colour: str
    start_s: list[float]
    stop_s: list[float]
    row: list[int]


@dataclass(frozen=True)
class EthogramData:
    """An ethogram.

    Attributes
    ----------
    rows : list of Row
        From above.
    bars : list of Bars
        Behaviours, the most frequent of which come in the order of the report.
    bouts : DataFrame
        `clips.BOUTS` with the column ``row``.
    """

    rows: list[Row]
    bars: list[Bars]
    bouts: pd.DataFrame

    def at(self, row: int, moment: float) -> str:
        """The behaviour in a row at a moment, for people; "" where there is none."""
        now = self._bout(row, moment)
        return "" if now.empty else str(now["name"].iloc[0])

    def span(self, row: int, moment: float) -> tuple[float, float] | None:
        """Start and end (s) of the bout in a row at a moment; None where there is none."""
        now = self._bout(row, moment)
        return None if now.empty else (float(now["start_s"].iloc[0]), float(now["stop_s"].iloc[0]))

    def _bout(self, row: int, moment: float) -> pd.DataFrame:
        mine = self.bouts[self.bouts["row"] == row]
        return mine[(mine["start_s"] <= moment) & (moment < mine["stop_s"])]

    @property
    def end_s(self) -> float:
        """When the last bout ends; 0 where there is none."""
        return float(self.bouts["stop_s"].max()) if len(self.bouts) else 0.0

    def row_of(self, recording: str, individual: str) -> int | None:
        """The row of an animal."""
        owners = [(row.recording, row.individual) for row in self.rows]
        owner = (recording, individual)
        return owners.index(owner) if owner in owners else None


def schemes_of(study: Study) -> list[str]:
    """What there are bouts of: the ethogram, the profile, the user's own labels."""
    from mousegpt_core.clips import ACTIVITIES, PROFILE
    from mousegpt_core.pipeline.evaluation import labelled_recordings, scheme_names

    recordings = study.recordings.values()
    found = [ACTIVITIES] if any(one.store.entry(ACTIVITIES) for one in recordings) else []
    found += [PROFILE] if study.store.entry("profile/bouts") is not None else []
    return found + [name for name in scheme_names(study) if labelled_recordings(study, name)]


def behaviours_to_draw(study: Study, drawn: Sequence[str]) -> list[str]:
    """What a person may call a bout: what was drawn before, then the user's own behaviours.

    Where there is neither, or only such, the activities of the documented ethogram.
    """
    from mousegpt_core.analysis.label_scheme import LabelScheme
    from mousegpt_core.pipeline.evaluation import scheme_names
    from mousegpt_core.pipeline.recording_stages import study_rules

    own = [
        name
        for scheme in scheme_names(study)
        for name in LabelScheme.from_toml(study.folder / "labels" / f"{scheme}.toml").names
    ]
    said = [*(name for name in drawn if name != NOT_SCORED_LABEL), *own]
    usual = [name for name, one in study_rules(study).activities.items() if not one.parent]
    if not own and {*said} <= {*usual}:
        said = usual
    return [*dict.fromkeys(said), NOT_SCORED_LABEL]


def name_of(behaviour: str) -> str:
    """A behaviour for people."""
    from mousegpt_core.plots.style import readable_name

    return "not scored" if behaviour == NOT_SCORED_LABEL else readable_name(behaviour)


def keys_of(behaviours: Sequence[str]) -> dict[str, str]:
    """A key of the keyboard for each behaviour: a letter of its name, else any that is free."""
    keys: dict[str, str] = {}
    for name in behaviours:
        wanted = (*name.lower(), *"abcdefghijklmnopqrstuvwxyz0123456789")
        free = [k for k in wanted if k.isascii() and k.isalnum() and k not in keys.values()]
        if free:
            keys[name] = free[0]
    return keys


def ethogram_of(study: Study, scheme: str) -> EthogramData:
    """The bouts of all animals under a scheme.

    Parameters
    ----------
    study : Study
        The study.
    scheme : str
        One of `schemes_of`.

    Raises
    ------
    StageMissingError
        If there are none.
    """
    return ethogram(study, scheme, bouts_of(study, scheme))


def bouts_of(study: Study, scheme: str) -> pd.DataFrame:
    """The bouts of all recordings under a scheme; raises as `ethogram_of`."""
    from mousegpt_core.pipeline.evaluation import bouts_of_scheme

    tables = []
    for recording in study.recordings.values():
        # One that has not been analysed, or failed, is left out.
        with suppress(StageMissingError):
            tables.append(bouts_of_scheme(study, recording, scheme))
    if not tables:
        raise StageMissingError("no recording has been analysed", hint="go on, in the dock Home")
    return pd.concat(tables, ignore_index=True)


def hand_bouts(study: Study, labels: HandLabels) -> pd.DataFrame:
    """A person's bouts of all animals, and where nothing was scored.

    Raises
    ------
    DataError, FormatError
        If a file of labels cannot be read.
    """
    found = [
        (*owner, bout.start_s, bout.stop_s, bout.label)
        for owner in _owners(study)
        for bout in labels.bouts(owner)
    ]
    columns = ["recording", "individual", "start_s", "stop_s", "behaviour_id"]
    return pd.DataFrame(found, columns=columns).astype({"start_s": float, "stop_s": float})


def ethogram(
    study: Study, scheme: str, bouts: pd.DataFrame, *, beside: Iterable[str] = ()
) -> EthogramData:
    """Bouts as rows to draw: all animals of the study, also those that have none.

    Parameters
    ----------
    study : Study
        The study.
    scheme : str
        Whose bouts they are.
    bouts : DataFrame
        From `bouts_of` or `hand_bouts`.
    beside : iterable of str
        Behaviours that are shown too, by other labels, so that colours are the same.
    """
    from mousegpt_core.plots.style import behaviour_colours

    rows, names = _rows(study, bouts), names_of(study, scheme)
    place = {(row.recording, row.individual): number for number, row in enumerate(rows)}
    owners = zip(bouts["recording"], bouts["individual"], strict=True)
    bouts = bouts.assign(
        row=np.array([place[owner] for owner in owners], dtype=np.intp),
        name=[names.get(one) or name_of(one) for one in bouts["behaviour_id"]],
    )
    shown = {*bouts["behaviour_id"], *beside} - {NOT_SCORED_LABEL}
    colours = {**behaviour_colours(shown), NOT_SCORED_LABEL: _NOT_SCORED}
    seconds = (bouts["stop_s"] - bouts["start_s"]).groupby(bouts["behaviour_id"]).sum()
    order = seconds.sort_values(ascending=False).index
    bars = [
        Bars(
            str(one["name"].iloc[0]),
            colours[str(behaviour)],
            one["start_s"].tolist(),
            one["stop_s"].tolist(),
            one["row"].tolist(),
        )
        for behaviour in order
        for one in [bouts[bouts["behaviour_id"] == behaviour]]
    ]
    return EthogramData(rows, bars, bouts)


def lanes_of(study: Study, tables: Mapping[str, pd.DataFrame]) -> list[EthogramData]:
    """Several labellings below each other, a behaviour in the same colour in each.

    Parameters
    ----------
    study : Study
        The study.
    tables : mapping of str to DataFrame
        Bouts by scheme, from `bouts_of` or `hand_bouts`; the upper lane first.
    """
    names = {name for table in tables.values() for name in table["behaviour_id"]}
    return [ethogram(study, one, table, beside=names) for one, table in tables.items()]


def _owners(study: Study) -> list[tuple[str, str]]:
    """Recording and animal of all that are in the study."""
    return [
        (id, animal)
        for id, recording in study.recordings.items()
        for animal in recording.info.individuals or ("",)
    ]


def _rows(study: Study, bouts: pd.DataFrame) -> list[Row]:
    """All animals by treatment, as groups are compared by eye."""
    treatment = study.animals.set_index("animal")["treatment"].astype(str)
    found = zip(bouts["recording"], bouts["individual"], strict=True)
    owners = list(dict.fromkeys([*_owners(study), *found]))
    owners.sort(key=lambda owner: (treatment.get(owner[1], ""), owner))
    return [
        Row(id, animal, id if animal in ("", id) else f"{id} · {animal}") for id, animal in owners
    ]


def names_of(study: Study, scheme: str) -> dict[str, str]:
    """Names of behaviours that are not called by their ids."""
    from mousegpt_core.clips import PROFILE
    from mousegpt_core.pipeline.behaviours import profiled

    if scheme != PROFILE:
        return {}
    known = profiled(study).behaviours
    return dict(zip(known["behaviour_id"], known["name"], strict=True))
