"""From numbers and figures to one page."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import pandas as pd

from mousegpt_core.clips import ACTIVITIES, PROFILE
from mousegpt_core.plots import behaviour_colours
from mousegpt_core.plots.style import OTHER
from mousegpt_core.report import figures, findings
from mousegpt_core.report.curation import curation_part
from mousegpt_core.report.data import Example, ReportData
from mousegpt_core.report.methods import GLOSSARY, methods_paragraph, settings_text
from mousegpt_core.report.results import (
    MOVEMENT_NAMES,
    Results,
    compute_results,
)
from mousegpt_core.report.scores import Score, say_left_out, say_score, scores_of
from mousegpt_core.report.stills import data_uri, within_budget
from mousegpt_core.report.tables import (
    Table,
    animals_table,
    comparison_rows,
    evaluation_table,
    movement_table,
    provenance_table,
    recordings_table,
    zones_table,
)
from mousegpt_core.report.trust import cautions, trust_points
from mousegpt_core.report.wording import clock, length_of_time, plural, sentence, tied
from mousegpt_core.stats import ComparisonSettings, say_share

if TYPE_CHECKING:
    from jinja2 import Template

#: What a scheme is; the user's own under ``""``.
_SCHEME_WORDS: Mapping[str, str] = {
    "": "Behaviours that you defined, found in every recording.",
    ACTIVITIES: "What the animals did, by documented rules on posture and movement.",
    PROFILE: "Descriptions that are alike, grouped and named by their words.",
}


@dataclass(frozen=True)
class Shown:
    """An example on the page: where, when, what was said, picture or ``""``."""

    recording: str
    moment: str
    sentence: str
    picture: str


@dataclass(frozen=True)
class Card:
    """A behaviour on the page, and the scheme it is of; ``""`` = none of the figures'."""

    scheme: str
    name: str
    colour: str
    share: str
    width: float
    keywords: list[str]
    definition: str
    examples: list[Shown]


def build_report(data: ReportData, settings: ComparisonSettings | None = None) -> str:
    """Write the report: one HTML page that needs nothing else.

    Parameters
    ----------
    data : ReportData
        What is told.
    settings : ComparisonSettings, optional
        How groups are compared.

    Returns
    -------
    str
        The page; the same for the same data, but for the date.
    """
    results = compute_results(data, settings)
    return _template().render(_context(results))


def _context(results: Results) -> dict[str, Any]:
    data = results.data
    cards = _cards(data, results)
    script = _resource("report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    return {
        "data": data,
        "title": data.study,
        "lead": findings.lead(results),
        "tiles": _tiles(results),
        "findings": findings.key_findings(results),
        "sections": _sections(results),
        "arena": figures.arena_figure(results),
        "speed": figures.speed_figure(results),
        "movement": _movement(results),
        "cards": cards,
        "card_groups": _card_groups(cards, results),
        "evaluations": [_evaluation(score) for score in scores_of(results)],
        "curation": curation_part(data.curation) if data.curation else None,
        "animals": animals_table(data.animals_told, data.recordings),
        "recordings": recordings_table(data.recordings),
        "notes": [(one.recording, one.notes) for one in data.recordings if one.notes],
        "trust": trust_points(results),
        "cautions": cautions(results),
        "methods": methods_paragraph(results),
        "stages": provenance_table(data.provenance) if data.provenance else None,
        "settings": settings_text(data.provenance),
        "glossary": GLOSSARY,
        "style": _resource("report.css"),
        "script": script,
        "script_hash": digest,
    }


def _tiles(results: Results) -> list[tuple[str, str]]:
    """The study in figures: (number, what it is)."""
    total = sum(one.recorded_s for one in results.data.recordings)
    animals, recordings = len(results.animals), len(results.data.recordings)
    tiles = [
        _tile(animals, "animal"),
        _tile(recordings, "recording"),
        _tile(results.pictures, "picture")
        if results.pictures
        else (length_of_time(total), "recorded"),
    ]
    if len(results.groups) > 1:
        tiles.append(_tile(len(results.groups), "treatment"))
    if results.leading:
        bouts = int(results.leading.shares["bouts"].sum())
        tiles.append(_tile(len(results.leading.names), "behaviour"))
        tiles += [] if results.pictures else [_tile(bouts, "bout")]
    return tiles


def _tile(count: int, word: str) -> tuple[str, str]:
    value, words = plural(count, word).split(" ")
    return value, words


def _sections(results: Results) -> list[dict[str, Any]]:
    """One section a scheme, the leading one with all figures."""
    sections = []
    for place, scheme in enumerate(results.schemes):
        words = _SCHEME_WORDS["" if scheme.own else scheme.scheme]
        if scheme.own and place:
            words += f" Shown in short: the report rests on {results.schemes[0].phrase}."
        sections.append(
            {
                "name": scheme.anchor,
                "heading": scheme.title,
                "words": words,
                "figures": figures.scheme_figures(results, scheme, full=place == 0),
                "differences": [] if place == 0 else findings.group_findings(results, scheme),
            }
        )
    return sections


