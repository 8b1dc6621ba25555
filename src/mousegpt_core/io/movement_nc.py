"""movement's netCDF: classic netCDF3, read by scipy, or netCDF4, which is HDF5, read by h5py.

Dimensions are time, space, keypoint, individual, in any order; before movement 0.17 the last two
were plural. A further dimension ``view`` is one array a camera. Written is netCDF3, which every
netCDF library opens and which needs no further package.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mousegpt_core.errors import FormatError
from mousegpt_core.io.beside import read_edges, read_names
from mousegpt_core.io.contract import (
    COPY_AGAIN,
    DEFAULT_INDIVIDUAL,
    OTHER_FORMAT,
    RawPoses,
    ReadOptions,
)
from mousegpt_core.io.conventions import (
    choose_view,
    frames_of_times,
    rate_named,
    unit_named,
    zero_is_missing,
)
from mousegpt_core.io.csv_tables import reading
from mousegpt_core.io.dlc_csv import frames_from_numbers
from mousegpt_core.io.hdf import is_hdf5, load, load_numbers, load_texts, open_hdf5
from mousegpt_core.poses import DIMS, SPACE

LOOKED_FOR = "a variable 'position' over time, space, keypoint and individual in a netCDF file"
_CLASSIC = (b"CDF\x01", b"CDF\x02")
_SINGULAR = {"keypoints": "keypoint", "individuals": "individual", "views": "view"}
_ARRAYS = ("position", "confidence", "reprojection_error")
_NAMES = ("keypoint", "individual", "space", "view")
#: What netCDF4 says of a dimension that has a length but no names.
_NO_VARIABLE = "netCDF dimension but not a netCDF variable"
#: Classic netCDF counts the bytes of an array in 31 bits.
_MAX_BYTES = 2**31 - 4


@dataclass(frozen=True)
class _Variable:
    """An array with the names of its dimensions; names are an array of str."""

    dims: tuple[str, ...]
    values: NDArray[Any]
    attrs: Mapping[str, Any]


@dataclass(frozen=True)
class _File:
    """What of a file is of use; all names in the singular."""

    variables: dict[str, _Variable]
    attrs: Mapping[str, Any]


def recognise(path: Path) -> bool:
    """Whether a netCDF file has positions over time and space."""
    if _is_classic(path):
        return "position" in _read_classic(path).variables
    if not is_hdf5(path):
        return False
    with open_hdf5(path) as file:
        return {"time", "space"} <= set(_hdf5_dims(file).get("position", ()))


def read(path: Path, options: ReadOptions) -> RawPoses:
    """Read movement's netCDF.

    Without a dimension of individuals or keypoints there is one of them. Times in frames are
    frame numbers.

    Raises
    ------
    FormatError
        If the file is damaged, holds no positions, or holds several views of which none is
        chosen.
    """
    if not (_is_classic(path) or is_hdf5(path)):
        raise FormatError("not a netCDF file", file=path, hint=OTHER_FORMAT)
    file = _read_classic(path) if _is_classic(path) else _read_hdf5(path)
    if file.attrs.get("ds_type", "poses") != "poses":
        raise FormatError(
            "these are not poses", file=path, expected="ds_type poses",
            found=str(file.attrs["ds_type"]),
            hint="poses have keypoints; boxes around animals have none",
        )  # fmt: skip
    position = file.variables.get("position")
    if position is None or not {"time", "space"} <= set(position.dims):
        raise FormatError(
            "no positions", file=path, expected=LOOKED_FOR,
            found=", ".join(file.variables) or "none of these", hint=OTHER_FORMAT,
        )  # fmt: skip
    arrays = _arranged(file, options, path)
    keypoints = _labels(file, "keypoint", arrays["position"].shape[2])
    individuals = _labels(file, "individual", arrays["position"].shape[3])
    raw = RawPoses(
        arrays["position"],
        arrays.get("confidence"),
        keypoints,
        individuals,
        reprojection_error=arrays.get("reprojection_error"),
        fps=rate_named(file.attrs.get("fps")),
        unit=unit_named(position.attrs.get("units", "")),
        source_software=str(file.attrs.get("source_software", "")),
    )
    raw.zero_is_missing = zero_is_missing(raw.source_software)
    _add_beside(raw, file)
    _add_clock(raw, file, path)
    return raw


def write(poses: xr.Dataset, path: Path) -> None:
    """Write poses as netCDF that movement opens; nothing is lost.

    Raises
    ------
    FormatError
        If the positions are more than 2 GB.
    """
    if poses["position"].size * 4 > _MAX_BYTES:
        raise FormatError(
            "too large for classic netCDF", expected="at most 2 GB of positions",
            hint="write a csv, or only a stretch of time",
        )  # fmt: skip
    # Classic netCDF has no whole numbers of 64 bits; a float holds every frame number exactly.
    frames = poses["frame"].values
    small = frames.astype(np.int32)
    written = poses.assign_coords(
        frame=("time", small if (small == frames).all() else frames.astype(np.float64))
    )
    written.attrs = {
        key: value for key, value in poses.attrs.items() if isinstance(value, str | int | float)
    }
    written.to_netcdf(path, engine="scipy", format="NETCDF3_64BIT")


def _is_classic(path: Path) -> bool:
    with reading(path), path.open("rb") as file:
        return file.read(4) in _CLASSIC


def _read_classic(path: Path) -> _File:
    try:
        # Opened here, so that it is closed wherever in a damaged file the reader stops.
        with path.open("rb") as stream, _classic_file(stream) as file:
            return _file(
                ((name, _classic_variable(one)) for name, one in file.variables.items()),
                {key: _plain(value) for key, value in file._attributes.items()},
            )
    except (
        OSError, KeyError, ValueError, TypeError, RuntimeError, IndexError, AttributeError,
        OverflowError, MemoryError, AssertionError,
    ) as error:  # fmt: skip
        raise FormatError(
            f"the netCDF file is damaged: {error or type(error).__name__}", file=path,
            hint=COPY_AGAIN,
        ) from error  # fmt: skip


def _classic_file(stream: BinaryIO) -> Any:
    from scipy.io import netcdf_file

    reader: Any = netcdf_file

    class ClassicFile(reader):  # type: ignore[misc]
        """Keeps the file's attributes apart from its own: one named ``fp`` would replace it."""

        def _read_gatt_array(self) -> None:
            self._attributes.update(self._read_att_array())

    return ClassicFile(stream, "r", mmap=False)


