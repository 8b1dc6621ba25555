"""Cameras: where they stand, how they see, and the files that say so."""

from mousegpt_core.geometry.calibration_toml import read_calibration, write_calibration
from mousegpt_core.geometry.camera import Camera, look_at
from mousegpt_core.geometry.rig import CameraRig

__all__ = ["Camera", "CameraRig", "look_at", "read_calibration", "write_calibration"]
