"""A study's bouts for BORIS, and a person's labels from BORIS and other files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mousegpt_core.analysis import boris_project as boris
from mousegpt_core.analysis import truth_boris, truth_files
from mousegpt_core.analysis.boris_project import Observation
from mousegpt_core.analysis.truth import Truth, read_truth
from mousegpt_core.errors import DataError
from mousegpt_core.pipeline.filmed import open_view, views_with_films
from mousegpt_core.pipeline.human_labels import (
    change_human,
    end_of,
    frame_times,
    human_file,
    keep_original,
    replacing,
)
from mousegpt_core.plots.style import behaviour_colours
from mousegpt_core.study import Recording, Study
from mousegpt_core.study.files import safe_name

Floats = NDArray[np.float64]


def boris_project(study: Study, scheme: str, bouts: Mapping[str, pd.DataFrame]) -> str:
    """Bouts of a study as a project of BORIS: an observation a recording, a subject an animal.

    Parameters
    ----------
    study : Study
        The study.
    scheme : str
        Of which labels, for the project's name.
    bouts : mapping of str to DataFrame
        Table `clips.BOUTS` of each recording.

    Returns
    -------
    str
        Times count from the start of the film, where there is one, as BORIS does.
    """
    date = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    observations = []
    for id, table in bouts.items():
        film = _film(study.recording(id))
        moments = {name: film.of_clock(table[name]) for name in ("start_s", "stop_s")}
        path, length = film.path, film.length_s
        observations.append(Observation(id, table.assign(**moments), date, path, film.fps, length))
    behaviours = {str(one) for table in bouts.values() for one in table["behaviour_id"]}
    name = f"{study.name}: {scheme}"
    return boris.project(name, observations, colours=behaviour_colours(behaviours), date=date)


def import_labels(
    study: Study, path: Path, *, recording: str = "", individual: str = "", who: str = ""
) -> dict[str, Any]:
    """Take over a person's labels from a file, in the place of those of the same animals.

    What was there is kept in ``labels/human/originals``.

    Parameters
    ----------
    study : Study
        The study.
    path : Path
        Any file that `read_truth` reads. Of BORIS it may hold several observations and subjects:
        they are found by their names among the recordings and animals.
    recording, individual : str
        Whose labels they are, where the file does not say.
    who : str
        Who made them.

    Returns
    -------
    dict
        ``labelled``: recording, or ``RECORDING/ANIMAL``, to its number of bouts; ``passed_over``:
        observations and subjects of the file that are none of the study; ``notes``.

    Raises
    ------
    DataError, FormatError
        If the file cannot be read, or it is not clear whose labels they are.
    """
    labelled: dict[str, int] = {}
    passed_over: list[str] = []
    notes: list[str] = []
    # All is read before anything is changed.
    for name, found, truth in list(_parts(study, path, recording, individual)):
        if found is None:
            passed_over.append(name)
            continue
        home, animal = found
        change = replacing(study, home, animal, truth, who=who)
        keep_original(human_file(study, home, animal))
        bouts = change_human(study, home, animal, change)
        owner = home.id if len(home.info.individuals) < 2 else f"{home.id}/{animal}"
        labelled[owner] = len(bouts)
        notes += [f"{owner}: {note}" for note in truth.notes]
    if not labelled:
        raise DataError(
            "none of the labels is of a recording of the study", file=path,
            expected=", ".join(study.recordings), found=", ".join(passed_over) or "none",
            hint="say whose they are: --recording, --individual",
        )  # fmt: skip
    return {"labelled": labelled, "passed_over": passed_over, "notes": notes}


_Part = tuple[str, tuple[Recording, str] | None, Truth]


def _parts(study: Study, path: Path, recording: str, individual: str) -> Iterator[_Part]:
    """The labels of a file by whose they are; None = of nobody in the study."""
    table = _boris_table(path)
    if table is None:
        given = _given(study, recording)
        yield given.id, (given, _animal(given, individual, path)), _read(given, path)
        return
    owners = boris.owners(table)
    one = len({id for id, _ in owners}) == 1
    for observation, subject in owners:
        only = {"observation id": observation, "subject": subject}
        truth = read_truth(path, only={key: value for key, value in only.items() if value})
        home = _called(study, observation) or (_called(study, recording) if one else None)
        alone = sum(id == observation for id, _ in owners) == 1
        animal = None if home is None else _subject(home, subject, individual, alone=alone)
        if home is None or animal is None:
            yield " / ".join(part for part in (observation, subject) if part), None, truth
        else:
            yield observation, (home, animal), _film(home).to_clock(truth)


def _subject(home: Recording, name: str, given: str, *, alone: bool) -> str | None:
    """The animal that a subject of BORIS is: of its name, or the given or only one."""
    animals = home.info.individuals or ("",)
    match = [each for each in animals if each.casefold() == name.casefold()]
    if not match and alone:
        match = [given] if given in animals else list(animals[:1]) * (len(animals) == 1)
    return match[0] if match else None


def _boris_table(path: Path) -> truth_files.Sheet | None:
    if path.suffix.lower() == boris.SUFFIX:
        return boris.read_project(path)
    if path.suffix.lower() == ".mat":
        return None
    return truth_boris.find_table(truth_files.read_sheet(path))


def _read(home: Recording, path: Path) -> Truth:
    known = frame_times(home)
    if known is None:
        return read_truth(path)
    return read_truth(path, times=known[0], frames=known[1])


def _given(study: Study, recording: str) -> Recording:
    if recording:
        return study.recording(recording)
    everyone = list(study.recordings.values())
    if len(everyone) != 1:
        raise DataError(
            "of which recording are these labels?",
            expected=", ".join(one.id for one in everyone), hint="say it: --recording",
        )  # fmt: skip
    return everyone[0]


def _called(study: Study, name: str) -> Recording | None:
    """A recording by its name, whatever its case."""
    for id, one in study.recordings.items():
        if id.casefold() in (name.casefold(), safe_name(name).casefold()):
            return one
    return None


def _animal(home: Recording, individual: str, path: Path) -> str:
    animals = home.info.individuals or ("",)
    if individual in animals:
        return individual
    if individual or len(animals) > 1:
        raise DataError(
            "of which animal are these labels?", file=path, expected=", ".join(animals),
            found=individual or "no animal", hint="say it: --individual",
        )  # fmt: skip
    return animals[0]


@dataclass(frozen=True)
class _Film:
    """A recording's main film: its own time counts from its first frame, at its rate."""

    path: Path | None
    fps: float
    length_s: float
    times: Floats

    def of_clock(self, moments: pd.Series[Any]) -> Floats:
        """From the recording's clock to the film's time."""
        given = moments.to_numpy(dtype=np.float64)
        if self.path is None:
            return given
        return _shifted(given, self.times, np.arange(len(self.times)) / self.fps)

    def to_clock(self, truth: Truth) -> Truth:
        """Labels in the film's time, on the recording's clock."""
        if self.path is None:
            return truth
        own = np.arange(len(self.times)) / self.fps
        start, stop = (_shifted(each, own, self.times) for each in (truth.start_s, truth.stop_s))
        end = float(_shifted(np.array([truth.end_s]), own, self.times)[0])
        return replace(truth, start_s=start, stop_s=stop, end_s=end)


def _shifted(moments: Floats, known: Floats, wanted: Floats) -> Floats:
    """Moments of one clock on another; beyond the ends as far off as there."""
    inside = np.interp(moments, known, wanted)
    return np.asarray(inside + (moments - np.clip(moments, known[0], known[-1])))


def _film(recording: Recording) -> _Film:
    views = views_with_films(recording.info)
    if not views:
        return _Film(None, 0.0, end_of(recording), np.zeros(0))
    with ExitStack() as stack:
        view = open_view(recording, views[0], stack)
        fps = float(view.film.fps)
        path = recording.resolve(views[0].shown.path if views[0].shown else views[0].films[0].path)
        return _Film(path.absolute(), fps, len(view.times) / fps, view.times)