def _classic_variable(variable: Any) -> _Variable:
    """Rows of characters become names; numbers take this machine's byte order."""
    values, dims = variable.data, tuple(variable.dimensions)
    attrs = {key: _plain(value) for key, value in variable._attributes.items()}
    if values.dtype.kind == "S":
        rows = values.reshape(-1, values.shape[-1]) if values.ndim else values.reshape(1, 1)
        names = [row.tobytes().rstrip(b"\0").decode("utf-8", "replace") for row in rows]
        return _Variable(dims[:-1], np.array(names, dtype=object), attrs)
    return _Variable(dims, values, attrs)


def _read_hdf5(path: Path) -> _File:
    wanted = {*_ARRAYS, *_NAMES, *_SINGULAR, "time", "frame", "picture"}
    with open_hdf5(path) as file:
        dims = _hdf5_dims(file)
        found = {name: file[name] for name in file if name in wanted}
        variables = {
            name: _hdf5_variable(one, name, dims.get(name, (name,)), path)
            for name, one in found.items()
            if hasattr(one, "dtype") and _NO_VARIABLE not in str(one.attrs.get("NAME", ""))
        }
        return _file(variables.items(), {key: _plain(file.attrs[key]) for key in file.attrs})


def _hdf5_variable(dataset: Any, name: str, dims: tuple[str, ...], path: Path) -> _Variable:
    attrs = {key: _plain(dataset.attrs[key]) for key in ("units",) if key in dataset.attrs}
    values: NDArray[Any]
    if _SINGULAR.get(name, name) in (*_NAMES, "picture"):
        values = np.array(load_texts(dataset, path), dtype=object)
    elif name in _ARRAYS:
        values = load_numbers(dataset, path)
    else:
        values = load(dataset, path)
    return _Variable(dims, values, attrs)


def _hdf5_dims(file: Any) -> dict[str, tuple[str, ...]]:
    """Names of the dimensions of each array that has them, as the dimensions tell."""
    found: dict[str, dict[int, str]] = {}
    for name, scale in file.items():
        for reference, axis in scale.attrs.get("REFERENCE_LIST", ()):
            array = file[reference].name.rsplit("/", 1)[-1]
            found.setdefault(array, {})[int(axis)] = _SINGULAR.get(name, name)
    return {
        array: tuple(axes[axis] for axis in sorted(axes))
        for array, axes in found.items()
        if sorted(axes) == list(range(len(getattr(file.get(array), "shape", ()))))
    }


def _file(variables: Iterable[tuple[str, _Variable]], attrs: Mapping[str, Any]) -> _File:
    singular = {
        _SINGULAR.get(name, name): replace(
            one, dims=tuple(_SINGULAR.get(dim, dim) for dim in one.dims)
        )
        for name, one in variables
    }
    return _File(singular, attrs)


def _plain(value: Any) -> Any:
    """An attribute as text or number."""
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.item()
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _arranged(file: _File, options: ReadOptions, path: Path) -> dict[str, NDArray[np.float32]]:
    """The arrays, with dimensions as in `RawPoses`."""
    view = _view_number(file, options.view, path)
    found: dict[str, NDArray[np.float32]] = {}
    for name in _ARRAYS:
        if name not in file.variables:
            continue
        wanted = DIMS if name == "position" else tuple(dim for dim in DIMS if dim != "space")
        found[name] = _with_dims(file.variables[name], wanted, view, name, path)
    position = found["position"]
    found["position"] = position[:, _space_order(file, position.shape[1], path)]
    shape = (position.shape[0], *position.shape[2:])
    for name, values in found.items():
        if name == "position" or values.shape == shape:
            continue
        # One number for a whole animal is that of each of its points.
        if values.shape != (shape[0], 1, shape[2]):
            raise FormatError(
                "arrays that do not fit each other", file=path, place=f"variable {name!r}",
                expected=f"shape {shape}", found=str(values.shape), hint=COPY_AGAIN,
            )  # fmt: skip
        found[name] = np.repeat(values, shape[1], axis=1)
    return found


