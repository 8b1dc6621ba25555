"""How far the descriptions are to be believed: scores, contradictions, best and worst."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mousegpt_core.plots import plot_scores
from mousegpt_core.report.figures import FigurePart, picture
from mousegpt_core.report.tables import Cell, Table, number_cell, share_cell
from mousegpt_core.report.wording import listed, plural
from mousegpt_core.stats import say_share

_SCORES = ("accuracy", "coherence", "relevance", "contradictions", "confidence")
_KINEMATIC = (
    "Each description was held against what was measured of its clip and against itself. A high "
    "score says that nothing speaks against it, not that it is right."
)
_MODEL = (
    "Each description was judged by a model that saw the pictures; contradictions are measured."
)


@dataclass(frozen=True)
class CurationPart:
    """The section on the page.

    Attributes
    ----------
    words : str
        Who judged, and what that means.
    finding : str
        How many descriptions pass.
    figure : FigurePart or None
        How the scores lie; None where none is known.
    tables : list of Table
        Claims that are contradicted, the worst and the best descriptions; only those with rows.
    """

    words: str
    finding: str
    figure: FigurePart | None
    tables: list[Table]


def curation_part(curation: Mapping[str, Any]) -> CurationPart:
    """The section from what `pipeline.judging.summary` gives."""
    finding = _finding(curation)
    tables = [
        _claims_table(curation["contradictions"], curation["all"]["clips"]),
        _clips_table("worst", curation["worst"]),
        _clips_table("best", curation["best"]),
    ]
    return CurationPart(
        _KINEMATIC if curation["judge"] == "kinematic" else _MODEL,
        finding,
        _figure(curation, finding),
        [table for table in tables if table.rows],
    )


def _finding(curation: Mapping[str, Any]) -> str:
    counts, limits = curation["all"], curation["thresholds"]
    text = f"{plural(counts['judged'], 'description')} of {counts['clips']} judged"
    text += f" by {curation['judge']}; "
    if limits:
        named = listed([f"{name} {limit:g}" for name, limit in limits.items()])
        share = say_share(counts["dropped"] / max(counts["clips"], 1))
        text += f"thresholds ({named}) leave out {counts['dropped']} ({share})"
    else:
        text += "no thresholds are set, so none is left out"
    edited = counts["edited"]
    return text + (f"; {plural(edited, 'description')} corrected by a person." if edited else ".")


def _figure(curation: Mapping[str, Any], finding: str) -> FigurePart | None:
    counts = {name: curation["histogram"][name] for name in _SCORES}
    counts = {name: values for name, values in counts.items() if any(values)}
    if not counts:
        return None
    tops = {name: 1.0 if name in ("contradictions", "confidence") else 10.0 for name in counts}
    drawn = plot_scores(counts, tops, curation["thresholds"])
    name, title = "curation-scores", "How the scores lie"
    return FigurePart(
        name,
        title,
        picture(drawn, name, title, finding),
        "",
        "Shares of the descriptions of which a score is known; a dashed line is a threshold. "
        "Contradictions: 0 is none, 1 is strong.",
    )


def _claims_table(false: Mapping[str, int], clips: int) -> Table:
    ranked = sorted(false.items(), key=lambda item: -item[1])
    rows = [
        [Cell(claim), Cell(str(count), count), share_cell(count / max(clips, 1))]
        for claim, count in ranked
    ]
    heads = [("says that it", False), ("descriptions", True), ("share", True)]
    return Table("curation-claims", "Claims that the kinematics contradict", heads, rows)


def _clips_table(name: str, clips: Sequence[Mapping[str, Any]]) -> Table:
    rows = [
        [
            Cell(str(clip["clip_id"])),
            *(number_cell(float(clip[score])) for score in _SCORES[:3]),
            Cell(str(clip["sentence"])),
            Cell(str(clip["reason"]) or "–"),
        ]
        for clip in clips
    ]
    heads = [("clip", False), *((score, True) for score in _SCORES[:3])]
    heads += [("says", False), ("why", False)]
    return Table(f"curation-{name}", f"The {name} descriptions", heads, rows)
