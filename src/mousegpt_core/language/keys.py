"""Keys of servers: from the environment or the system's keyring, and never shown."""

from __future__ import annotations

import os

from pydantic import SecretStr

from mousegpt_core.errors import BackendCallError

#: Under this name keys lie in the keyring.
SERVICE = "mousegpt"
_SHOWN = "[key]"


def find_key(variable: str) -> SecretStr | None:
    """The key of that name; None if there is none, or no name is given.

    Parameters
    ----------
    variable : str
        Environment variable; the keyring, where the package `keyring` is installed, has it
        under service ``mousegpt`` and this name.

    Raises
    ------
    BackendCallError
        If it cannot be a key.
    """
    if not variable:
        return None
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
