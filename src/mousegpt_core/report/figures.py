"""The figures of a report, each with what it shows and what is seen in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mousegpt_core.clips import PROFILE
from mousegpt_core.plots import (
    plot_comparison,
    plot_confusion,
    plot_ethogram,
    plot_map,
    plot_shares,
    plot_speed,
    plot_time_course,
    plot_trajectories,
    plot_transitions,
    to_svg,
)
from mousegpt_core.plots.style import OTHER
from mousegpt_core.plots.time_course import SMOOTHED_FROM, SMOOTHED_OVER
from mousegpt_core.report import findings
from mousegpt_core.report.results import Results, SchemeResults
from mousegpt_core.report.scores import Score, say_score
from mousegpt_core.report.tables import Table, comparison_rows, shares_table
from mousegpt_core.report.wording import number, sentence
from mousegpt_core.stats import transition_counts, transition_shares

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FEWEST_WINDOWS = 3
#: Transitions and seconds below which a picture of them would show chance.
_FEWEST_TRANSITIONS = 30
_SHORTEST_COURSE_S = 60.0
_PANELS = 6


@dataclass(frozen=True)
class FigurePart:
    """A figure of the page.

    Attributes
    ----------
    name : str
        For anchors and ids.
    title : str
        Heading.
    svg : str
        The picture, written by `plots.to_svg`.
    finding : str
        What is seen, computed.
    reading : str
        How it is read.
    table : Table, optional
        The numbers behind it.
    """

    name: str
    title: str
    svg: str
    finding: str
    reading: str
    table: Table | None = None


def scheme_figures(results: Results, scheme: SchemeResults, *, full: bool) -> list[FigurePart]:
    """Figures of one scheme: all of them, or ethogram and shares only."""
    makers = [_ethogram, _shares]
    if results.pictures:  # what stands alone has no order
        makers = [_shares]
    elif full:
        makers += [_comparison, _time_course, _transitions]
    if scheme.scheme == PROFILE and len(results.data.places):
        makers.append(_map)
    parts = (part for maker in makers for part in maker(results, scheme))
    return list(parts)


def picture(figure: Figure, name: str, title: str, finding: str) -> str:
    """A figure as svg that follows the page's light or dark."""
    return to_svg(figure, name=name, title=title, description=finding, themed=True)


def _ethogram(results: Results, scheme: SchemeResults) -> Iterator[FigurePart]:
    name, title = f"ethogram-{scheme.anchor}", "Who did what, and when"
    finding = findings.ethogram_finding(scheme)
    figure = plot_ethogram(scheme.folded, scheme.subjects, scheme.key)
    yield FigurePart(
        name,
        title,
        picture(figure, name, f"Ethogram: {title.lower()}", finding),
        finding,
        "Each row is an animal, each colour a behaviour. Empty stretches could not be told.",
    )


def _shares(results: Results, scheme: SchemeResults) -> Iterator[FigurePart]:
    from mousegpt_core.stats import behaviour_shares

    name = f"shares-{scheme.anchor}"
    title = "What the pictures show" if results.pictures else "How the time is spent"
    finding = findings.share_finding(scheme, pictures=bool(results.pictures))
    figure = plot_shares(behaviour_shares(scheme.folded, scheme.subjects), scheme.key)
    whole = "pictures" if results.pictures else "observed time"
    yield FigurePart(
        name,
        title,
        picture(figure, name, f"Shares: {title.lower()}", finding),
        finding,
        f"A bar is all of the {whole} of an animal. Numbers in the bars are per cent. What is "
        "missing at the right could not be told.",
        shares_table(f"{name}-table", scheme.shares, scheme.names, results.groups),
    )


def _comparison(results: Results, scheme: SchemeResults) -> Iterator[FigurePart]:
    if len(results.groups) < 2:
        return
    name, title = "comparison", "Do the treatments differ?"
    finding = findings.comparison_finding(results, scheme)
    figure = plot_comparison(
        scheme.shares, scheme.comparisons, scheme.names, alpha=results.settings.alpha
    )
    yield FigurePart(
        name,
        title,
        picture(figure, name, f"Group comparison: {title.lower()}", finding),
        finding,
        "Each dot is an animal; the vertical scale is its share of time. The thick line is the "
        "median, the thin one its 95 % interval (bootstrap). P-values are corrected for the "
        "number of behaviours; * marks those below .05. The clearest differences come first.",
        comparison_rows(f"{name}-table", scheme.comparisons, scheme.names),
    )


