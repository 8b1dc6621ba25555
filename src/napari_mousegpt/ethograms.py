"""The bouts of a study as rows to draw: one an animal of a recording."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mousegpt_core.analysis.human_bouts import NOT_SCORED_LABEL
from mousegpt_core.errors import StageMissingError

if TYPE_CHECKING:
    from mousegpt_core.study import Study
    from napari_mousegpt.labelling import HandLabels, Owner

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
    """What a person may call a bout: the user's own behaviours, and what was drawn before.

    Where the study has none of its own: the coarse activities of the documented ethogram.
    """
    from mousegpt_core.analysis.label_scheme import LabelScheme
    from mousegpt_core.pipeline.evaluation import scheme_names
    from mousegpt_core.pipeline.recording_stages import study_rules

    own = [
        name
        for scheme in scheme_names(study)
        for name in LabelScheme.from_toml(study.folder / "labels" / f"{scheme}.toml").names
    ]
    usual = [name for name, one in study_rules(study).activities.items() if not one.parent]
    said = [*(own or usual), *(name for name in drawn if name != NOT_SCORED_LABEL)]
    return [*dict.fromkeys(said), NOT_SCORED_LABEL]


def name_of(behaviour: str) -> str:
    """A behaviour for people."""
    from mousegpt_core.plots.style import readable_name

    return "not scored" if behaviour == NOT_SCORED_LABEL else readable_name(behaviour)


def keys_of(behaviours: Sequence[str], known: Mapping[str, str] | None = None) -> dict[str, str]:
    """A key of the keyboard for each behaviour: a letter of its name, else any that is free.

    Those that are known stay what they are: nobody learns a key twice.
    """
    keys = {name: key for name, key in (known or {}).items() if name in behaviours}
    for name in behaviours:
        if name in keys:
            continue
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


def hand_bouts(labels: HandLabels, owners: Sequence[Owner]) -> pd.DataFrame:
    """A person's bouts of these animals, and where nothing was scored.

    Raises
    ------
    DataError, FormatError
        If a file of labels cannot be read.
    """
    found = [labels.bouts(owner) for owner in owners]
    every = [bout for bouts in found for bout in bouts]
    counts = [len(bouts) for bouts in found]
    return pd.DataFrame(
        {
            "recording": _repeated([id for id, _ in owners], counts),
            "individual": _repeated([animal for _, animal in owners], counts),
            "start_s": np.array([bout.start_s for bout in every], dtype=np.float64),
            "stop_s": np.array([bout.stop_s for bout in every], dtype=np.float64),
            "behaviour_id": _words([bout.label for bout in every]),
        }
    )


def _repeated(names: Sequence[str], counts: Sequence[int]) -> pd.Categorical[str]:
    kinds = list(dict.fromkeys(names))
    codes = np.array([kinds.index(name) for name in names], dtype=np.intp)
    return pd.Categorical.from_codes(np.repeat(codes, counts), categories=pd.Index(kinds))


def _words(values: Any) -> pd.Series:
    """Text as it is: pandas takes long to make its own kind of it, at each edit of many bouts."""
    return pd.Series(np.asarray(values, dtype=object), dtype=object)


def ethogram(
    study: Study,
    scheme: str,
    bouts: pd.DataFrame,
    *,
    beside: Iterable[str] = (),
    rows: list[Row] | None = None,
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
    rows : list of Row, optional
        Of all the animals, where they are known.
    """
    from mousegpt_core.plots.style import behaviour_colours

    whose, owners = _factors(bouts)
    place = _places(rows or [])
    if rows is None or not place.keys() >= {*owners}:
        rows = _rows(study, owners)
        place = _places(rows)
    known = names_of(study, scheme)
    row = np.array([place[owner] for owner in owners], dtype=np.intp)[whose]
    what, found = pd.factorize(bouts["behaviour_id"], sort=True)
    ids = [str(one) for one in found]
    names = [known.get(one) or name_of(one) for one in ids]
    colours = behaviour_colours({*ids, *beside} - {NOT_SCORED_LABEL})
    colours[NOT_SCORED_LABEL] = _NOT_SCORED
    start, stop = bouts["start_s"].to_numpy(), bouts["stop_s"].to_numpy()
    seconds = np.bincount(what, weights=stop - start, minlength=len(ids))
    bars = [
        Bars(names[n], colours[ids[n]], start[m].tolist(), stop[m].tolist(), row[m].tolist())
        for n in np.argsort(-seconds, kind="stable")
        for m in [what == n]
    ]
    named = _words(np.array(names, dtype=object)[what])
    return EthogramData(rows, bars, bouts.reset_index(drop=True).assign(row=row, name=named))


def _places(rows: Sequence[Row]) -> dict[Owner, int]:
    return {(row.recording, row.individual): number for number, row in enumerate(rows)}


def _factors(bouts: pd.DataFrame) -> tuple[NDArray[np.intp], list[Owner]]:
    """Whose each bout is, by its number among the recordings and animals that have some."""
    recording, ids = pd.factorize(bouts["recording"])
    individual, animals = pd.factorize(bouts["individual"])
    whose, pairs = pd.factorize(recording * len(animals) + individual)
    each = [divmod(int(pair), len(animals)) for pair in pairs]
    return whose, [(str(ids[one]), str(animals[other])) for one, other in each]


def lanes_of(
    study: Study, tables: Mapping[str, pd.DataFrame], *, rows: list[Row] | None = None
) -> list[EthogramData]:
    """Several labellings below each other, a behaviour in the same colour in each.

    Parameters
    ----------
    study : Study
        The study.
    tables : mapping of str to DataFrame
        Bouts by scheme, from `bouts_of` or `hand_bouts`; the upper lane first.
    rows : list of Row, optional
        Of all the animals, where they are known.
    """
    names = {str(one) for table in tables.values() for one in table["behaviour_id"].unique()}
    return [ethogram(study, one, table, beside=names, rows=rows) for one, table in tables.items()]


def owners_of(study: Study) -> list[Owner]:
    """Recording and animal of all that are in the study."""
    return [
        (id, animal)
        for id, recording in study.recordings.items()
        for animal in recording.info.individuals or ("",)
    ]


def _rows(study: Study, found: Sequence[Owner]) -> list[Row]:
    """All animals by treatment, as groups are compared by eye; those found are among them."""
    treatment = study.animals.set_index("animal")["treatment"].astype(str)
    owners = list(dict.fromkeys([*owners_of(study), *found]))
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
