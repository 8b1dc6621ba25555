"""Facts about head, limbs, tail, torso and surroundings."""

from __future__ import annotations

import numpy as np

from mousegpt_core.describe.fact_settings import FactSettings
from mousegpt_core.describe.factors import Columns, Moment, Words, band, sided, words
from mousegpt_core.describe.signals import PAWS, Signals, turn_between
from mousegpt_core.describe.windows import (
    Bools,
    Floats,
    Windows,
    angle_rate,
    around,
    crossings,
    detrend,
)

_SLOW_S = 0.5
_STROKE_S = 0.25
_TURN_S = 0.05
_SWEEP_TURNS = 3


def head_facts(signals: Signals, moment: Moment, settings: FactSettings) -> Columns:
    """Where the head points and how it moves on the body."""
    side, degree = sided(
        to_a_side(signals, moment.clip.angle(signals.plain("head_angle")), settings),
        (settings.head_slight, settings.head_plain, settings.head_strong),
        ("slight", "plain", "strong"),
    )
    level = band(
        np.degrees(moment.clip.mean(signals.plain("head_pitch"))),
        (settings.head_lowered, settings.head_raised),
        ("lowered", "level", "raised"),
    )
    return {
        "head_side": side,
        "head_degree": degree,
        "head_level": level,
        "head_motion": _head_motion(signals, moment, settings),
        "head_near": _head_near(signals, moment, settings),
    }


def limb_facts(signals: Signals, moment: Moment, settings: FactSettings) -> Columns:
    """What each tracked paw does, how they step, and repeated strokes."""
    columns: Columns = {paw: _paw_state(signals, moment, settings, paw) for paw in PAWS}
    columns["gait"] = _gait(signals, moment, settings)
    fore = signals.limb_speed("foreleg_left", "foreleg_right")
    forelimbs = band(moment.clip.mean(fore), (settings.paw_moving,), ("", "moving"))
    forelimbs[_repeated(signals, fore, moment, settings)] = "repetitive"
    columns["forelimbs"] = forelimbs
    near = moment.widened(settings.motion_s)
    for side, other in (("left", "right"), ("right", "left")):
        speed = signals.limb_speed(f"hindleg_{side}")
        opposite = near.mean(signals.limb_speed(f"hindleg_{other}"))
        alone = ~(opposite > 0.5 * near.mean(speed))
        column = words(len(forelimbs))
        column[_repeated(signals, speed, moment, settings) & alone] = "repetitive"
        columns[f"hindlimb_{side}"] = column
    return columns


def tail_facts(signals: Signals, moment: Moment, settings: FactSettings) -> Columns:
    """How the tail is held and whether it moves."""
    chain = signals.skeleton.tail_chain
    free = chain[1:] if signals.skeleton.has("tail_base") else chain
    top = signals.largest_over("height", free) / signals.body_length
    level = band(
        moment.clip.mean(top),
        (settings.tail_low, settings.tail_raised),
        ("low", "", "raised"),
    )
    motion = band(
        moment.widened(settings.motion_s).mean(signals.mean_over("local_speed", free)),
        (settings.tail_resting, settings.tail_moving),
        ("resting", "", "moving"),
    )
    return {
        "tail_level": level,
        "tail_shape": _tail_shape(signals, moment, settings),
        "tail_motion": motion,
    }


def torso_facts(signals: Signals, moment: Moment, settings: FactSettings) -> Columns:
    """How the trunk is pitched, bent and stretched; bend and pitch only where it is tracked."""
    tracked = signals.skeleton.regions.get("torso", ())

    def trunk(name: str) -> Floats:
        return signals.plain(name) if tracked else signals.nothing

    side, degree = sided(
        to_a_side(signals, moment.clip.mean(trunk("spine_curvature")), settings),
        (settings.curve_slight, settings.curve_plain, settings.curve_strong),
        ("slight", "plain", "strong"),
    )
    length = band(
        moment.clip.mean(signals.plain("stretch")),
        (settings.curled, settings.compact, settings.stretched),
        ("curled" if signals.is_3d else "compact", "compact", "", "stretched"),
    )
    back = band(
        np.degrees(moment.clip.mean(trunk("spine_arch"))),
        (settings.hunched,),
        ("", "hunched"),
    )
    pitch = band(
        np.degrees(moment.clip.mean(trunk("body_pitch"))),
        (settings.pitch_down, settings.pitch_up, settings.pitch_upright),
        ("down", "level", "up", "upright"),
    )
    top = signals.largest_over("height", tracked)
    height = band(moment.clip.mean(top / signals.body_length), (settings.low,), ("low", ""))
    return {
        "torso_side": side,
        "torso_degree": degree,
        "body_length": length,
        "torso_back": back,
        "torso_pitch": pitch,
        "torso_height": height,
    }


