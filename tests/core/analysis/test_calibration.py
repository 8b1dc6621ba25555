"""Stated probabilities against what was so."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mousegpt_core.analysis.calibration import abstention_curve, calibration_error


def test_honest_probabilities_have_no_error_and_boasts_have_theirs() -> None:
    chance = np.random.default_rng(0)
    stated = chance.uniform(0.3, 1.0, 4000)
    right = chance.random(4000) < stated
    assert calibration_error(stated, right) < 0.03
    assert calibration_error(np.full(4000, 0.95), chance.random(4000) < 0.6) == pytest.approx(
        0.35, abs=0.03
    )
    assert math.isnan(calibration_error([], []))


def test_leaving_out_the_least_sure_raises_accuracy() -> None:
    curve = abstention_curve([0.9, 0.8, 0.8, 0.4], [True, True, False, False])
    assert curve["least"].tolist() == [0.9, 0.8, 0.4]
    assert curve["coverage"].tolist() == [0.25, 0.75, 1.0]
    assert curve["accuracy"].tolist() == pytest.approx([1.0, 2 / 3, 0.5])
