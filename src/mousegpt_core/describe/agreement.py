"""Facts that contradict the activity or each other are put right, before anything is said."""

from __future__ import annotations

import numpy as np

from mousegpt_core.describe.activities import Activity, activity_of
from mousegpt_core.describe.factors import Columns
from mousegpt_core.describe.signals import PAWS
from mousegpt_core.describe.windows import Bools

_TURN = ("turn_side", "turn_degree")
#: What is measured in the horizontal plane, in which an upright trunk has hardly any length.
_SIDES = (*_TURN, "head_side", "head_degree", "torso_side", "torso_degree")
_STROKES = ("forelimbs", "hindlimb_left", "hindlimb_right")


def make_agree(columns: Columns) -> Columns:
    """Facts without contradictions; what remains is still true of the clip.

    The activity, which looks at more than one clip, decides: an animal that freezes is not
    said to sweep its head, one that walks is not stationary, one that rears has not all paws
    on the floor. A fact is only ever dropped, or its pace moved into the nearest band that fits.

    Parameters
    ----------
    columns : dict of str to array of shape (clip,)
        Columns `factors.FACTS`.
    """
    columns = {name: values.copy() for name, values in columns.items()}
    traits = [activity_of(name) if name else None for name in columns["activity"]]
    _fit_pace(columns, traits)
    _calm_down(columns, _having(traits, "calm"))
    grooming = np.array([one is not None and "grooming" in one.keywords for one in traits], bool)
    _fit_limbs(columns, _having(traits, "upright"), grooming)
    _fit_posture(columns, _having(traits, "upright"))
    _fit_time(columns)
    return columns


def _having(traits: list[Activity | None], trait: str) -> Bools:
    return np.array([one is not None and bool(getattr(one, trait)) for one in traits], dtype=bool)


def _drop(columns: Columns, names: tuple[str, ...], where: Bools) -> None:
    for name in names:
        columns[name][where] = ""


def _fit_pace(columns: Columns, traits: list[Activity | None]) -> None:
    """Walking is at least slow, running at least fast; grooming and freezing stay in place.

    A body that turns or is drawn together has no axis to move sideways or backward along.
    """
    pace, activity = columns["pace"], columns["activity"]
    moves = np.array([one.moves if one else "" for one in traits], dtype=object)
    running = np.array([one is not None and "running" in one.keywords for one in traits])
    known = pace != ""
    direction = columns["direction"]
    direction[(direction == "sideways") & (columns["turn_side"] != "")] = ""
    short = np.isin(columns["body_length"], ("compact", "curled"))
    direction[(direction == "backward") & short] = ""
    pace[known & (moves == "always") & (pace == "stationary")] = "slow"
    pace[known & running & np.isin(pace, ("slow", "moderate"))] = "fast"
    pace[known & (activity == "walking") & (pace == "very fast")] = "fast"
    pace[known & (moves == "never")] = "stationary"
    _drop(columns, ("direction", "speed_change"), pace == "stationary")
    _drop(columns, _TURN, (moves == "never") & short)


def _calm_down(columns: Columns, calm: Bools) -> None:
    """Beside freezing and sleeping no movement is told."""
    for name in ("head_motion", "tail_motion"):
        moving = ~np.isin(columns[name], ("", "still", "resting"))
        columns[name][calm & moving] = ""
    _drop(columns, ("gait", *_STROKES, *_TURN), calm)
    for paw in PAWS:
        columns[paw][calm & (columns[paw] == "moving")] = ""
    during = calm & (columns["event_when"] == "during")
    _drop(columns, ("event", "event_when"), during)
    _drop(columns, ("rest",), columns["pace"] != "stationary")


def _fit_limbs(columns: Columns, upright: Bools, grooming: Bools) -> None:
    """Steps belong to moving animals, strokes to animals that stay in place."""
    at_nose = grooming & (columns["head_near"] == "forepaws")
    wiping = at_nose | (columns["activity"] == "face_grooming")
    for paw in ("forepaw_left", "forepaw_right"):
        down = np.isin(columns[paw], ("floor", "planted"))
        columns[paw][(upright | wiping) & down] = ""
    moving = columns["pace"] != "stationary"
    _drop(columns, ("gait",), ~moving | upright)
    _drop(columns, _STROKES, moving)
    standing = np.all([np.isin(columns[paw], ("floor", "planted")) for paw in PAWS], axis=0)
    _drop(columns, ("gait",), standing & (columns["gait"] == "stepping"))
    planted = np.all([np.isin(columns[paw], ("planted", "")) for paw in PAWS], axis=0)
    _drop(columns, tuple(PAWS), moving & planted)
    flying = np.all([columns[paw] == "air" for paw in PAWS], axis=0)
    _drop(columns, tuple(PAWS), flying & (columns["activity"] != "jumping"))


def _fit_posture(columns: Columns, upright: Bools) -> None:
    """A rearing animal is neither level, low nor, for the view from above, compact."""
    columns["torso_pitch"][upright & np.isin(columns["torso_pitch"], ("level", "down"))] = ""
    _drop(columns, ("torso_height",), upright)
    short = np.isin(columns["body_length"], ("compact", "curled"))
    columns["body_length"][upright & short] = ""
    columns["head_near"][upright & (columns["head_near"] == "floor")] = ""
    stretching = np.char.startswith(columns["activity"].astype(str), "stretch")
    columns["body_length"][stretching & short] = ""
    _drop(columns, ("torso_back",), columns["body_length"] == "stretched")
    hunched = columns["torso_back"] == "hunched"
    columns["torso_side"][hunched & (columns["torso_side"] == "straight")] = ""
    crouching = columns["activity"] == "crouching"
    columns["body_length"][crouching & (columns["body_length"] == "stretched")] = ""
    columns["torso_pitch"][crouching & (columns["torso_pitch"] == "upright")] = ""
    vertical = columns["torso_pitch"] == "upright"
    _drop(columns, _SIDES, vertical)
    sideways = np.isin(columns["head_motion"], ("sweeping", "turning left", "turning right"))
    columns["head_motion"][vertical & sideways] = ""
    curled = columns["body_length"] == "curled"
    columns["torso_side"][curled & (columns["torso_side"] == "straight")] = ""
    columns["torso_pitch"][curled & (columns["torso_pitch"] == "level")] = ""
    _drop(columns, ("torso_back",), curled)
    raised = columns["head_level"] == "raised"
    columns["head_near"][raised & (columns["head_near"] == "floor")] = ""


def _fit_time(columns: Columns) -> None:
    """What is only just begun has not lasted; a doubtful activity has no sharp beginning."""
    columns["onset"][(columns["certainty"] == "likely") & (columns["onset"] == "begins")] = ""
    pausing = (columns["onset"] == "pause") & (columns["pace"] != "stationary")
    columns["onset"][pausing] = ""
    _drop(columns, ("before",), columns["onset"] == "")
    _drop(columns, ("rest",), columns["onset"] != "")
    _drop(columns, ("after",), columns["onset"] == "pause")
    starts = (columns["onset"] == "begins") & (columns["speed_change"] == "slowing")
    stops = (columns["after"] != "") & (columns["speed_change"] == "accelerating")
    _drop(columns, ("speed_change",), starts | stops)
    told = columns["event"] != ""
    twice = told & (
        (columns["event"] == columns["before"]) | (columns["event"] == columns["after"])
    )
    _drop(columns, ("event", "event_when"), twice)