def _view_number(file: _File, asked: str, path: Path) -> int | None:
    """Which index of the dimension of views to take, where there is one."""
    position = file.variables["position"]
    if "view" not in position.dims:
        return None
    count = position.values.shape[position.dims.index("view")]
    names = list(_labels(file, "view", count))
    if not names:
        raise FormatError("no views", file=path, place="variable 'position'", hint=COPY_AGAIN)
    return names.index(choose_view(names, asked, path))


def _with_dims(
    variable: _Variable, wanted: tuple[str, ...], view: int | None, name: str, path: Path
) -> NDArray[np.float32]:
    """Bring an array's dimensions into order; those that it lacks get the length 1."""
    values, dims = variable.values, list(variable.dims)
    if values.dtype.kind not in "fiu":
        raise FormatError(
            "not numbers", file=path, place=f"variable {name!r}", found=str(values.dtype),
            hint=COPY_AGAIN,
        )  # fmt: skip
    known = {*wanted, "view"} if view is not None else set(wanted)
    if len(set(dims)) < len(dims) or len(dims) != values.ndim or not set(dims) <= known:
        raise FormatError(
            "unknown dimensions", file=path, place=f"variable {name!r}",
            expected=", ".join(wanted), found=", ".join(dims),
            hint="select one of each further dimension before saving",
        )  # fmt: skip
    if "view" in dims and view is not None:
        if view >= values.shape[dims.index("view")]:
            raise FormatError(
                "a view is missing", file=path, place=f"variable {name!r}", hint=COPY_AGAIN
            )
        values = values.take(view, axis=dims.index("view"))
        dims.remove("view")
    values = values.transpose([dims.index(dim) for dim in wanted if dim in dims])
    with np.errstate(over="ignore"):
        return values[tuple(slice(None) if dim in dims else None for dim in wanted)].astype(
            np.float32
        )


def _space_order(file: _File, count: int, path: Path) -> list[int]:
    """Where x, y[, z] are along space."""
    names = [name.lower() for name in _labels(file, "space", count)]
    wanted = list(SPACE[:count])
    if "space" not in file.variables or names == wanted:
        return list(range(count))
    if sorted(names) != wanted:
        raise FormatError(
            "no Cartesian coordinates", file=path, place="variable 'space'",
            expected=", ".join(wanted), found=", ".join(names),
            hint="save the positions in x, y[, z]",
        )  # fmt: skip
    return [names.index(axis) for axis in wanted]


def _labels(file: _File, dim: str, count: int) -> tuple[str, ...]:
    """Names along a dimension; numbered, or the usual one, where the file has none."""
    variable = file.variables.get(dim)
    if variable is not None and variable.values.size == count:
        return tuple(str(name) for name in variable.values.ravel())
    if dim == "individual" and count == 1:
        return (DEFAULT_INDIVIDUAL,)
    return tuple(f"{dim}_{number}" for number in range(count))


def _add_clock(raw: RawPoses, file: _File, path: Path) -> None:
    """Times and frame numbers of the rows, as far as the file has them."""
    clock = {
        name: _clock_values(file.variables[name], name, len(raw.position), path)
        for name in ("time", "frame")
        if name in file.variables
    }
    if "time" not in clock:
        return
    whole = file.variables["time"].values.dtype.kind in "iu"
    if file.attrs.get("time_unit", "frames" if whole else "seconds") == "frames":
        raw.frames = frames_from_numbers(clock["time"], path)
        return
    raw.times = clock["time"]
    if "frame" in clock:
        raw.frames = frames_from_numbers(clock["frame"], path)
    else:
        raw.frames = frames_of_times(raw.times, raw.fps)


def _add_beside(raw: RawPoses, file: _File) -> None:
    """What `write` keeps beside the points."""
    raw.scorer, raw.film = (str(file.attrs.get(name, "")) for name in ("scorer", "film"))
    raw.edges = read_edges(str(file.attrs.get("edges", "")))
    raw.unique = read_names(str(file.attrs.get("unique", "")))
    pictures = file.variables.get("picture")
    if pictures is not None and pictures.values.shape == (len(raw.position),):
        raw.pictures = [str(name) for name in pictures.values]


def _clock_values(variable: _Variable, name: str, count: int, path: Path) -> NDArray[np.float64]:
    values = variable.values
    if values.shape != (count,) or values.dtype.kind not in "fiu":
        raise FormatError(
            "a clock that does not fit the positions", file=path, place=f"variable {name!r}",
            expected=f"{count} numbers", found=f"{values.dtype} {values.shape}", hint=COPY_AGAIN,
        )  # fmt: skip
    return values.astype(np.float64)
