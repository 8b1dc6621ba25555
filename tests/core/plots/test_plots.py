from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from core.report.made_up import ACTIVITIES, full_study, make_bouts, make_places
from mousegpt_core.plots import (
    OTHER,
    Track,
    behaviour_colours,
    behaviour_key,
    group_colours,
    plot_comparison,
    plot_confusion,
    plot_ethogram,
    plot_map,
    plot_scores,
    plot_shares,
    plot_speed,
    plot_time_course,
    plot_trajectories,
    plot_transitions,
    readable_name,
    to_svg,
)
from mousegpt_core.plots.style import _CONTROL, _FREE, _GROUPS, _KNOWN, BehaviourKey, text_on
from mousegpt_core.plots.time_course import mean_interval, smoothed
from mousegpt_core.report.results import SchemeResults, compute_results
from mousegpt_core.stats import Subject, behaviour_shares, transition_counts, transition_shares


@pytest.fixture(scope="module")
def scheme() -> SchemeResults:
    return compute_results(full_study(each=3, duration=120, film=False)).schemes[0]


@pytest.fixture(scope="module")
def figures(scheme: SchemeResults) -> dict[str, Figure]:
    data = full_study(each=3, duration=120, film=False)
    counts = transition_counts(scheme.folded, scheme.subjects)
    return {
        "ethogram": plot_ethogram(scheme.folded, scheme.subjects, scheme.key),
        "shares": plot_shares(scheme.shares, scheme.key),
        "comparison": plot_comparison(scheme.shares, scheme.comparisons, scheme.names),
        "time": plot_time_course(scheme.windows, scheme.key, scheme.key.order[:4]),
        "arena": plot_trajectories(data.tracks, scheme.folded, scheme.subjects, scheme.key),
        "speed": plot_speed(data.movements, scheme.subjects),
        "transitions": plot_transitions(transition_shares(counts), scheme.key),
        "confusion": plot_confusion(["a", "b"], [[3, 1], [0, 0]]),
        "map": plot_map(make_places(scheme.key.order), scheme.key),
        "scores": plot_scores(
            {"accuracy": [0, 1, 5], "relevance": [0, 0, 0], "contradictions": [9, 1, 2]},
            {"accuracy": 10, "relevance": 10, "contradictions": 1},
            {"accuracy": 6},
        ),
    }


