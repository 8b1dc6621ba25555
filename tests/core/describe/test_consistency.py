"""Agreement of answers to the same question."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mousegpt_core.describe.consistency import confidence

ANSWERS = st.lists(
    st.fixed_dictionaries(
        {
            "overall": st.text(max_size=30),
            "keywords": st.text("ab, ", max_size=9),
            "label": st.sampled_from(["", "walking", "rearing"]),
        }
    ),
    min_size=2,
    max_size=4,
)


def labelled(*labels: str) -> list[dict[str, str]]:
    return [{"label": label} for label in labels]


def test_labels_agree_by_pairs() -> None:
    assert confidence(labelled("walking", "walking", "Walking")) == 1
    assert confidence(labelled("walking", "walking", "rearing")) == pytest.approx(1 / 3)
    assert confidence(labelled("walking", "")) == 0
    assert np.isnan(confidence(labelled("walking")))


def test_keywords_and_words_agree_by_what_they_share() -> None:
    one, other = {"keywords": "rearing, near wall"}, {"keywords": "Rearing, tail raised"}
    assert confidence([one, other]) == pytest.approx(1 / 3)
    assert confidence([{**one, "label": "a"}, {**other, "label": "a"}]) == pytest.approx(2 / 3)
    said = [{"overall": "The mouse walks."}, {"overall": "A mouse walks quickly."}]
    assert confidence(said) == pytest.approx(2 / 3)


@given(ANSWERS)
def test_between_nothing_and_all_whatever_the_order(answers: list[dict[str, str]]) -> None:
    assert 0 <= confidence(answers) <= 1
    assert confidence(answers) == pytest.approx(confidence(answers[::-1]))
    assert confidence([answers[0]] * 3) == pytest.approx(1)
