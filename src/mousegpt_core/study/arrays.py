"""Datasets on disk: xarray in Zarr v3, written block by block, read lazily."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from mousegpt_core.errors import REPORT_IT, DataError, MouseGPTError, ReplacedError

#: Entries along the streamed dimension in one chunk: a file, which has to be brought to the disk.
#: The same for all variables, as xarray wants it.
CHUNK = 8192
#: Entries written at once: fewer, larger writes are faster.
_GROUP = 2 * CHUNK
_NUMERIC = "biuf"
_TEXT = "OUT"
#: What is raised where a file is damaged: RuntimeError by its codec.
_UNREADABLE = (OSError, ValueError, RuntimeError)


def write_zarr(
    path: Path, blocks: Iterable[xr.Dataset], dim: str, *, chunk: int = CHUNK, shard: int = 0
) -> None:
    """Write consecutive blocks as one Dataset, in the memory of one block.

    Parameters
    ----------
    path : Path
        A new folder.
    blocks : iterable of Dataset
        With the same variables, and equal but for `dim`; of any length along `dim`.
    dim : str
        The dimension that is streamed. Blocks without it: there must be just one.
    chunk : int
        Entries along `dim` that are read at once.
    shard : int
        Entries along `dim` in one file, a multiple of `chunk`; 0 = a file for each chunk.

    Raises
    ------
    DataError
        If there is no block, or the blocks do not fit each other.
    """
    import zarr

    group, whole = (shard, shard) if shard else (2 * chunk, chunk)

    first: xr.Dataset | None = None
    # Chunks of nothing but NaN are written too: one that is missing means damage, not NaN.
    with zarr.config.set({"array.write_empty_chunks": True}):
        for block in _whole_chunks(blocks, dim, group, whole):
            if first is None:
                _create(path, block, dim, chunk, shard)
                first = block.isel({dim: slice(0, 0)}) if dim in block.dims else block
            else:
                _append(path, block, dim)
    if first is None:
        raise DataError(
            "there is nothing to write",
            expected="at least one block",
            found="none",
            hint=REPORT_IT,
        )


def open_zarr(path: Path) -> xr.Dataset:
    """Open a Dataset lazily (dask); text comes back as numpy strings.

    Reading raises `DataError` when the files are deleted meanwhile: Zarr alone would give NaN.

    Raises
    ------
    DataError
        If it cannot be opened.
    """
    changed = {}
    try:
        dataset = xr.open_dataset(
            str(path), engine="zarr", consolidated=False, zarr_format=3, chunks=None, cache=False
        )
        for name, variable in dataset.variables.items():
            if variable.dtype.kind in _TEXT:
                changed[name] = variable.copy(data=variable.values.astype(object).astype(str))
            elif name not in dataset.indexes:
                changed[name] = variable.copy(data=_Parts(variable, path).lazy())
    except (KeyError, *_UNREADABLE) as error:
        raise _damaged(path, error) from error
    return dataset.assign(_only(dataset.data_vars, changed)).assign_coords(
        _only(dataset.coords, changed)
    )


class _Parts:
    """A variable on the disk, of which dask reads parts.

    Parameters
    ----------
    variable : Variable
        That reads what it is asked for, and keeps nothing.
    path : Path
        The folder that it is in.
    """

    def __init__(self, variable: xr.Variable, path: Path) -> None:
        self.shape, self.dtype, self.ndim = variable.shape, variable.dtype, variable.ndim
        self._variable, self._path = variable, path

    def __getitem__(self, key: Any) -> np.ndarray:
        try:
            part: np.ndarray = self._variable[key].to_numpy()
        except _UNREADABLE as error:
            self._check_there()
            raise _damaged(self._path, error) from error
        self._check_there()
        return part

    def lazy(self) -> Any:
        """All of it as a dask array."""
        import dask.array as da

        there = self._variable.encoding["preferred_chunks"]
        chunks = tuple(there[dim] for dim in self._variable.dims)
        return da.from_array(self, chunks=chunks, name=False, fancy=False)  # type: ignore[no-untyped-call]

    def _check_there(self) -> None:
        """Check that the folder, which is deleted by renaming, was there to the end."""
        if not os.path.isdir(self._path):
            raise ReplacedError(
                "the result was replaced while it was being read",
                file=self._path,
                hint="open it again",
            )


def _damaged(path: Path, error: Exception) -> DataError:
    if isinstance(error, PermissionError):
        return DataError(
            "cannot be read: Permission denied",
            file=path,
            hint="check that you may read this folder and all in it",
        )
    return DataError(
        f"is damaged: {error}",
        file=path,
        hint="delete this folder and run `mousegpt run` again to make it anew",
    )


def slices(dataset: xr.Dataset, dim: str, *, length: int = _GROUP) -> Iterator[xr.Dataset]:
    """Cut a Dataset, lazy or not, into blocks along a dimension."""
    size = dataset.sizes.get(dim, 0)
    if size <= length:
        yield dataset
        return
    for start in range(0, size, length):
        yield dataset.isel({dim: slice(start, start + length)})


def _only(names: Iterable[Any], changed: dict[Any, xr.Variable]) -> dict[Any, xr.Variable]:
    return {name: changed[name] for name in names if name in changed}


def _whole_chunks(
    blocks: Iterable[xr.Dataset], dim: str, group: int, size: int
) -> Iterator[xr.Dataset]:
    """Regroup blocks to at least `group` entries, all but the last a multiple of `size`."""
    waiting: list[xr.Dataset] = []
    first: xr.Dataset | None = None
    for number, block in enumerate(blocks):
        block = _prepare(block.compute())
        if first is None:
            first = block.isel({dim: slice(0, 0)}) if dim in block.dims else block
        else:
            _check_alike(first, block, dim, number)
        waiting.append(block)
        if sum(part.sizes.get(dim, 0) for part in waiting) < group:
            continue
        joined = _join(waiting, dim)
        whole = joined.sizes[dim] // size * size
        yield joined.isel({dim: slice(0, whole)})
        rest = joined.isel({dim: slice(whole, None)})
        # A copy, so that the few frames left over do not keep the whole block in memory.
        waiting = [rest.copy(deep=True)] if rest.sizes[dim] else []
        del joined, rest
    if waiting:
        yield _join(waiting, dim)


def _join(parts: list[xr.Dataset], dim: str) -> xr.Dataset:
    if len(parts) == 1:
        return parts[0]
    return xr.concat(
        parts,
        dim,
        data_vars="minimal",
        coords="minimal",
        compat="override",
        join="override",
        combine_attrs="override",
    )


def _prepare(block: xr.Dataset) -> xr.Dataset:
    """Text as objects (of any length on disk), plain attributes, no left-over encodings."""
    for name, variable in block.variables.items():
        if variable.dtype.kind not in _NUMERIC + _TEXT:
            raise DataError(
                f"variable {name!r} cannot be stored",
                expected="numbers, booleans or text",
                found=str(variable.dtype),
                hint=REPORT_IT,
            )
    text = {n: v.astype(object) for n, v in block.variables.items() if v.dtype.kind in "UT"}
    block = block.assign(_only(block.data_vars, text)).assign_coords(_only(block.coords, text))
    block = block.drop_encoding()
    block.attrs = _plain(block.attrs)
    for variable in block.variables.values():
        variable.attrs = _plain(variable.attrs)
    return block


def _plain(value: Any) -> Any:
    """Numbers and arrays of numpy as those of Python, which JSON knows."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    return value