def _movement(results: Results) -> list[Table]:
    tables = []
    if results.data.movements:
        tables.append(movement_table(results.data.movements, results.subjects))
    if any(one.test for one in results.movement_comparisons):
        tables.append(
            comparison_rows(
                "movement-comparison",
                results.movement_comparisons,
                MOVEMENT_NAMES,
                plain=("median_speed", "distance_per_min"),
            )
        )
    tables.append(zones_table(results.data.zones, results.subjects))
    return [table for table in tables if table.rows]


def _evaluation(score: Score) -> dict[str, Any]:
    """One scheme against a human's labels."""
    known = {
        "macro_f1": "macro-F1",
        "balanced_accuracy": "balanced accuracy",
        "kappa": "Cohen's kappa",
        "mcc": "Matthews correlation",
    }
    values = score.values
    clusters = score.scheme.scheme == PROFILE
    return {
        "heading": score.scheme.title,
        "told": sentence(say_score(score)) + say_left_out(score),
        # Clusters have the names that fit best: scores by name would flatter them.
        "tiles": []
        if clusters
        else [
            (f"{float(values[key]):.2f}", words)
            for key, words in known.items()
            if isinstance(values.get(key), int | float)
        ],
        "table": evaluation_table(score),
        "notes": list(values.get("notes") or []),
        "confusion": figures.confusion_figure(score),
    }


def _cards(data: ReportData, results: Results) -> list[Card]:
    """Behaviours with their examples; pictures as far as the page's size allows."""
    table = data.behaviours
    if "name" not in table.columns or table.empty:
        return []
    rows = [row for _, row in table.iterrows()]
    examples = [_examples(row.get("examples")) for row in rows]
    pictures = within_budget([[one.still for one in part] for part in examples])
    shares = [_float(row.get("share")) for row in rows]
    most = max((share for share in shares if share == share), default=1.0) or 1.0
    places = [_place(row, results) for row in rows]
    fallback = behaviour_colours(behaviour for _, behaviour in places)
    begin = {one.recording: one.start_s for one in data.recordings}
    cards = []
    for row, place, part, kept in zip(rows, places, examples, pictures, strict=True):
        share = _float(row.get("share"))
        cards.append(
            Card(
                scheme=place[0],
                name=_text(row.get("name")) or place[1],
                colour=_figures_colour(results, *place) or fallback[place[1]],
                share=say_share(share),
                width=round(100 * share / most, 1) if share == share else 0.0,
                keywords=_words(row.get("keywords")),
                definition=sentence(_text(row.get("definition"))),
                examples=[_shown(one, still, begin) for one, still in zip(part, kept, strict=True)],
            )
        )
    return cards


def _shown(one: Example, still: bytes | None, begin: Mapping[str, float]) -> Shown:
    """An example with its time since the recording began, whatever its clock says."""
    since = float(one.start_s) - begin.get(one.recording, 0.0)
    return Shown(one.recording, clock(since), sentence(one.sentence), data_uri(still))


def _place(row: pd.Series[Any], results: Results) -> tuple[str, str]:
    """Scheme and id of a behaviour; without a scheme, the first that has it."""
    behaviour = str(row["behaviour_id"])
    owners = (one.scheme for one in results.schemes if behaviour in one.names)
    return _text(row.get("scheme")) or next(owners, ""), behaviour


def _card_groups(cards: list[Card], results: Results) -> list[tuple[str, list[Card]]]:
    """Cards by scheme, the leading one first, each with its heading."""
    titles = {one.scheme: one.title for one in results.schemes}
    rest = [card for card in cards if card.scheme not in titles]
    split = [
        (title, [card for card in cards if card.scheme == name]) for name, title in titles.items()
    ]
    return [(title, part) for title, part in [*split, ("More behaviours", rest)] if part]


def _figures_colour(results: Results, scheme: str, behaviour: str) -> str:
    """The colour that figures give it, or the one of all that is rare; ``""`` if in none."""
    key = next((one.key for one in results.schemes if one.scheme == scheme), None)
    if key is None:
        return ""
    return key.colours.get(behaviour) or key.colours.get(OTHER, "")


def _examples(value: Any) -> list[Example]:
    return [Example(*one) for one in value] if isinstance(value, list | tuple) else []


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _words(value: Any) -> list[str]:
    return [word.strip() for word in _text(value).split(",") if word.strip()]


def _float(value: Any) -> float:
    return float("nan") if value is None or value is pd.NA else float(value)


@cache
def _resource(name: str) -> str:
    return resources.files("mousegpt_core.report").joinpath(name).read_text(encoding="utf-8")


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    # Everything that comes from a user is escaped; only our own svg, css and js are marked safe.
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["tied"] = tied
    return environment.from_string(_resource("report.html.j2"))
