"""Calibrations as ``calibration.toml``, the file of Anipose, aniposelib and sleap-anipose.

One table a camera: ``name``, ``size`` (width, height), ``matrix`` (3 x 3), ``distortions``,
``rotation`` (axis times angle, radians; programs that borrowed the format write a matrix),
``translation``, ``fisheye``; and ``[metadata]``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from mousegpt_core.errors import CalibrationError, SettingsError
from mousegpt_core.geometry.camera import Array, Camera, finite
from mousegpt_core.geometry.rig import CameraRig
from mousegpt_core.io.files import replaced_file
from mousegpt_core.settings import read_toml

_NEEDED = ("matrix", "rotation", "translation")
_UNITS = ("mm", "cm", "m")


def read_calibration(path: Path | str) -> CameraRig:
    """Read a ``calibration.toml``.

    A size that the file lacks is taken as twice the principal point.

    Raises
    ------
    CalibrationError
        If the file cannot be read, holds no camera, or a camera in it is impossible; names the
        file and the camera.
    """
    path = Path(path)
    try:
        tables = read_toml(path)
    except (SettingsError, OSError) as error:
        raise CalibrationError(
            f"the calibration cannot be read: {error}", file=path, hint="check the file"
        ) from error
    cameras = [
        _camera(key, table, path)
        for key, table in tables.items()
        if isinstance(table, dict) and "matrix" in table
    ]
    if not cameras:
        raise CalibrationError(
            "no cameras", file=path, expected="tables like [cam_0] with a matrix",
            found=", ".join(tables) or "an empty file",
            hint="give the calibration.toml that Anipose or aniposelib wrote",
        )  # fmt: skip
    metadata = tables.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    unit, error_px = metadata.get("unit"), metadata.get("error")
    try:
        return CameraRig(
            tuple(cameras),
            unit=unit if unit in _UNITS else "unknown",
            error=float(error_px) if isinstance(error_px, int | float) else None,
        )
    except CalibrationError as error:
        raise CalibrationError(error.message, file=path, hint=error.hint) from error


def write_calibration(rig: CameraRig, path: Path | str) -> Path:
    """Write a ``calibration.toml``, which aniposelib reads too; every digit is kept.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    import tomlkit

    document = tomlkit.document()
    for index, camera in enumerate(rig):
        table = tomlkit.table()
        for key, value in _values(camera).items():
            table.add(key, value)
        document.add(f"cam_{index}", table)
    metadata = tomlkit.table()
    metadata.add("unit", rig.unit)
    if rig.error is not None:
        metadata.add("error", rig.error)
    document.add("metadata", metadata)
    path = Path(path)
    with replaced_file(path) as partial:
        partial.write_text(tomlkit.dumps(document), encoding="utf-8")
    return path


def _values(camera: Camera) -> dict[str, Any]:
    from scipy.spatial.transform import Rotation  # slow to import

    lens = camera.distortion[:4] if camera.fisheye else camera.distortion
    return {
        "name": camera.name,
        "size": list(camera.size),
        "matrix": camera.matrix.tolist(),
        "distortions": lens.tolist(),
        "rotation": Rotation.from_matrix(camera.rotation).as_rotvec().tolist(),
        "translation": camera.translation.tolist(),
        "fisheye": camera.fisheye,
    }


def _camera(key: str, table: dict[str, Any], path: Path) -> Camera:
    missing = [field for field in _NEEDED if field not in table]
    if missing:
        raise CalibrationError(
            f"{', '.join(missing)} missing", file=path, place=f"[{key}]",
            hint="this camera was not calibrated; leave it out or calibrate it",
        )  # fmt: skip
    name = str(table.get("name", key))
    try:
        return Camera(
            name,
            _size(name, table),
            table["matrix"],
            _rotation(name, table["rotation"]),
            table["translation"],
            table.get("distortions", ()),
            fisheye=table.get("fisheye") is True,
        )
    except CalibrationError as error:
        raise CalibrationError(
            error.message, file=path, place=f"[{key}]", hint=error.hint
        ) from error


def _size(name: str, table: dict[str, Any]) -> tuple[int, int]:
    """Width and height in pixels."""
    given = table.get("size")
    size = finite(name, "matrix", table["matrix"], (3, 3))[:2, 2] * 2 if given is None else given
    width, height = finite(name, "size", size, (2,))
    return round(width), round(height)


def _rotation(name: str, values: Any) -> Array:
    """A rotation matrix from a rotation vector, or from a matrix."""
    from scipy.spatial.transform import Rotation  # slow to import

    numbers = finite(name, "rotation", values)
    if numbers.size == 3:
        return np.asarray(Rotation.from_rotvec(numbers.reshape(3)).as_matrix())
    return numbers
