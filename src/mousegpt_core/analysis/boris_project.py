"""Projects of BORIS (``.boris``, JSON): what BORIS opens, and imports observations from.

BORIS reads no csv back: events come in by a project, or by a spreadsheet into an observation that
is open (BORIS user guide, "Import observations"). Layout of projects: format version 7.0.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from mousegpt_core.analysis.truth_files import Sheet
from mousegpt_core.errors import FormatError
from mousegpt_core.study.files import reading

SUFFIX = ".boris"
NO_SUBJECT = "No focal subject"
_VERSION = "7.0"
_COLUMNS = (
    "observation id", "media duration (s)", "fps (frame/s)", "subject", "behavior",
    "behavior type", "time",
)  # fmt: skip
_HINT = "save the project in BORIS again (File > Save project), or export the events as csv"
#: Keys of the keyboard that behaviours get, in this order.
_KEYS = "abcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True)
class Observation:
    """A recording as BORIS has it.

    Attributes
    ----------
    id : str
        Its name.
    bouts : DataFrame
        Columns ``individual, start_s, stop_s, behaviour_id``; times in s from the film's start.
    date : str
        ISO 8601.
    film : Path, optional
        What was looked at; None = looked at live, or not filmed.
    fps, length_s : float
        Of the film.
    """

    id: str
    bouts: pd.DataFrame
    date: str
    film: Path | None = None
    fps: float = 0.0
    length_s: float = 0.0


def project(
    name: str, observations: Sequence[Observation], *, colours: Mapping[str, str], date: str
) -> str:
    """The text of a project.

    Parameters
    ----------
    name : str
        Of the project.
    observations : sequence of Observation
        What was observed.
    colours : mapping of str to str
        Of each behaviour, ``"#rrggbb"``.
    date : str
        ISO 8601.
    """
    every = pd.concat([one.bouts for one in observations], ignore_index=True)
    behaviours = sorted(set(every["behaviour_id"]))
    subjects = sorted(set(every["individual"]) - {""})
    document = {
        "time_format": "s",
        "project_date": date,
        "project_name": name,
        "project_description": "",
        "project_format_version": _VERSION,
        "subjects_conf": {
            str(n): {"key": "", "name": one, "description": ""} for n, one in enumerate(subjects)
        },
        "behaviors_conf": {
            str(n): _behaviour(one, _KEYS[n] if n < len(_KEYS) else "", colours.get(one, ""))
            for n, one in enumerate(behaviours)
        },
        "observations": {one.id: _observation(one) for one in observations},
        "behavioral_categories": [],
        "behavioral_categories_config": {},
        "independent_variables": {},
        "coding_map": {},
        "behaviors_coding_map": [],
        "converters": {},
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def read_project(path: Path) -> Sheet:
    """The events of a project as a table of tabular events, as BORIS exports it.

    Raises
    ------
    FormatError
        If it is no project, or an event is damaged; names the observation and the event.
    """
    with reading(path):
        text = path.read_bytes()
    try:
        document = json.loads(text)
        behaviours = document["behaviors_conf"].values()
        points = {one["code"] for one in behaviours if str(one["type"]).startswith("Point")}
        observations: dict[str, Any] = document["observations"]
        rows = [
            [id, *_length_and_rate(one), *event]
            for id, one in observations.items()
            for event in _events(id, one, points, path)
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FormatError(
            "this is no project of BORIS", file=path, found=str(error), hint=_HINT
        ) from error
    return Sheet(path, rows, list(range(1, len(rows) + 1)), names=list(_COLUMNS))


def owners(table: Sheet) -> list[tuple[str, str]]:
    """Observation and subject of a table of BORIS, in the order of their events.

    Of a table without such columns they are ``""``; so is the subject that has no name.
    """
    columns = [table.find(name) for name in ("observation id", "subject")]
    cells = [[""] * len(table.rows) if c is None else table.column(c) for c in columns]
    return list(dict.fromkeys(zip(*cells, strict=True)))


def _behaviour(name: str, key: str, colour: str) -> dict[str, Any]:
    return {
        "type": "State event", "key": key, "code": name, "description": "", "color": colour,
        "category": "", "modifiers": {}, "excluded": "", "coding map": "",
    }  # fmt: skip


def _observation(one: Observation) -> dict[str, Any]:
    filmed = one.film is not None
    described: dict[str, Any] = {
        "file": {},
        "type": "MEDIA" if filmed else "LIVE",
        "date": one.date,
        "description": "",
        "time offset": 0.0,
        "events": _ends(one),
        "observation time interval": [0, 0],
        "independent_variables": {},
        "visualize_spectrogram": False,
        "visualize_waveform": False,
        "close_behaviors_between_videos": False,
        "scan_sampling_time": 0,
    }
    if one.film is not None:
        film = str(one.film)
        described["file"] = {str(n): [film] if n == 1 else [] for n in range(1, 9)}
        described["media_info"] = {
            "length": {film: one.length_s},
            "fps": {film: one.fps},
            "hasVideo": {film: True},
            "hasAudio": {film: False},
            "offset": {"1": 0.0},
        }
    return described


def _ends(one: Observation) -> list[list[Any]]:
    """Start and stop of every bout, as BORIS has state events.

    Stops before starts of the same moment: a bout may end where the next one begins.
    """
    ends = []
    columns = (one.bouts[name] for name in ("start_s", "stop_s", "individual", "behaviour_id"))
    for start, stop, individual, behaviour in zip(*columns, strict=True):
        for stops, moment in ((1, float(stop)), (0, float(start))):
            event: list[Any] = [round(moment, 3), individual, behaviour, "", ""]
            if one.film is not None:
                event.append(round(moment * one.fps))
            ends.append((round(moment, 3), 1 - stops, event))
    return [event for *_, event in sorted(ends, key=lambda end: end[:2])]


def _length_and_rate(observation: Mapping[str, Any]) -> tuple[str, str]:
    """Seconds that were observed, and frames per second; ``""`` = not known."""
    told = observation.get("media_info") or {}
    films = (observation.get("file") or {}).get("1", []) if told else []
    lengths = [float(told.get("length", {}).get(film, 0.0)) for film in films]
    rates = [float(told.get("fps", {}).get(film, 0.0)) for film in films]
    length = sum(lengths) if all(lengths) else 0.0
    return (f"{length:g}" if length else "", f"{rates[0]:g}" if rates and rates[0] else "")


def _events(
    id: str, observation: Mapping[str, Any], points: Iterable[str], path: Path
) -> Iterable[list[str]]:
    """Subject, behaviour, type and time of each event."""
    for number, event in enumerate(observation.get("events", []), start=1):
        if len(event) < 3:
            raise FormatError(
                "an event is damaged", file=path, place=f"event {number} of {id!r}",
                expected="time, subject, behaviour", found=str(event), hint=_HINT,
            )  # fmt: skip
        kind = "POINT" if event[2] in points else "STATE"
        yield [str(event[1]) or NO_SUBJECT, str(event[2]), kind, str(event[0])]
