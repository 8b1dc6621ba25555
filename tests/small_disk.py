"""A small disk of its own, for tests of what happens when it is full or read-only."""

from __future__ import annotations

import subprocess
import time
from contextlib import suppress
from pathlib import Path

_DISK_MB = 24


class Disk:
    """A small disk of its own, in memory.

    Parameters
    ----------
    place : Path
        Where it is mounted; a folder.

    Raises
    ------
    OSError, CalledProcessError
        Where one may not mount.
    """

    def __init__(self, place: Path) -> None:
        self.place, self._filler = place, place / "filler"
        self._mount("-t", "tmpfs", "-o", f"size={_DISK_MB}m", "tmpfs")

    def fill(self) -> None:
        """Leave no room."""
        with self._filler.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(4096))

    def make_room(self) -> None:
        """Leave room again."""
        self._filler.unlink()

    def protect(self) -> None:
        """Let nobody write; whoever writes just now is waited for."""
        for _ in range(100):
            with suppress(subprocess.CalledProcessError):
                return self._mount("-o", "remount,ro")
            time.sleep(0.05)
        raise AssertionError("the disk is busy")

    def release(self) -> None:
        """Let all write again."""
        self._mount("-o", "remount,rw")

    def close(self) -> None:
        """Give it up, with what it holds."""
        subprocess.run(["umount", "-l", str(self.place)], check=False)

    def _mount(self, *options: str) -> None:
        subprocess.run(["mount", *options, str(self.place)], check=True, capture_output=True)
