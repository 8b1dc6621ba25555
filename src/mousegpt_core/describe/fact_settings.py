"""Where one word ends and the next begins: every threshold of the kinematic describer."""

from __future__ import annotations

from pydantic import Field

from mousegpt_core.settings import Settings


class FactSettings(Settings):
    """Thresholds that turn numbers into words. Speeds in cm/s, angles in degrees, times in s.

    ``bl`` is a body length (nose to tail base) of the animal at hand.
    """

    # the activity
    sure_score: float = Field(
        default=0.6, description="score from which an activity is stated plainly"
    )
    context_s: float = Field(
        default=0.6, description="s before and after a clip that tell a transition"
    )
    transition_share: float = Field(
        default=0.6, description="share of that time another activity fills"
    )

    # pace and path
    slow: float = Field(default=2.0, description="cm/s; below: stationary")
    moderate: float = Field(default=6.0, description="cm/s; from here a moderate pace")
    fast: float = Field(default=15.0, description="cm/s; from here fast")
    very_fast: float = Field(default=30.0, description="cm/s; from here very fast")
    forward_share: float = Field(
        default=0.5, description="forward speed over speed; from here forward (or minus: backward)"
    )
    sideways_share: float = Field(
        default=0.25, description="forward speed over speed; between minus and plus: sideways"
    )
    turn_gentle: float = Field(default=40.0, description="degrees/s; from here a gentle turn")
    turn_plain: float = Field(default=90.0, description="degrees/s; from here a turn")
    turn_sharp: float = Field(default=200.0, description="degrees/s; from here a sharp turn")
    change_s: float = Field(
        default=0.4, description="s before and after, compared for a change of speed"
    )
    change: float = Field(default=4.0, description="cm/s; smallest change of speed that is told")
    change_share: float = Field(default=0.4, description="and smallest share of the speed itself")

    # head
    motion_s: float = Field(
        default=0.4, description="s before and after a clip in which movement shows"
    )
    head_slight: float = Field(
        default=20.0, description="degrees from the body axis; below: straight"
    )
    head_plain: float = Field(default=40.0, description="degrees; from here turned")
    head_strong: float = Field(default=75.0, description="degrees; from here strongly turned")
    widest: float = Field(default=120.0, description="degrees; beyond, left and right say little")
    head_raised: float = Field(default=15.0, description="degrees above the horizontal")
    head_lowered: float = Field(default=-35.0, description="degrees below the horizontal")
    head_still: float = Field(default=0.7, description="cm/s relative to the body; below: still")
    head_moving: float = Field(
        default=3.0, description="cm/s relative to the body; from here it moves"
    )
    head_quick: float = Field(
        default=9.0, description="cm/s relative to the body; from here quickly"
    )
    sweep: float = Field(default=15.0, description="degrees (root mean square) of a sideways sweep")
    swing: float = Field(default=100.0, description="degrees/s; from here the head turns to a side")
    wobble: float = Field(
        default=3.0, description="degrees (root mean square) of small head movements"
    )
    wobble_hz: float = Field(
        default=2.5, description="cycles/s from which small movements are quick"
    )
    nose_paw: float = Field(default=0.15, description="bl from nose to forepaw; below: close")
    nose_floor: float = Field(default=0.10, description="bl from nose to floor; below: close")

    # limbs and tail
    contact: float = Field(
        default=0.5, description="probability of contact from which a paw is down"
    )
    paw_moving: float = Field(default=4.0, description="cm/s; from here a paw moves (2D)")
    repeat_speed: float = Field(
        default=5.0, description="cm/s relative to the body of a repeated stroke"
    )
    repeat_hz: float = Field(
        default=2.5, description="strokes a second from which they are repeated"
    )
    gait_s: float = Field(default=0.6, description="s before and after a clip that show the gait")
    gait_pair: float = Field(
        default=0.3, description="correlation of diagonal paws in a trot, at least"
    )
    tail_raised: float = Field(default=0.25, description="bl above the floor at its highest")
    tail_low: float = Field(default=0.12, description="bl above the floor; below: low")
    tail_bend: float = Field(default=30.0, description="degrees; below: straight")
    tail_moving: float = Field(
        default=6.0, description="cm/s relative to the body; from here it moves"
    )
    tail_resting: float = Field(
        default=1.5, description="cm/s relative to the body; below: at rest"
    )

    # torso
    curve_slight: float = Field(default=20.0, description="degrees; below: straight")
    curve_plain: float = Field(default=40.0, description="degrees; from here curved")
    curve_strong: float = Field(default=70.0, description="degrees; from here strongly curved")
    stretched: float = Field(default=1.15, description="times the usual body length, at least")
    compact: float = Field(default=0.72, description="times the usual body length, at most")
    curled: float = Field(default=0.4, description="times the usual body length, at most (3D)")
    hunched: float = Field(default=30.0, description="degrees of the back's arch, at least")
    pitch_down: float = Field(default=-20.0, description="degrees of the trunk, at most")
    pitch_up: float = Field(default=35.0, description="degrees of the trunk, at least")
    pitch_upright: float = Field(default=60.0, description="degrees of the trunk, at least")
    low: float = Field(default=0.2, description="bl from the trunk's highest point to the floor")

    # others
    near_wall: float = Field(
        default=0.35, description="bl from the body's centre to the wall; below: near"
    )
    far_wall: float = Field(default=1.0, description="bl from the wall; from here in the open")
    nose_wall: float = Field(default=0.2, description="bl from nose to wall; below: close")
    seen: float = Field(default=0.75, description="share of keypoints seen; below: partly hidden")
    rest_s: float = Field(default=5.0, description="s of immobility from which a rest is told")
    event_s: float = Field(
        default=0.5, description="s before and after a clip in which events are told"
    )
    twitch: float = Field(default=20.0, description="cm/s relative to the body of a head twitch")
    twitch_ratio: float = Field(default=6.0, description="times the mean speed around it, at least")
