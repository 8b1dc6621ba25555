"""Tables of the page: columns with a unit, cells with what they are sorted by."""

from __future__ import annotations

import math
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from mousegpt_core.report.data import RecordingInfo, StageRecord
from mousegpt_core.report.scores import Score
from mousegpt_core.report.wording import length_of_time, number
from mousegpt_core.stats import Comparison, Movement, Subject, ZoneUse, say_p, say_share


@dataclass(frozen=True)
class Cell:
    """What a cell shows, and the number it is sorted by, if it is one."""

    text: str
    value: float | None = None


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes
    ----------
    name : str
        For its anchor.
    caption : str
        What it is.
    columns : sequence of (name, is a number)
        Heads; the first column heads its row.
    rows : sequence of sequences of Cell
        The cells.
    """

    name: str
    caption: str
    columns: Sequence[tuple[str, bool]]
    rows: Sequence[Sequence[Cell]] = field(default_factory=list)


def cell(value: Any) -> Cell:
    """Any value as a cell: numbers short, missing values as a dash."""
    if value is None or value is pd.NA or value is pd.NaT:
        return Cell("–")
    if isinstance(value, bool):
        return Cell("yes" if value else "no")
    if isinstance(value, int | float) or hasattr(value, "dtype"):
        plain = float(value)
        return Cell(f"{plain:g}", plain) if math.isfinite(plain) else Cell("–")
    text = str(value).strip()
    return Cell(text or "–")


def share_cell(share: float) -> Cell:
    """A share of time."""
    return Cell(say_share(share), share if math.isfinite(share) else None)


def number_cell(value: float, digits: int = 2, unit: str = "") -> Cell:
    """A number with so many significant digits."""
    known = math.isfinite(value)
    return Cell(number(value, digits) + (unit if known else ""), value if known else None)


def animals_table(animals: pd.DataFrame, recordings: Sequence[RecordingInfo]) -> Table:
    """The animals as their table has them, with the time they were watched; empty columns go."""
    watched: dict[str, float] = {}
    for one in recordings:
        for name in one.animals.values():
            watched[name] = watched.get(name, 0.0) + one.recorded_s
    known = animals[animals["animal"].astype(str).isin(watched)] if len(animals) else animals
    listed = {str(name) for name in known["animal"]} if len(known) else set()
    missing = pd.DataFrame({"animal": [name for name in watched if name not in listed]})
    table = pd.concat([known, missing], ignore_index=True) if len(missing) else known
    filled = [
        name
        for name in table.columns
        if name == "animal" or any(cell(value).text != "–" for value in table[name])
    ]
    rows = [
        [*(cell(row[name]) for name in filled), _time_cell(watched[str(row["animal"])])]
        for _, row in table.iterrows()
    ]
    numeric = [
        bool(rows) and all(row[place].value is not None or row[place].text == "–" for row in rows)
        for place in range(len(filled))
    ]
    columns = [
        (str(name).replace("_", " "), kind) for name, kind in zip(filled, numeric, strict=True)
    ]
    return Table("animals", "Animals of the study", [*columns, ("recorded", True)], rows)


def recordings_table(recordings: Sequence[RecordingInfo]) -> Table:
    """What was recorded, and how well it was seen."""
    rows = []
    for one in recordings:
        scale = one.scale or "–"
        if one.scale_source == "assumed":
            scale += " (assumed)"
        rows.append(
            [
                Cell(one.recording),
                Cell(", ".join(one.animals.values()) or "–"),
                _time_cell(one.recorded_s),
                Cell(f"{one.frames:,}".replace(",", "\u202f"), one.frames),
                number_cell(one.fps, 3),
                Cell(f"{one.keypoints} in {one.space_dims}D", one.keypoints),
                Cell(", ".join(one.views) or "–"),
                Cell(scale),
                share_cell(one.share_seen),
            ]
        )
    columns = [
        ("recording", False),
        ("animals", False),
        ("length", True),
        ("frames", True),
        ("frames/s", True),
        ("keypoints", True),
        ("views", False),
        ("scale", False),
        ("keypoints seen", True),
    ]
    told = [place for place in range(len(columns)) if any(row[place].text != "–" for row in rows)]
    return Table(
        "recordings",
        "Recordings of the study",
        [columns[place] for place in told],
        [[row[place] for place in told] for row in rows],
    )


def shares_table(
    name: str, shares: pd.DataFrame, names: dict[str, str], groups: Sequence[str]
) -> Table:
    """Mean share of each behaviour, in all and by treatment, and its bouts."""
    rows = []
    mean = shares.groupby("behaviour_id")["share"].mean().sort_values(ascending=False)
    for behaviour in mean.index:
        part = shares[shares["behaviour_id"] == behaviour]
        by_group = part.groupby("treatment")["share"].mean()
        count = part["bouts"].sum()
        length = float(part["seconds"].sum() / count) if count else math.nan
        rows.append(
            [
                Cell(names.get(str(behaviour), str(behaviour))),
                share_cell(float(mean[behaviour])),
                *(share_cell(float(by_group.get(group, math.nan))) for group in groups),
                number_cell(float(part["bouts_per_min"].mean()), 2),
                number_cell(length, 2),
            ]
        )
    heads = [("behaviour", False), ("all animals", True), *((group, True) for group in groups)]
    heads += [("bouts per min", True), ("mean bout (s)", True)]
    return Table(name, "Mean share of the observed time, over animals", heads, rows)


def comparison_rows(
    name: str,
    comparisons: Sequence[Comparison],
    names: Mapping[str, str],
    *,
    plain: Container[str] = (),
) -> Table:
    """Medians, p-values and effect of each measure; with several pairs the clearest one.

    Medians are shares of time, but for the measures in `plain`.
    """
    groups = list(dict.fromkeys(group for one in comparisons for group in one.groups))
    ordered = sorted(comparisons, key=lambda one: (_or_two(one.p_corrected), one.measure))
    rows = []
    for one in ordered:
        median = dict(zip(one.groups, one.medians, strict=True))
        write = number_cell if one.measure in plain else share_cell
        rows.append(
            [
                Cell(names.get(one.measure, one.measure)),
                *(write(median.get(group, math.nan)) for group in groups),
                _p_cell(one.p),
                _p_cell(one.p_corrected),
                *_effect(one),
            ]
        )
    heads = [("measure", False), *((f"{group} (median)", True) for group in groups)]
    heads += [
        ("p", True),
        ("p corrected", True),
        ("largest Cliff's delta", True),
        ("between", False),
    ]
    return Table(name, "Treatments compared, one value an animal", heads, rows)


def movement_table(movements: Sequence[Movement], subjects: Sequence[Subject]) -> Table:
    """Speed and way of each animal."""
    by_key = {(one.recording, one.individual): one for one in movements}
    rows = []
    for subject in subjects:
        one = by_key.get(subject.key)
        if one is None:
            continue
        rows.append(
            [
                Cell(subject.animal),
                Cell(subject.treatment or "–"),
                Cell(subject.recording),
                number_cell(one.median_speed),
                number_cell(one.distance_m, 3),
                share_cell(one.share_immobile),
            ]
        )
    heads = [
        ("animal", False),
        ("treatment", False),
        ("recording", False),
        ("median speed (cm/s)", True),
        ("distance (m)", True),
        ("immobile", True),
    ]
    return Table("movement-table", "Movement of each animal", heads, rows)


def zones_table(zones: Sequence[ZoneUse], subjects: Sequence[Subject]) -> Table:
    """Time in, entries into and latency to every zone."""
    by_key = {subject.key: subject for subject in subjects}
    rows = []
    for use in zones:
        subject = by_key.get((use.recording, use.individual))
        rows.append(
            [
                Cell(subject.animal if subject else use.individual),
                Cell((subject.treatment if subject else "") or "–"),
                Cell(use.recording),
                Cell(use.zone),
                number_cell(use.seconds, 3),
                share_cell(use.share),
                Cell(str(use.entries), use.entries),
                number_cell(use.latency_s, 3),
            ]
        )
    heads = [("animal", False), ("treatment", False), ("recording", False), ("zone", False)]
    heads += [("time in it (s)", True), ("share of time", True), ("entries", True)]
    return Table("zones-table", "Zones", [*heads, ("latency (s)", True)], rows)


def evaluation_table(score: Score) -> Table:
    """Precision, recall and F1 of each class."""
    rows = [
        [Cell(score.name(label))]
        + [_score_cell(scores.get(key)) for key in ("precision", "recall", "f1")]
        + [cell(scores.get("support"))]
        for label, scores in (score.values.get("per_class") or {}).items()
    ]
    heads = [("behaviour", False), ("precision", True), ("recall", True), ("F1", True)]
    return Table(
        f"scores-{score.scheme.anchor}",
        f"{score.scheme.title}: agreement with a human's labels",
        [*heads, ("frames by the human", True)],
        rows,
    )


def provenance_table(records: Sequence[StageRecord]) -> Table:
    """Stages, their versions and inputs; equal ones once."""
    count: dict[tuple[str, int, str], int] = {}
    first: dict[tuple[str, int, str], StageRecord] = {}
    for one in records:
        key = (one.stage, one.version, repr(sorted(one.settings.items(), key=str)))
        count[key] = count.get(key, 0) + 1
        first.setdefault(key, one)
    rows = []
    for key, one in first.items():
        source = one.input if count[key] == 1 else f"{count[key]} results made in this way"
        rows.append([Cell(one.stage), cell(one.version), Cell(source or "–")])
    heads = [("stage", False), ("version", True), ("made from", False)]
    return Table("stages", "How the results were made", heads, rows)


def _or_two(p: float) -> float:
    return p if math.isfinite(p) else 2.0


def _p_cell(p: float) -> Cell:
    return Cell(say_p(p).removeprefix("p ").removeprefix("= "), p if math.isfinite(p) else None)


def _score_cell(score: Any) -> Cell:
    return cell(None) if score is None else Cell(f"{float(score):.2f}", float(score))


def _effect(one: Comparison) -> tuple[Cell, Cell]:
    """The clearest pair's effect with its interval, and which pair it is."""
    if not one.pairs:
        return Cell("–"), Cell(one.reason or "–")
    pair = max(one.pairs, key=lambda each: abs(each.delta))
    size = f"{pair.delta:+.2f}"
    if math.isfinite(pair.low):
        size += f" [{pair.low:+.2f}, {pair.high:+.2f}]"
    elif abs(pair.delta) == 1:
        size += " (no overlap)"
    return Cell(size.replace("-", "\u2212"), pair.delta), Cell(f"{pair.a} vs {pair.b}")


def _time_cell(seconds: float) -> Cell:
    return Cell(length_of_time(seconds), seconds) if seconds > 0 else Cell("–")