def _check_alike(first: xr.Dataset, block: xr.Dataset, dim: str, number: int) -> None:
    place = f"block {number}"
    if dim not in first.dims:
        raise DataError(
            f"a second block without {dim!r}",
            place=place,
            hint=REPORT_IT,
        )
    if set(block.variables) != set(first.variables):
        differing = sorted(str(name) for name in set(block.variables) ^ set(first.variables))
        raise DataError(
            f"blocks differ in {', '.join(differing)}",
            place=place,
            hint=REPORT_IT,
        )
    for name, variable in first.variables.items():
        other = block.variables[name]
        same = other.dims == variable.dims and other.dtype == variable.dtype
        if same and dim not in variable.dims:
            same = bool(other.equals(variable))  # type: ignore[no-untyped-call]
        elif same:
            same = all(other.sizes[d] == variable.sizes[d] for d in variable.dims if d != dim)
        if not same:
            raise DataError(
                f"variable {name!r} differs from that of the first block",
                place=place,
                expected=f"{variable.dims} {variable.dtype}",
                found=f"{other.dims} {other.dtype}",
                hint=REPORT_IT,
            )


def _create(path: Path, block: xr.Dataset, dim: str, chunk: int, shard: int) -> None:
    from zarr.codecs import BloscCodec

    numbers = BloscCodec(cname="zstd", clevel=1, shuffle="bitshuffle")
    # No folder for each dimension: each would have to be brought to the disk.
    flat = {"name": "default", "separator": "."}
    encoding: dict[Any, dict[str, Any]] = {}
    for name, variable in block.variables.items():
        chunks = tuple(
            chunk if d == dim else max(size, 1)
            for d, size in zip(variable.dims, variable.shape, strict=True)
        )
        encoding[name] = {"chunks": chunks, "chunk_key_encoding": flat} if chunks else {}
        if shard and dim in variable.dims:
            files = (shard if d == dim else c for d, c in zip(variable.dims, chunks, strict=True))
            encoding[name]["shards"] = tuple(files)
        if variable.dtype.kind in _NUMERIC:
            encoding[name]["compressors"] = (numbers,)
    block.to_zarr(str(path), mode="w-", consolidated=False, zarr_format=3, encoding=encoding)


def _append(path: Path, block: xr.Dataset, dim: str) -> None:
    import zarr

    group = zarr.open_group(str(path), mode="r+", zarr_format=3)
    for name, variable in block.variables.items():
        if dim in variable.dims:
            array = group[str(name)]
            if not isinstance(array, zarr.Array):
                raise MouseGPTError(
                    f"{path}: {name!r} is not an array",
                    hint=REPORT_IT,
                )
            array.append(variable.values, axis=variable.dims.index(dim))
