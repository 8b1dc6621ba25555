"""Settings: typed, closed, hashable; the base of every options model of the project."""

from __future__ import annotations

import hashlib
import json
import tomllib
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from mousegpt_core.errors import SettingsError


def content_hash(value: Any, *, length: int = 12) -> str:
    """Hash of a JSON-able value, independent of key order.

    Parameters
    ----------
    value : Any
        Numbers, strings, lists and dictionaries; anything else by its ``str``.
    length : int
        Number of hexadecimal digits.
    """
    text = json.dumps(value, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:length]


class Settings(BaseModel):
    """Base of all settings: unknown keys are refused, values cannot change."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def parse(cls, values: dict[str, Any], *, source: str = "settings") -> Self:
        """Validate a dictionary.

        Raises
        ------
        SettingsError
            Names the key, what was expected and the keys that exist.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise _explain(error, source=source, known=list(cls.model_fields)) from error

    @classmethod
    def from_toml(cls, path: Path) -> Self:
        """Read and validate a TOML file.

        Raises
        ------
        SettingsError
            If the file is not TOML or does not fit.
        """
        return cls.parse(read_toml(path), source=str(path))

    def fingerprint(self) -> dict[str, Any]:
        """JSON-able values, for provenance and hashing."""
        return self.model_dump(mode="json")


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises
    ------
    SettingsError
        If it cannot be read; names the file and the place.
    """
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SettingsError(f"{path}: no such file", hint="check the path") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: not UTF-8 text", hint="save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not valid TOML: {error}", hint="mend that line") from error


def _explain(error: ValidationError, *, source: str, known: list[str]) -> SettingsError:
    """Say a pydantic error in words."""
    lines, hint = [], "correct the value, or leave it out to take the default"
    for item in error.errors():
        place = ".".join(str(part) for part in item["loc"]) or "(top)"
        if item["type"] == "extra_forbidden":
            lines.append(f"{place}: no such key")
            hint = "known keys: " + ", ".join(known)
            continue
        if item["type"] == "missing":
            lines.append(f"{place}: must be given")
            hint = f"give a value of {place}; it has no default"
            continue
        found = item["input"]
        said = item["msg"].removeprefix("Value error, ")
        plain = isinstance(found, str | int | float) and len(str(found)) < 80
        lines.append(f"{place}: {said}" + (f" (found {found!r})" if plain else ""))
    return SettingsError(f"{source}: " + "; ".join(lines), hint=hint)