NAMES = (
    "ethogram", "shares", "comparison", "time", "arena", "speed", "transitions", "confusion",
    "scores", "map",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_svg_is_well_formed_light_and_the_same_every_time(
    name: str, figures: dict[str, Figure]
) -> None:
    text = to_svg(figures[name], name=name, title="A & B", description="x < y", themed=True)
    root = ET.fromstring(text)
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == "A & B"
    ids = re.findall(r'\bid="([^"]*)"', text)
    assert len(ids) == len(set(ids))
    assert all(one.startswith(f"{name}-") for one in ids)
    assert set(re.findall(r"url\(#([^)]+)\)", text)) <= set(ids)
    assert len(text) < 600_000
    assert text == to_svg(figures[name], name=name, title="A & B", description="x < y", themed=True)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_cut_off(name: str, figures: dict[str, Figure]) -> None:
    """All ink lies within the figure."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    from mousegpt_core.plots.layout import style_context

    figure = figures[name]
    with style_context():
        box = figure.get_tightbbox(FigureCanvasAgg(figure).get_renderer())
    width, height = figure.get_size_inches()
    assert box.x0 > -0.03
    assert box.y0 > -0.03
    assert box.x1 < width + 0.03
    assert box.y1 < height + 0.03


def test_drawing_leaves_the_users_settings_alone(scheme: SchemeResults) -> None:
    with matplotlib.rc_context({"font.size": 31.0, "svg.fonttype": "path"}):
        text = to_svg(plot_shares(scheme.shares, scheme.key))
        assert matplotlib.rcParams["font.size"] == 31.0
        assert matplotlib.rcParams["svg.fonttype"] == "path"
    assert "<text" in text
    assert text == to_svg(plot_shares(scheme.shares, scheme.key))


def test_plain_svg_has_no_css_variables(figures: dict[str, Figure]) -> None:
    assert "var(" not in to_svg(figures["shares"])


def test_ethogram_of_many_animals_stays_light() -> None:
    rng = np.random.default_rng(0)
    subjects = [Subject(f"r{n}", "m", f"a{n}", 1200.0) for n in range(23)]
    table = pd.concat([make_bouts(one.recording, ACTIVITIES, 1200.0, rng) for one in subjects])
    assert len(table) > 10_000
    key = behaviour_key(behaviour_shares(table, subjects))
    assert len(to_svg(plot_ethogram(key.fold(table), subjects, key))) < 400_000


def test_names_are_escaped_and_never_read_as_mathematics() -> None:
    name = "<script>&$\\frac{1}{2}$ _b 鼠"
    subject = Subject("r", "", name, 10.0, treatment=name)
    rng = np.random.default_rng(0)
    table = make_bouts("r", {name: 1.0}, 10.0, rng, individual="")
    shares = behaviour_shares(table, [subject])
    key = behaviour_key(shares)
    for figure in (plot_ethogram(table, [subject], key), plot_shares(shares, key)):
        text = to_svg(figure)
        assert "<script>" not in text
        assert "&lt;script&gt;&amp;$\\frac" in text
        ET.fromstring(text)


def test_nothing_to_show_is_no_reason_to_fail() -> None:
    subject = Subject("r", "", "a", 0.0)
    empty = make_bouts("r", {"walking": 1.0}, 0.0, np.random.default_rng(0))
    key = BehaviourKey((), {}, {})
    to_svg(plot_ethogram(empty, [subject], key))
    track = Track("r", "", np.arange(3.0), np.full((3, 2), np.nan))
    to_svg(plot_trajectories([track], empty, [subject], key))
    nan = behaviour_shares(
        make_bouts("r", {"walking": 1.0}, 9.0, np.random.default_rng(0), individual=""), [subject]
    )
    assert nan["share"].isna().all()
    to_svg(plot_shares(nan, behaviour_key(nan)))


def test_colours_are_stable_and_others_are_folded() -> None:
    few = behaviour_colours(["walking", "b2", "b1"])
    assert few == behaviour_colours(["b1", "walking", "b2"])
    assert few["walking"] == _KNOWN["walking"]
    assert len(set(few.values())) == 3
    shares = pd.DataFrame(
        {"behaviour_id": [f"b{n:02d}" for n in range(20)], "share": np.linspace(0, 1, 20)}
    )
    key = behaviour_key(shares, {"b19": "the most"}, most=5)
    assert key.order == ("b19", "b18", "b17", "b16", "b15", OTHER)
    assert key.names["b19"] == "the most"
    assert key.names[OTHER] == "15 others"
    assert set(key.fold(shares)["behaviour_id"]) == set(key.order)
    assert readable_name("rearing_supported") == "rearing supported"


def test_controls_are_grey_and_groups_differ() -> None:
    colours = group_colours(["LSD", "saline", "vehicle", "MK-801"])
    assert next(iter(colours)) == "saline"
    assert len(set(colours.values())) == 4


def _linear(colour: str) -> np.ndarray:
    value = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def _lab(linear: np.ndarray) -> np.ndarray:
    matrix = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    xyz = matrix @ np.clip(linear, 0, 1) / np.array([0.9505, 1.0, 1.089])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


#: Machado, Oliveira and Fernandes 2009, severity 1.
DEUTAN = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
     [-0.011820, 0.042940, 0.968881]]
)  # fmt: skip
PROTAN = np.array(
    [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
     [-0.003882, -0.048116, 1.051998]]
)  # fmt: skip


@pytest.mark.parametrize("eye", [np.eye(3), DEUTAN, PROTAN], ids=["all", "deutan", "protan"])
def test_colours_can_be_told_apart_by_colour_blind_readers(eye: np.ndarray) -> None:
    for palette, least in (((_CONTROL, *_GROUPS[:5]), 20), (_FREE[:5], 20), (_KNOWN.values(), 6)):
        seen = [_lab(eye @ _linear(colour)) for colour in palette]
        nearest = min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2))
        assert nearest > least, palette


def _contrast(one: str, other: str) -> float:
    a, b = (float(_linear(c) @ [0.2126, 0.7152, 0.0722]) + 0.05 for c in (one, other))
    return max(a, b) / min(a, b)


@pytest.mark.parametrize("colour", sorted({*_KNOWN.values(), *_FREE, *_GROUPS}))
def test_colours_are_seen_on_light_and_on_dark_paper_and_carry_text(colour: str) -> None:
    assert _contrast(colour, "#ffffff") > 1.5
    assert _contrast(colour, "#182126") > 2.2
    assert _contrast(colour, text_on(colour)) > 4.5


#: Papers of the report and of napari's docks, light and dark.
PAPERS = ("#ffffff", "#ebe7e6", "#182126", "#23242b")


@pytest.mark.parametrize("paper", PAPERS)
def test_what_mice_do_most_is_no_weaker_than_other_graphics(paper: str) -> None:
    # WCAG 2.1, 1.4.11.
    assert _contrast(_KNOWN["standing"], paper) >= 3.0


def test_mean_and_interval_by_hand() -> None:
    values = np.array([[0.1, 0.5], [0.2, np.nan], [0.3, 0.7]])
    mean, low, high = mean_interval(values)
    assert mean == pytest.approx([0.2, 0.6])
    half = 4.302653 * 0.1 / np.sqrt(3)
    assert low[0] == pytest.approx(max(0.0, 0.2 - half))
    assert high[0] == pytest.approx(0.2 + half)
    assert np.isnan(low[1])


def test_smoothing_keeps_what_is_constant_and_what_is_missing() -> None:
    values = np.full((2, 9), 0.4)
    values[0, 3] = np.nan
    found = smoothed(values)
    assert np.isnan(found[0, 3])
    assert np.nanmin(found) == pytest.approx(0.4)
    assert np.nanmax(found) == pytest.approx(0.4)
