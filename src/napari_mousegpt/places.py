"""Where the plugin keeps what it makes itself."""

from __future__ import annotations

import getpass
import os
from pathlib import Path


def sample_folder() -> Path:
    """Folder of the sample study: in the user's cache, or where ``MOUSEGPT_SAMPLE`` says."""
    given = os.environ.get("MOUSEGPT_SAMPLE")
    if given:
        return Path(given)
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("napari-mousegpt")) / "sample"


def user_name() -> str:
    """Who sits here, as they prefer, or as the system calls them; ``""`` where nobody says."""
    from napari_mousegpt.preferences import preferences

    if preferred := preferences().name:
        return preferred
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
