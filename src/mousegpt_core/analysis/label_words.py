"""Words in labels that name no behaviour: "not scored", and "anything else".

One list of each for all that reads labels: human labels of any file, and the user's own behaviours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

#: The frame was not scored; it is left out of all scores.
NOT_SCORED = ("", "na", "nan", "n/a", "unscored", "not scored")
#: A model was asked, and said nothing that counts; an error, whatever is true.
UNKNOWN = "(unknown)"
#: Anything else: nothing of what was looked for. The first stands for all where several are used.
REST_NAMES = (
    "other", "others", "other behaviour", "other behavior", "else", "rest", "remainder", "none",
    "nothing", "neither", "no behaviour", "no behavior", "background", "misc", "miscellaneous",
    "unlabelled", "unlabeled", "undefined", "unknown",
)  # fmt: skip
#: Of these, some labellers use these for a behaviour of its own or for what they did not score.
UNCLEAR = ("rest", "unlabelled", "unlabeled", "undefined", "unknown")


def plain(label: str) -> str:
    """The label in small letters, with blanks for ``_`` and ``-``."""
    return " ".join(re.split(r"[\s_-]+", label.strip().casefold()))


def is_scored(label: str) -> bool:
    """Whether a human's label says anything, be it "anything else"."""
    return label.strip().casefold() not in NOT_SCORED and plain(label) not in NOT_SCORED


def means_rest(label: str) -> bool:
    """Whether a label's name stands for "anything else"."""
    return plain(label) in REST_NAMES


def name_of_rest(labels: Iterable[str]) -> str:
    """The name for "anything else" among labels; `REST_NAMES` [0] for several, ``""`` for none."""
    found = sorted({label for label in labels if means_rest(label)})
    if len({plain(label) for label in found}) > 1:
        return REST_NAMES[0]
    return found[0] if found else ""