def _time_course(results: Results, scheme: SchemeResults) -> Iterator[FigurePart]:
    windows = scheme.windows
    longest = max(one.duration_s for one in scheme.subjects)
    if windows["window_s"].nunique() < _FEWEST_WINDOWS or longest < _SHORTEST_COURSE_S:
        return
    shown = [b for b, _ in scheme.mean_shares if b in scheme.key.order and b != OTHER]
    if len(results.groups) > 1:
        clear = [
            one.measure
            for one in findings.clear_differences(scheme.comparisons, results.settings.alpha)
        ]
        shown = [b for b in clear if b in shown] + [b for b in shown if b not in clear]
    shown = [b for b in shown[:_PANELS] if (windows["behaviour_id"] == b).any()]
    if not shown:
        return
    name, title = "time", "How it changes over time"
    finding = findings.time_finding(scheme, shown[0])
    grouped = len(results.groups) > 0
    line = ""
    if grouped:
        line = " Lines are means of the treatments, bands their 95 % intervals (3 animals or more)."
    elif len(results.animals) > 1:
        line = " The line is the mean of the animals, the band its 95 % interval."
    if windows["window_s"].nunique() >= SMOOTHED_FROM:
        line += f" Smoothed over {SMOOTHED_OVER} windows, animal by animal."
    yield FigurePart(
        name,
        title,
        picture(plot_time_course(windows, scheme.key, shown), name, title, finding),
        finding,
        f"Share of time in windows of {number(scheme.window_s)} s.{line}",
    )


def _transitions(results: Results, scheme: SchemeResults) -> Iterator[FigurePart]:
    counts = transition_counts(scheme.folded, scheme.subjects)
    # Of two behaviours each is always followed by the other.
    if len(counts) < 3 or int(counts.to_numpy().sum()) < _FEWEST_TRANSITIONS:
        return
    shares = transition_shares(counts)
    name, title = "transitions", "What follows what"
    finding = findings.transition_finding(shares, counts, scheme.key.names)
    yield FigurePart(
        name,
        title,
        picture(plot_transitions(shares, scheme.key), name, title, finding),
        finding,
        "Read along a row: when this behaviour ended, how often did each other one come next?"
        + (" All animals together." if len(results.animals) > 1 else ""),
    )


def _map(results: Results, scheme: SchemeResults) -> Iterator[FigurePart]:
    name, title = "map", "What is told alike"
    figure = plot_map(results.data.places, scheme.key)
    yield FigurePart(
        name,
        title,
        picture(figure, name, f"Map of the clips: {title.lower()}", ""),
        "",
        "Each dot is a clip. Clips whose descriptions are alike lie near each other; those of one "
        "and the same description fill a disc. Far and farther means little.",
    )


def arena_figure(results: Results) -> FigurePart | None:
    """Ways through the arena, coloured by the leading scheme."""
    scheme = results.leading
    known = {one.key for one in results.subjects}
    tracks = [one for one in results.data.tracks if (one.recording, one.individual) in known]
    if scheme is None or not tracks:
        return None
    name, title = "arena", "Where the animals went"
    figure = plot_trajectories(tracks, scheme.folded, scheme.subjects, scheme.key)
    assumed = any(one.scale_source == "assumed" for one in results.data.recordings)
    note = " The scale is assumed for some recordings." if assumed else ""
    seen = "" if all(one.outline is None for one in tracks) else " with the arena's wall in grey"
    return FigurePart(
        name,
        title,
        picture(figure, name, title, ""),
        "",
        f"The way of the body centre{seen}, coloured by behaviour.{note}",
    )


def speed_figure(results: Results) -> FigurePart | None:
    """How the time is spread over speeds."""
    known = {one.key for one in results.subjects}
    movements = [
        one
        for one in results.data.movements
        if (one.recording, one.individual) in known and one.speed_shares
    ]
    if not movements:
        return None
    name, title = "speed", "Slow and fast"
    finding = " ".join(findings.movement_findings(results)[:2])
    reading = "Share of the time at each speed."
    if len(movements) > 1:
        reading += " Thin lines are animals, thick ones means."
    return FigurePart(
        name,
        title,
        picture(plot_speed(movements, results.subjects), name, title, finding),
        finding,
        reading + " The left end holds all that is slower, the right end all that is faster.",
    )


def confusion_figure(score: Score) -> FigurePart | None:
    """Where the labels of a scheme agree with a human's."""
    confusion = score.values.get("confusion")
    if not confusion or not any(sum(row) for row in confusion["matrix"]):
        return None
    name, title = f"confusion-{score.scheme.anchor}", "What was taken for what"
    finding = sentence(say_score(score))
    labels = [score.name(label) for label in confusion["labels"]]
    return FigurePart(
        name,
        title,
        picture(plot_confusion(labels, confusion["matrix"]), name, title, finding),
        "",
        "Each row is what a human saw; a dark diagonal is agreement.",
    )
