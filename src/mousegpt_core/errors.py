"""The errors of the project: what went wrong, where, and what to do next.

::

    MouseGPTError
    ├ SettingsError(ValueError)
    ├ DataError(ValueError)
    │ ├ FormatError
    │ │ ├ SeveralViewsError
    │ │ └ UnnamedKeypointsError
    │ ├ CalibrationError
    │ └ SkeletonError
    ├ VideoError(OSError)
    ├ StudyLockedError(RuntimeError)
    ├ StageMissingError(FileNotFoundError)
    └ BackendError
      ├ UnknownBackendError(LookupError)
      ├ MissingDependencyError(ImportError)
      ├ BackendCallError
      └ InvalidResponseError
"""

from __future__ import annotations

import re
from pathlib import Path

#: The remedy where only we can help.
REPORT_IT = "this is a fault of the program; please report it with this message"

_PLAIN = re.compile(r"[\w./\\:~@%+=,-]+")


def typed(path: Path) -> str:
    """A path as it is typed in a command: in quotes where it has a space or the like."""
    text = str(path)
    return text if _PLAIN.fullmatch(text) else f'"{text}"'


class MouseGPTError(Exception):
    """Base of all errors that a user can do something about.

    Parameters
    ----------
    message : str
        What went wrong, in one sentence.
    hint : str
        What to do next.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  -> {self.hint}" if self.hint else self.message


class SettingsError(MouseGPTError, ValueError):
    """A setting is unknown, of the wrong kind or out of its range."""


class DataError(MouseGPTError, ValueError):
    """Something in a user's data is not as it must be.

    Parameters
    ----------
    message : str
        What went wrong.
    file : Path, optional
        The file it was found in.
    place : str, optional
        Where in the file: ``"row 12"``, ``"frame 40"``, ``"dataset 'tracks'"``.
    expected, found : str, optional
        What should be there, and what is.
    hint : str
        What to do next.
    """

    def __init__(
        self,
        message: str,
        *,
        file: Path | str | None = None,
        place: str = "",
        expected: str = "",
        found: str = "",
        hint: str = "",
    ) -> None:
        self.file = Path(file) if file is not None else None
        self.place = place
        self.expected = expected
        self.found = found
        where = ", ".join(part for part in (str(file) if file is not None else "", place) if part)
        text = f"{where}: {message}" if where else message
        if expected:
            text += f" (expected {expected}" + (f", found {found})" if found else ")")
        elif found:
            text += f" (found {found})"
        super().__init__(text, hint=hint)


class ReplacedError(DataError):
    """A result was made anew while it was being read."""


class FormatError(DataError):
    """A file is not of the format it is read as, or is damaged."""


class SeveralViewsError(FormatError):
    """A file holds several views, and which one to read was not said.

    Parameters
    ----------
    message, file, hint
        As of `DataError`.
    views : tuple of str
        Their names.
    """

    def __init__(self, message: str, *, file: Path, views: tuple[str, ...], hint: str) -> None:
        self.views = views
        super().__init__(message, file=file, found=", ".join(views), hint=hint)


class UnnamedKeypointsError(FormatError):
    """A file does not name its keypoints, and they were not named.

    Parameters
    ----------
    message, file, found, hint
        As of `DataError`.
    count : int or None
        How many they are; None = the file may be read in several ways.
    """

    def __init__(
        self, message: str, *, file: Path, count: int | None, found: str = "", hint: str
    ) -> None:
        self.count = count
        super().__init__(message, file=file, found=found, hint=hint)


class CalibrationError(DataError):
    """A camera calibration is missing, impossible or contradicts the data."""


class SkeletonError(DataError):
    """Keypoints and skeleton do not fit each other."""


class VideoError(MouseGPTError, OSError):
    """A film cannot be opened or a frame cannot be decoded."""


class StudyLockedError(MouseGPTError, RuntimeError):
    """Another process works on the same part of the study."""


class StageMissingError(MouseGPTError, FileNotFoundError):
    """A result is asked for whose stage has not been run."""


class BackendError(MouseGPTError):
    """A describer, embedder, pose estimator or language model failed."""


class UnknownBackendError(BackendError, LookupError):
    """No backend of that name is known."""


class MissingDependencyError(BackendError, ImportError):
    """An optional package is not installed.

    Parameters
    ----------
    package : str
        The package that could not be imported.
    extra : str
        The extra of this distribution that brings it.
    purpose : str
        What it is needed for.
    """

    def __init__(self, package: str, *, extra: str, purpose: str) -> None:
        self.package = package
        self.extra = extra
        super().__init__(
            f"{purpose} needs the package {package!r}, which is not installed",
            hint=f'pip install "napari-mousegpt[{extra}]"',
        )


class BackendCallError(BackendError):
    """A call of a backend failed.

    Parameters
    ----------
    message : str
        What went wrong.
    retryable : bool
        Whether the same call may succeed later.
    status : int, optional
        HTTP status, where there is one.
    hint : str
        What to do next.

    Attributes
    ----------
    retries : int
        How many times the call was made again, in vain.
    """

    def __init__(
        self, message: str, *, retryable: bool = False, status: int | None = None, hint: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.retryable = retryable
        self.status = status
        self.retries = 0


class InvalidResponseError(BackendError):
    """A backend answered, but not with what was asked for."""
