"""Keys of servers: from the environment or the system's keyring, and never shown."""

from __future__ import annotations

import os
import re

from pydantic import SecretStr

from mousegpt_core.errors import BackendCallError

#: Under this name keys lie in the keyring.
SERVICE = "mousegpt"
_SHOWN = "[key]"
#: What names are like, and keys are not.
_NAME = re.compile("[A-Z][A-Z0-9_]*")


def find_key(variable: str) -> SecretStr | None:
    """The key of that name; None if there is none, or no name is given.

    Parameters
    ----------
    variable : str
        Environment variable, in capitals; the keyring, where the package `keyring` is installed,
        has it under service ``mousegpt`` and this name.

    Raises
    ------
    BackendCallError
        If it cannot be a key, or the name cannot be a name: then it may be a key, and is not said.
    """
    if not variable:
        return None
    if not _NAME.fullmatch(variable):
        raise BackendCallError(
            "key_variable is the name of what holds the key, such as OPENAI_API_KEY: capitals, "
            "digits and _",
            hint="if you wrote the key itself there, take it out, and set a variable instead",
        )
    key = (os.environ.get(variable) or _from_keyring(variable) or "").strip()
    if not key:
        return None
    if not (key.isascii() and key.isprintable()):
        raise BackendCallError(
            f"what {variable} holds is no key: it has characters that no key has",
            hint=f"copy the key again; then: {how_to_set(variable)}",
        )
    return SecretStr(key)


def key_place(variable: str) -> str:
    """Where `find_key` finds a key: ``"environment"`` or ``"keyring"``; ``""`` = nowhere."""
    if not variable:
        return ""
    if (os.environ.get(variable) or "").strip():
        return "environment"
    return "keyring" if (_from_keyring(variable) or "").strip() else ""


def how_to_set(variable: str) -> str:
    """What to do to have a key."""
    return f"set the environment variable {variable}, or run: keyring set {SERVICE} {variable}"


def without_key(text: str, key: SecretStr | None) -> str:
    """A text of a server, less the key, which some servers repeat."""
    return text if key is None else text.replace(key.get_secret_value(), _SHOWN)


def _from_keyring(variable: str) -> str | None:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ModuleNotFoundError:
        return None
    try:
        found: str | None = keyring.get_password(SERVICE, variable)
    except KeyringError:
        return None  # locked, or no keyring on this system
    return found
