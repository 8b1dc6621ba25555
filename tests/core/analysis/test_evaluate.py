"""Scores: known answers, and the same as scikit-learn's."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mousegpt_core.analysis.evaluate import (
    cluster_agreement,
    evaluate,
    evaluate_many,
    majority_names,
)
from mousegpt_core.errors import DataError

TRUTH = ["walk", "walk", "walk", "rear", "rear", "groom"]


def _evaluate(predicted: list[str], truth: list[str], **options: object) -> dict:
    times = np.arange(max(len(predicted), len(truth))) / 10
    return evaluate(times, predicted, truth, **options).to_json()


def test_by_hand() -> None:
    scores = _evaluate(["walk", "walk", "rear", "rear", "walk", "groom"], TRUTH)
    # walk: 2 of 3 found, 2 of 3 right; rear: 1 of 2, 1 of 2; groom: 1, 1.
    assert scores["per_class"]["walk"] == pytest.approx(
        {"precision": 2 / 3, "recall": 2 / 3, "f1": 2 / 3, "support": 3}
    )
    assert scores["per_class"]["rear"]["f1"] == 0.5
    assert scores["macro_f1"] == pytest.approx((2 / 3 + 0.5 + 1) / 3)
    assert scores["balanced_accuracy"] == pytest.approx((2 / 3 + 0.5 + 1) / 3)
    assert scores["accuracy"] == pytest.approx(4 / 6)
    chance = (3 * 3 + 2 * 2 + 1 * 1) / 36
    assert scores["kappa"] == pytest.approx((4 / 6 - chance) / (1 - chance))
    assert scores["frames"] == 6
    assert scores["confusion"] == {
        "labels": ["groom", "rear", "walk"],
        "matrix": [[1, 0, 0], [0, 1, 1], [0, 1, 2]],
    }


def test_perfect_and_renamed() -> None:
    perfect = _evaluate(TRUTH, TRUTH)
    for name in ("macro_f1", "balanced_accuracy", "kappa", "mcc", "accuracy"):
        assert perfect[name] == pytest.approx(1.0)
    assert perfect["bouts"]["macro_f1"] == 1.0
    shouted = _evaluate([f" {name.upper()} " for name in TRUTH], TRUTH)
    assert shouted == perfect


def test_inverted_and_constant() -> None:
    truth = ["a", "b"] * 10
    inverted = _evaluate(["b", "a"] * 10, truth)
    assert inverted["macro_f1"] == 0.0
    assert inverted["kappa"] == pytest.approx(-1.0)
    assert inverted["mcc"] == pytest.approx(-1.0)
    constant = _evaluate(["a"] * 20, truth)
    assert constant["macro_f1"] == pytest.approx((2 / 3) / 2)
    assert constant["balanced_accuracy"] == 0.5
    assert constant["kappa"] == 0.0
    assert constant["mcc"] == 0.0


def test_a_class_the_truth_lacks_is_an_error_of_the_true_ones() -> None:
    scores = _evaluate(["a", "c", "b", "b"], ["a", "a", "b", "b"])
    assert list(scores["per_class"]) == ["a", "b"]
    assert scores["per_class"]["a"]["recall"] == 0.5
    assert scores["macro_f1"] == pytest.approx((2 / 3 + 1) / 2)
    assert scores["confusion"]["labels"] == ["a", "b", "c"]
    assert _evaluate(["a", "", "b", "b"], ["a", "a", "b", "b"])["confusion"]["labels"][2] == "none"


def test_the_rest_takes_what_the_truth_does_not_know() -> None:
    truth = ["freezing", "freezing", "other", "other"]
    predicted = ["Freezing", "walking", "grooming", ""]
    assert _evaluate(predicted, truth)["per_class"]["other"]["f1"] == 0.0
    scores = _evaluate(predicted, truth, rest="other")
    assert scores["per_class"]["freezing"]["f1"] == pytest.approx(2 / 3)
    assert scores["per_class"]["other"]["f1"] == pytest.approx(4 / 5)
    assert scores["frames"] == 4


def test_what_was_looked_for_and_never_occurs_is_an_error() -> None:
    truth, predicted = ["other"] * 4, ["freezing", "freezing", "Freezing", "walking"]
    assert _evaluate(predicted, truth, rest="other")["macro_f1"] == 1.0
    scores = _evaluate(predicted, truth, rest="other", known=["freezing"])
    assert scores["per_class"]["other"]["recall"] == 0.25
    assert scores["balanced_accuracy"] == 0.25
    assert any("'freezing' never occurs" in note for note in scores["notes"])
    # What one animal did is known for the other, each with its own rest.
    times = np.arange(4)
    cases = {
        "M1": (times, ["freezing"] * 4, ["Background"] * 4),
        "M2": (times, ["freezing"] * 4, ["freezing"] * 4),
        "M3": (times, ["walking"] * 4, ["freezing"] * 4),
    }
    both = evaluate_many(cases, rest={"M1": "background"})
    assert both.recordings["M1"].scores["accuracy"] == 0.0
    assert both.recordings["M2"].scores["accuracy"] == 1.0
    assert both.labels == ["background", "freezing", "walking"]


def test_not_scored_is_left_out() -> None:
    scores = _evaluate(["a", "b", "b", "a", "a"], ["a", "na", "NA", "", "a"])
    assert scores["frames"] == 2
    assert scores["accuracy"] == 1.0
    assert any("3 frames" in note for note in scores["notes"])


def test_different_lengths_are_said() -> None:
    scores = _evaluate(["a"] * 7, ["a"] * 5)
    assert scores["frames"] == 5
    assert "the truth has 5 frames and the labels 7" in scores["notes"][0]


@pytest.mark.parametrize("truth", [[], ["na", ""], [None, float("nan")]])
def test_nothing_to_score(truth: list) -> None:
    with pytest.raises(DataError, match="no frame can be scored"):
        evaluate(np.arange(2), ["a", "b"], truth)
    with pytest.raises(DataError, match="no frame can be scored"):
        cluster_agreement(["a", "b"], truth)


def test_too_few_times() -> None:
    with pytest.raises(DataError, match="fewer times"):
        evaluate([0.0], ["a", "b"], ["a", "b"])


labels = st.sampled_from(["a", "b", "c", "d"])


@given(st.lists(st.tuples(labels, labels), min_size=2, max_size=60), st.randoms())
def test_equals_scikit_learn(pairs: list[tuple[str, str]], random: object) -> None:
    from sklearn import metrics

    truth, predicted = map(list, zip(*pairs, strict=True))
    scores = _evaluate(predicted, truth)
    classes = sorted(set(truth))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        f1 = metrics.f1_score(truth, predicted, labels=classes, average="macro", zero_division=0)
        balanced = metrics.balanced_accuracy_score(truth, predicted)
        kappa = metrics.cohen_kappa_score(truth, predicted)
        mcc = metrics.matthews_corrcoef(truth, predicted)
    assert scores["macro_f1"] == pytest.approx(f1)
    assert scores["balanced_accuracy"] == pytest.approx(balanced)
    assert scores["kappa"] == pytest.approx(1.0 if np.isnan(kappa) else kappa)
    assert scores["mcc"] == pytest.approx(mcc, abs=1e-9)
    assert scores["accuracy"] == pytest.approx(metrics.accuracy_score(truth, predicted))
    order = list(range(len(pairs)))
    random.shuffle(order)  # type: ignore[attr-defined]
    mixed = _evaluate([predicted[i] for i in order], [truth[i] for i in order])
    assert mixed["per_class"] == scores["per_class"]


def test_bouts_by_hand() -> None:
    #        0         1         2
    #        0123456789012345678901234567
    truth = "aaaa....aaaa....bbbb....aa.."
    found = ".aaa....a.......bb..bbbb.a.."
    scores = _evaluate(list(found), list(truth))["bouts"]["per_class"]
    # a: 1-3 of 0-3 (IoU .75) is found, 8 of 8-11 (.25) is not, 25 of 24-25 (.5) is.
    assert scores["a"]["true"] == 3
    assert scores["a"]["predicted"] == 3
    assert scores["a"]["iou"] == pytest.approx({"precision": 2 / 3, "recall": 2 / 3, "f1": 2 / 3})
    assert scores["a"]["overlap"]["f1"] == 1.0
    # b: 16-17 of 16-19 (.5) is found, 20-23 is invented.
    assert scores["b"]["iou"] == pytest.approx({"precision": 0.5, "recall": 1.0, "f1": 2 / 3})
    assert scores["b"]["overlap"]["precision"] == 0.5


def test_one_bout_is_found_once() -> None:
    # Both halves have an IoU of exactly one half.
    halves = _evaluate(list("aaabaaa"), list("aaaaaaa"))["bouts"]["per_class"]["a"]
    assert halves["iou"]["recall"] == 0.0
    split = _evaluate(list("aabb"), list("aaaa"))["bouts"]["per_class"]["a"]
    assert split["iou"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0}


def test_bouts_end_at_holes_and_unscored_frames() -> None:
    scores = evaluate([0, 1, 2, 50, 51, 52], ["a"] * 6, ["a"] * 6).to_json()
    assert scores["bouts"]["per_class"]["a"]["true"] == 2
    scores = _evaluate(["a"] * 5, ["a", "a", "na", "a", "a"])
    assert scores["bouts"]["per_class"]["a"]["true"] == 2


def test_several_recordings_pooled_and_each() -> None:
    times = np.arange(4)
    cases = {
        "M1": (times, ["a", "a", "b", "b"], ["a", "a", "b", "b"]),
        "M2": (times, ["b", "b", "a", "a"], ["a", "a", "b", "b"]),
    }
    both = evaluate_many(cases)
    assert both.frames == 8
    assert both.scores["accuracy"] == 0.5
    assert both.recordings["M1"].scores["macro_f1"] == 1.0
    assert both.recordings["M2"].scores["macro_f1"] == 0.0
    # Bouts do not run on from one recording into the next.
    assert both.bouts["per_class"]["b"]["true"] == 2
    json.dumps(both.to_json(), allow_nan=False)
    with pytest.raises(DataError, match="recording M3"):
        evaluate_many({**cases, "M3": (times, ["a"] * 4, ["na"] * 4)})
    with pytest.raises(DataError, match="nothing to score"):
        evaluate_many({})


def test_the_interval_holds_the_score_and_is_repeatable() -> None:
    generator = np.random.default_rng(3)
    truth = np.repeat(generator.choice(["a", "b", "c"], 200), 5)
    predicted = np.where(generator.random(1000) < 0.3, "a", truth)
    one = evaluate(np.arange(1000), predicted, truth, bootstrap=200, seed=1)
    again = evaluate(np.arange(1000), predicted, truth, bootstrap=200, seed=1)
    low, high = one.interval["macro_f1"]
    assert low < one.scores["macro_f1"] < high
    assert high - low < 0.1
    assert one.interval == again.interval
    many = evaluate_many(
        {f"M{i}": (np.arange(1000), predicted, truth) for i in range(5)}, bootstrap=50
    )
    assert many.interval["accuracy"] == pytest.approx((one.scores["accuracy"],) * 2)


def test_clusters_by_hand() -> None:
    truth = ["a"] * 4 + ["b"] * 4 + ["na"]
    perfect = cluster_agreement([7, 7, 7, 7, 3, 3, 3, 3, 1], truth)
    assert perfect["ari"] == perfect["nmi"] == perfect["purity"] == pytest.approx(1.0)
    assert perfect["frames"] == 8
    one = cluster_agreement(["x"] * 9, truth)
    assert one["ari"] == 0.0
    assert one["purity"] == 0.5
    assert one["homogeneity"] == 0.0
    assert one["majority_macro_f1"] == pytest.approx((2 / 3) / 2)
    split = cluster_agreement([1, 1, 2, 2, 3, 3, 4, 4, 4], truth)
    assert split["homogeneity"] == pytest.approx(1.0)
    assert split["majority_macro_f1"] == 1.0
    assert split["completeness"] == pytest.approx(0.5)
    assert split["clusters"] == 4


def test_clusters_are_named_by_their_majority() -> None:
    truth = ["a", "a", "b", "b", "b", "na"]
    assert majority_names(["7", "7", "7", "3", "", "9"], truth) == {"7": "a", "3": "b"}
    # Frames of no cluster are missed.
    assert cluster_agreement(["7", "7", "3", "3", ""], truth[:5])["majority_macro_f1"] == (
        pytest.approx((1 + 0.8) / 2)
    )
