"""Two experts who err in known ways: together they err less, and know how sure they are."""

from __future__ import annotations

import numpy as np
import pytest

from mousegpt_core.analysis.calibration import abstention_curve, calibration_error
from mousegpt_core.describe.ensemble import Experts, combine_learned, combine_unlearned

#: The kinematic expert confuses 0 and 1, the model 1 and 2.
BODY = np.array([[0.65, 0.33, 0.02], [0.35, 0.62, 0.03], [0.02, 0.03, 0.95]])
WORDS = np.array([[0.9, 0.05, 0.05], [0.05, 0.6, 0.35], [0.05, 0.4, 0.55]])


def made(count: int, seed: int = 0) -> tuple[Experts, np.ndarray]:
    """Experts and truth; the model says nothing of every tenth clip."""
    chance = np.random.default_rng(seed)
    truth = chance.choice(3, count, p=[0.5, 0.3, 0.2])
    body = np.array([chance.choice(3, p=BODY[true]) for true in truth])
    said = np.array([chance.choice(3, p=WORDS[true]) for true in truth])
    said[::10] = -1
    kinematic = np.full((count, 3), 0.1)
    kinematic[np.arange(count), body] = 0.8
    return Experts(kinematic, said, np.full(count, np.nan)), truth


def accuracy(belief: np.ndarray, truth: np.ndarray) -> float:
    return float((belief.argmax(axis=1) == truth).mean())


def parts(experts: Experts, truth: np.ndarray) -> float:
    """Accuracy of the better expert."""
    return max(accuracy(experts.kinematic, truth), float((experts.said == truth).mean()))


def test_learned_from_a_persons_labels() -> None:
    experts, truth = made(1200)
    folds = np.arange(1200) * 5 // 1200
    belief = combine_learned(experts, truth, folds)
    assert belief is not None
    assert belief.sum(axis=1) == pytest.approx(1.0)
    assert accuracy(belief, truth) > parts(experts, truth) + 0.05
    right = belief.argmax(axis=1) == truth
    assert calibration_error(belief.max(axis=1), right) < 0.05
    curve = abstention_curve(belief.max(axis=1), right)
    steps = [float(curve[curve["coverage"] <= c]["accuracy"].iloc[-1]) for c in (0.5, 0.75, 1.0)]
    assert steps == sorted(steps, reverse=True)


def test_what_a_person_did_not_label_is_judged_too() -> None:
    experts, truth = made(900)
    half = np.where(np.arange(900) < 450, truth, -1)
    belief = combine_learned(experts, half, np.arange(900) * 5 // 450 % 5)
    assert belief is not None
    assert accuracy(belief[450:], truth[450:]) > parts(experts[450:], truth[450:])


def test_a_labelled_clip_is_judged_by_a_fit_that_has_not_seen_it() -> None:
    chance = np.random.default_rng(1)
    noise = Experts(chance.random((200, 3)), chance.integers(0, 3, 200), chance.random(200))
    truth = chance.integers(0, 3, 200)
    belief = combine_learned(noise, truth, np.arange(200) * 5 // 200)
    assert belief is not None
    assert accuracy(belief, truth) < 0.45


def test_too_few_labels_teach_nothing() -> None:
    experts, truth = made(100)
    few = np.where(np.arange(100) < 20, truth, -1)
    assert combine_learned(experts, few, np.arange(100) % 5) is None
    assert combine_learned(experts, np.full(100, -1), np.zeros(100, dtype=int)) is None
    one = np.where(truth == 0, 0, -1)
    assert combine_learned(experts, one, np.arange(100) % 5) is None


def test_without_labels_disagreement_tells_who_errs_where() -> None:
    experts, truth = made(3000)
    belief = combine_unlearned(experts)
    assert belief.sum(axis=1) == pytest.approx(1.0)
    assert accuracy(belief, truth) >= parts(experts, truth)


def test_of_silent_experts_nothing_is_believed() -> None:
    silent = Experts(np.full((4, 2), np.nan), np.full(4, -1), np.full(4, np.nan))
    assert silent.silent.all()
    assert combine_unlearned(silent) == pytest.approx(0.5)
    assert combine_unlearned(silent[:0]).shape == (0, 2)