def other_facts(signals: Signals, moment: Moment, settings: FactSettings) -> Columns:
    """Place in the arena, visibility, rest, and short events around the clip."""
    scale = 1.0 / signals.body_length
    place = band(
        moment.clip.mean(signals.plain("wall_distance")) * scale,
        (settings.near_wall, settings.far_wall),
        ("wall", "", "open"),
    )
    nose_place = band(
        moment.clip.mean(signals.plain("nose_wall_distance")) * scale,
        (settings.nose_wall,),
        ("wall", ""),
    )
    columns = {"place": place, "nose_place": nose_place}
    columns["visibility"] = words(len(place))
    if "measured" in signals.kinematics:
        seen = signals.kinematics["measured"].mean("keypoint").values.astype(np.float64)
        columns["visibility"] = band(moment.clip.mean(seen), (settings.seen,), ("hidden", ""))
    columns["rest"] = _rest(signals, moment, settings)
    columns["event"], columns["event_when"] = _head_jerk(signals, moment, settings)
    return columns


def to_a_side(signals: Signals, angle: Floats, settings: FactSettings) -> Floats:
    """An angle (rad) to one side in degrees; unknown where left and right cannot be told."""
    degrees = np.degrees(angle)
    told = signals.has_sides & (np.abs(degrees) <= settings.widest)
    return np.where(told, degrees, np.nan)


def _head_speed(signals: Signals) -> Floats:
    """Speed of the head relative to the body, cm/s."""
    return signals.mean_over("local_speed", signals.skeleton.regions.get("head", ()))


def _head_motion(signals: Signals, moment: Moment, settings: FactSettings) -> Words:
    """Sweeping and quick small movements go before plain speed: they say more."""
    near = moment.widened(settings.motion_s)
    motion = band(
        near.mean(_head_speed(signals)),
        (settings.head_still, settings.head_moving, settings.head_quick),
        ("still", "", "moving", "quick"),
    )
    head_angle = signals.plain("head_angle")
    swing = detrend(np.degrees(head_angle), signals.times, _SLOW_S)
    size = np.sqrt(near.mean(swing**2))
    turns = near.sum(crossings(swing))
    cycles = moment.rate(turns / 2.0, near)
    small = (size >= settings.wobble) & (size < settings.sweep)
    motion[small & (cycles >= settings.wobble_hz)] = "oscillating"
    if signals.has_sides:
        speed = moment.widened(_TURN_S).mean(angle_rate(head_angle, signals.times))
        side, _ = sided(np.degrees(speed), (settings.swing,), ("plain",), straight="")
        motion = np.where(side == "", motion, "turning " + side)
    motion[(size >= settings.sweep) & (turns >= _SWEEP_TURNS)] = "sweeping"
    return motion


def _head_near(signals: Signals, moment: Moment, settings: FactSettings) -> Words:
    """What the nose is close to."""
    skeleton, scale = signals.skeleton, 1.0 / signals.body_length
    nose = skeleton.keypoint("nose")
    paws = (skeleton.paw("foreleg_left"), skeleton.paw("foreleg_right"))
    gaps = np.fmin.reduce([moment.clip.mean(signals.distance(nose, paw)) for paw in paws])
    near = band(gaps * scale, (settings.nose_paw,), ("forepaws", ""))
    height = moment.clip.mean(signals.at("height", nose)) * scale
    floor = band(height, (settings.nose_floor,), ("floor", ""))
    return np.where(near == "", floor, near)


def _paw_state(signals: Signals, moment: Moment, settings: FactSettings, paw: str) -> Words:
    """On the floor or in the air (3D), moving or planted (2D)."""
    if signals.is_3d:
        touch = moment.clip.mean(signals.at("contact", paw, dim="paw"))
        return band(touch, (settings.contact,), ("air", "floor"))
    speed = moment.clip.mean(signals.at("keypoint_speed", signals.skeleton.paw(PAWS[paw])))
    return band(speed, (settings.paw_moving,), ("planted", "moving"))


