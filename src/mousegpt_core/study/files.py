"""Files that are either old or new, never half; names that every system can store."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mousegpt_core.errors import DataError, MouseGPTError

_NAME = re.compile(r"\w(?:[\w .\-]*[\w\-])?")
_RESERVED = {"CON", "PRN", "AUX", "NUL"} | {
    f"{port}{n}" for port in ("COM", "LPT") for n in range(10)
}
_LONGEST_NAME = 80
_BLOCK = 1 << 16
#: Files up to this size are hashed whole (tables of poses); of larger ones (films) 16 blocks are.
_HASHED_WHOLE = 32 << 20


def validate_name(name: str, what: str = "id") -> str:
    """Check a name that becomes a folder or file on any system, and return it normalised.

    Parameters
    ----------
    name : str
        Letters of any script, digits, space, ``-``, ``_`` and ``.``.
    what : str
        What it names, for the message.

    Raises
    ------
    DataError
        If it could leave its folder, is too long, or is reserved on Windows.
    """
    name = unicodedata.normalize("NFC", name)
    reserved = name.partition(".")[0].strip().upper() in _RESERVED
    if not _NAME.fullmatch(name) or reserved or len(name) > _LONGEST_NAME:
        raise DataError(
            f"{name!r} cannot be the {what}",
            expected=f"up to {_LONGEST_NAME} letters, digits, spaces, '-', '_' and '.'",
            hint=f"for example {safe_name(name)!r}",
        )
    return name


def safe_name(text: str) -> str:
    """A valid name made from any text, e.g. from the name of a film."""
    name = re.sub(r"[^\w .\-]+", "-", unicodedata.normalize("NFC", text)).strip(" .-")
    name = name[:_LONGEST_NAME].strip(" .-") or "recording"
    return f"{name}-1" if name.partition(".")[0].strip().upper() in _RESERVED else name


def fingerprint(path: Path) -> str:
    """Hash that tells a file from another one without reading a whole film.

    Files up to 32 MiB are read whole, of larger ones the size and 16 blocks spread over the file;
    of a folder the names and sizes of what is in it.

    Raises
    ------
    DataError
        If the file cannot be read.
    """
    path = Path(path)
    try:
        if path.is_dir():
            return _folder_fingerprint(path)
        size = path.stat().st_size
        digest = hashlib.sha256(str(size).encode())
        with path.open("rb") as stream:
            if size <= _HASHED_WHOLE:
                for block in iter(lambda: stream.read(_BLOCK), b""):
                    digest.update(block)
            else:
                for index in range(16):
                    stream.seek((size - _BLOCK) * index // 15)
                    digest.update(stream.read(_BLOCK))
    except OSError as error:
        raise DataError(
            f"cannot be read: {error.strerror or error}", file=path, hint="check the path"
        ) from error
    return digest.hexdigest()[:16]


def _folder_fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            name = path.relative_to(folder).as_posix()
            digest.update(f"{name}\0{path.stat().st_size}\0".encode())
    return digest.hexdigest()[:16]


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say in plain words why something cannot be written.

    Raises
    ------
    MouseGPTError
        In place of any ``OSError``.
    """
    try:
        yield
    except MouseGPTError:
        raise
    except OSError as error:
        raise MouseGPTError(
            f"{path}: cannot be written: {error}",
            hint="check that the folder is writable and the disk is not full",
        ) from error


def check_new_file(path: Path) -> None:
    """Refuse, before any work, a file that is there already or could not be made.

    Raises
    ------
    DataError
        If there is a file or a folder of that name, or no folder to make it in.
    """
    if path.exists():
        raise DataError(
            "the file is there already", file=path, hint="choose another name, or delete it"
        )
    check_folder(path.absolute().parent)


def check_folder(path: Path) -> None:
    """Refuse, before any work, a folder that is not there and could not be made.

    Raises
    ------
    DataError
        If a file is in the way, or the folder or drive above it is not there, or may not be
        written to.
    """
    above = (path.absolute(), *path.absolute().parents)
    nearest = next((each for each in above if each.exists()), None)
    if nearest is None:
        raise DataError("there is no such drive", file=path, hint="choose another place")
    if not nearest.is_dir():
        raise DataError("a file is in the way", file=nearest, expected="a folder",
                        hint="choose another place")  # fmt: skip
    if not os.access(nearest, os.W_OK):
        raise DataError("you may not write here", file=nearest, hint="choose another place")


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Say in plain words why something cannot be read.

    Raises
    ------
    DataError
        In place of any ``OSError``.
    """
    try:
        yield
    except MouseGPTError:
        raise
    except OSError as error:
        raise DataError(
            f"cannot be read: {error.strerror or error}",
            file=path,
            hint="check that the file exists and that you may read it",
        ) from error


def sync_path(path: Path) -> None:
    """Wait until a file or the list of a folder's names is on the disk."""
    if path.is_dir() and os.name == "nt":  # Windows cannot open folders
        return
    # Windows flushes only handles that may write; elsewhere reading is enough.
    handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_tree(path: Path) -> None:
    """`sync_path` for a file or for a folder with all that is in it."""
    if path.is_dir():
        for folder, _, names in os.walk(path):
            for name in names:
                sync_path(Path(folder, name))
            sync_path(Path(folder))
    else:
        sync_path(path)


def replace(source: Path, target: Path) -> None:
    """`os.replace` that waits out readers, which block it on Windows only."""
    for patience in (0.05, 0.2, 1.0, 0.0):
        try:
            os.replace(source, target)
        except PermissionError:
            if os.name != "nt" or not patience:
                raise
            time.sleep(patience)
        else:
            return


def write_atomic(path: Path, content: str | bytes) -> None:
    """Replace a file by new content; whoever reads it sees the old or the new.

    Raises
    ------
    MouseGPTError
        If it cannot be written.
    """
    data = content.encode() if isinstance(content, str) else content
    # The process id keeps two writers apart; whatever is left behind by a kill is swept.
    temporary = path.with_name(f".writing-{path.name}-{os.getpid()}")
    with writing(path):
        try:
            with temporary.open("wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            replace(temporary, path)
        except BaseException:
            remove(temporary)
            raise
        sync_path(path.parent)


def remove(path: Path) -> None:
    """Delete a file or folder if it is there; what cannot be deleted now stays."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return
