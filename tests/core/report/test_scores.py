"""What the report says of a scheme that a human's labels were compared with."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import pytest

from core.report.made_up import evaluation, full_study
from mousegpt_core.report import ReportData, build_report
from mousegpt_core.report.findings import key_findings
from mousegpt_core.report.results import compute_results
from mousegpt_core.report.scores import say_score, scores_of
from mousegpt_core.report.trust import Point, cautions, trust_points


def _study(evaluations: Mapping[str, Any], *own: str) -> ReportData:
    data = full_study(each=2, duration=60, film=False)
    bouts = {**dict.fromkeys(own, data.bouts["profile"]), **data.bouts}
    return dataclasses.replace(data, bouts=bouts, evaluations=evaluations)


def _points(evaluations: Mapping[str, Any], *own: str) -> list[Point]:
    points = trust_points(compute_results(_study(evaluations, *own)))
    return [one for one in points if "human" in f"{one.head} {one.text}"]


def _scores(macro_f1: float, **more: Any) -> dict[str, Any]:
    return {**evaluation(), "macro_f1": macro_f1, **more}


@pytest.mark.parametrize(
    ("macro_f1", "level", "words"),
    [
        (0.81, "good", "agree well"),
        (0.70, "good", "agree well"),
        (0.69, "care", "use them with care"),
        (0.50, "care", "use them with care"),
        (0.49, "care", "not to be trusted"),
        (0.0, "care", "not to be trusted"),
    ],
)
def test_good_only_where_it_is(macro_f1: float, level: str, words: str) -> None:
    (point,) = _points({"activities": _scores(macro_f1)})
    assert point.level == level
    assert words in point.head
    assert f"macro-F1 {macro_f1:.2f}" in point.head
    assert "The activities" in point.head
    assert "least for grooming (0.70)" in point.text
    warned = cautions(compute_results(_study({"activities": _scores(macro_f1)})))
    assert any(words in one for one in warned) is (level == "care")


def test_one_behaviour_is_no_check_of_all() -> None:
    alone = {"freezing": {"precision": 1.0, "recall": 1.0, "f1": 1.0, "support": 90}}
    (point,) = _points({"activities": _scores(1.0, per_class=alone)})
    assert point.level == "know"
    assert "for freezing only: F1 1.00" in point.text


def test_what_was_not_looked_for_is_not_checked() -> None:
    left_out = {"sniffing": 0.5, "head_twitch": 0.2}
    (point,) = _points({"activities": _scores(0.9, unchecked=left_out)})
    assert point.level == "know"
    assert "did not look for sniffing and head twitch (70 % of those frames)" in point.text
    (point,) = _points({"activities": _scores(0.9, unchecked={"sniffing": 0.1})})
    assert point.level == "good"


def test_only_the_leading_scheme_can_be_good() -> None:
    points = _points({"activities": _scores(0.9)}, "mine")
    assert [one.level for one in points] == ["know", "know"]
    assert any("Your behaviours are not checked here" in one.head for one in points)
    points = _points({"mine": _scores(0.9)}, "mine")
    assert [one.level for one in points] == ["know", "good"]
    assert any("The activities are not checked here" in one.head for one in points)


def test_clusters_are_at_most_known() -> None:
    clusters = {"ari": 0.91, "purity": 0.95}
    points = _points({"profile": _scores(0.99, clusters=clusters)})
    assert {one.level for one in points} == {"know"}
    text = " ".join(one.text for one in points)
    assert "adjusted Rand index 0.91 and purity 0.95" in text
    assert "0.99" not in text


def test_the_findings_name_what_was_scored_and_where() -> None:
    data = _study({"activities": _scores(0.81, scored=["day1_m01", "day2_m02/m"])})
    said = " ".join(key_findings(compute_results(data)))
    assert "The activities were compared with a human's labels in 2 of 6 recordings" in said
    assert "Compared with a human" in build_report(data)


def test_scores_of_what_is_not_shown_are_not_told() -> None:
    assert scores_of(compute_results(_study({"gone": _scores(0.9)}))) == []


def test_several_sets_of_own_labels_are_all_shown() -> None:
    data = _study({"second": _scores(0.6)}, "first", "second")
    results = compute_results(data)
    assert [one.anchor for one in results.schemes] == [
        "labels",
        "labels-2",
        "activities",
        "profile",
    ]
    page = build_report(data)
    assert "Your behaviours: first" in page
    assert "the report rests on your behaviours of “first”" in page
    assert 'id="shares-labels-2"' in page
    (score,) = scores_of(results)
    assert "your behaviours of “second”" in say_score(score)