def _gait(signals: Signals, moment: Moment, settings: FactSettings) -> Words:
    """Whether the paws step, and whether diagonal paws swing together."""
    speeds = {
        paw: signals.at("keypoint_speed", signals.skeleton.paw(limb)) for paw, limb in PAWS.items()
    }
    near = moment.widened(settings.gait_s)
    known = [np.isfinite(moment.clip.mean(speed)) for speed in speeds.values()]
    fastest = np.fmax.reduce([near.max(speed) for speed in speeds.values()])
    gait = words(len(fastest))
    gait[(np.sum(known, axis=0) >= 2) & (fastest >= settings.paw_moving)] = "stepping"

    def together(first: str, second: str) -> Floats:
        return near.correlation(speeds[first], speeds[second])

    pairs = np.minimum(
        together("forepaw_left", "hindpaw_right"), together("forepaw_right", "hindpaw_left")
    )
    apart = together("forepaw_left", "forepaw_right") < 0
    gait[(gait == "stepping") & (pairs >= settings.gait_pair) & apart] = "diagonal"
    return gait


def _repeated(signals: Signals, speed: Floats, moment: Moment, settings: FactSettings) -> Bools:
    """Whether a limb of a mouse in place makes repeated strokes: fast and slow in turn."""
    near = moment.widened(settings.motion_s)
    swing = detrend(speed, moment.times, _STROKE_S)
    strokes = moment.rate(near.sum(crossings(swing)) / 2.0, near)
    lively = np.sqrt(near.mean(swing**2)) >= 0.3 * near.mean(speed)
    in_place = near.mean(signals.plain("speed")) < settings.slow
    fast = near.mean(speed) >= settings.repeat_speed
    return np.asarray(fast & (strokes >= settings.repeat_hz) & lively & in_place)


def _tail_shape(signals: Signals, moment: Moment, settings: FactSettings) -> Words:
    """Bend of a tail of three keypoints or more; else its angle to the body."""
    chain = signals.skeleton.tail_chain
    heading = signals.plain("heading")
    if len(chain) < 2 or not signals.has_sides:
        return words(len(moment.start_s))
    if len(chain) >= 3:
        base, middle, tip = (signals.point(chain[i]) for i in (0, len(chain) // 2, -1))
        angle, names = -turn_between(middle - base, tip - middle), ("right", "straight", "left")
        verb = "curved "
    else:
        backward = -np.column_stack([np.cos(heading), np.sin(heading)])
        angle = -turn_between(backward, signals.point(chain[-1]) - signals.point(chain[0]))
        names, verb = ("right", "in line", "left"), "held "
    bend = settings.tail_bend
    shape = band(np.degrees(moment.clip.angle(angle)), (-bend, bend), names)
    for side in ("left", "right"):
        shape[shape == side] = verb + side
    return shape


def _rest(signals: Signals, moment: Moment, settings: FactSettings) -> Words:
    """Whether the animal has been immobile for long when the clip ends."""
    rest = words(len(moment.start_s))
    if "immobile" not in signals.kinematics:
        return rest
    still = signals.kinematics["immobile"].values.astype(bool)
    number = np.arange(len(still))
    broken = np.maximum.accumulate(np.where(still, -1, number))
    since = moment.times[np.minimum(broken + 1, len(still) - 1)]
    last = np.clip(moment.clip.stop - 1, 0, len(still) - 1)
    length = np.where(still[last], moment.times[last] - since[last], 0.0)
    rest[(length >= settings.rest_s) & (moment.clip.size > 0)] = "while"
    return rest


def _head_jerk(signals: Signals, moment: Moment, settings: FactSettings) -> tuple[Words, Words]:
    """A short jerk of the head while the animal is calm, and when it is."""
    speed = _head_speed(signals)
    background = around(signals.times, settings.event_s).mean(speed)
    peak = np.where(
        (speed >= settings.twitch) & (speed >= settings.twitch_ratio * background), 1.0, 0.0
    )
    event, when = words(len(moment.start_s)), words(len(moment.start_s))
    places: tuple[tuple[str, Windows], ...] = (
        ("before", moment.before(settings.event_s)),
        ("after", moment.after(settings.event_s)),
        ("during", moment.clip),
    )
    for place, windows in places:
        here = windows.sum(peak) > 0
        event[here], when[here] = "head jerk", place
    return event, when
