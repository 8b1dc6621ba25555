"""The bouts of a study as rows to draw: one an animal of a recording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from mousegpt_core.errors import StageMissingError

if TYPE_CHECKING:
    from mousegpt_core.study import Study


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


def schemes_of(study: Study) -> list[str]:
    """What there are bouts of: the ethogram, the profile, the user's own labels."""
    from mousegpt_core.pipeline.evaluation import (
        ACTIVITIES,
        PROFILE,
        labelled_recordings,
        scheme_names,
    )

    recordings = study.recordings.values()
    found = [ACTIVITIES] if any(one.store.entry(ACTIVITIES) for one in recordings) else []
    found += [PROFILE] if study.store.entry("profile/bouts") is not None else []
    return found + [name for name in scheme_names(study) if labelled_recordings(study, name)]


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
    from mousegpt_core.pipeline.evaluation import bouts_of_scheme
    from mousegpt_core.plots.style import behaviour_colours, readable_name

    tables = []
    for recording in study.recordings.values():
        try:
            tables.append(bouts_of_scheme(study, recording, scheme))
        except StageMissingError:  # of one that has not been analysed, or failed
            continue
    if not tables:
        raise StageMissingError("no recording has been analysed", hint="go on, in the dock Home")
    bouts = pd.concat(tables, ignore_index=True)
    rows = _rows(study, bouts)
    place = {(row.recording, row.individual): number for number, row in enumerate(rows)}
    owners = zip(bouts["recording"], bouts["individual"], strict=True)
    names = _names(study, scheme)
    bouts = bouts.assign(
        row=[place[owner] for owner in owners],
        name=[names.get(one) or readable_name(one) for one in bouts["behaviour_id"]],
    )
    colours = behaviour_colours(bouts["behaviour_id"].unique())
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


def _rows(study: Study, bouts: pd.DataFrame) -> list[Row]:
    """Animals by treatment, as groups are compared by eye."""
    treatment = study.animals.set_index("animal")["treatment"].astype(str)
    owners = list(dict.fromkeys(zip(bouts["recording"], bouts["individual"], strict=True)))
    owners.sort(key=lambda owner: (treatment.get(owner[1], ""), owner))
    return [
        Row(id, animal, id if animal in ("", id) else f"{id} · {animal}") for id, animal in owners
    ]


def _names(study: Study, scheme: str) -> dict[str, str]:
    from mousegpt_core.pipeline.behaviours import profiled
    from mousegpt_core.pipeline.evaluation import PROFILE

    if scheme != PROFILE:
        return {}
    known = profiled(study).behaviours
    return dict(zip(known["behaviour_id"], known["name"], strict=True))
