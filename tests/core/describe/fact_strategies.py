"""Every combination of facts that `clip_facts` can give."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from mousegpt_core.describe.activities import known_activities
from mousegpt_core.describe.agreement import make_agree
from mousegpt_core.describe.factors import FACTS

ACTIVITIES = (*known_activities(), "wall-licking")
TRAVELLING = tuple(name for name, one in known_activities().items() if one.moves == "always")
_PAIRS = {"turn_degree": "turn_side", "head_degree": "head_side", "torso_degree": "torso_side"}


def agree(facts: dict[str, str]) -> dict[str, str]:
    """The facts of one clip without contradictions."""
    columns = {name: np.array([value], dtype=object) for name, value in facts.items()}
    return {name: str(values[0]) for name, values in make_agree(columns).items()}


@st.composite
def raw_facts(draw: st.DrawFn) -> dict[str, str]:
    """Facts before they are made to agree."""
    facts = {
        name: draw(st.sampled_from(("", *values))) if values else ""
        for name, values in FACTS.items()
    }
    facts["pace"] = draw(st.sampled_from(FACTS["pace"] or ()))
    facts["activity"] = activity = draw(st.sampled_from(("", *ACTIVITIES)))
    facts["certainty"] = draw(st.sampled_from(("sure", "likely"))) if activity else ""
    for degree, side in _PAIRS.items():
        values = FACTS[degree] or ()
        facts[degree] = draw(st.sampled_from(values)) if facts[side] in ("left", "right") else ""
    facts["event"] = draw(st.sampled_from(("", "head jerk", "jumping", "scratching")))
    facts["event"] = "" if facts["event"] == activity else facts["event"]
    facts["event_when"] = (
        draw(st.sampled_from(("before", "during", "after"))) if facts["event"] else ""
    )
    others = [name for name in ACTIVITIES if name != activity]
    facts["onset"] = draw(st.sampled_from(("", "begins", "pause"))) if activity else ""
    if facts["onset"] == "begins":
        facts["before"] = draw(st.sampled_from(others))
    elif facts["onset"] == "pause":
        facts["before"] = draw(st.sampled_from([n for n in TRAVELLING if n != activity]))
    elif activity:
        facts["after"] = draw(st.sampled_from(["", *others]))
    return facts


def agreed_facts() -> st.SearchStrategy[dict[str, str]]:
    """Facts as they are put into words."""
    return raw_facts().map(agree)
