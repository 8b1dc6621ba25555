"""Kinematics: from poses to movement and posture in physical units."""

from mousegpt_core.kinematics.arena import Arena
from mousegpt_core.kinematics.blocks import compute_kinematics, halo_s, kinematics_in_blocks
from mousegpt_core.kinematics.dropped import with_dropped_frames
from mousegpt_core.kinematics.scene import Scene, prepare_scene
from mousegpt_core.kinematics.settings import KinematicsSettings

__all__ = [
    "Arena",
    "KinematicsSettings",
    "Scene",
    "compute_kinematics",
    "halo_s",
    "kinematics_in_blocks",
    "prepare_scene",
    "with_dropped_frames",
]
