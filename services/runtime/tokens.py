"""Tokens that this house signs itself: its key, kept in the data folder for its owner alone, and what a token says.

It must not know what a role may do: that is for the doors.
"""

from __future__ import annotations

import datetime as dt
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final

import jwt
import msgspec

from domain.kernel import Refusal
from domain.values import Invalid, code

ISSUER: Final = "counterfoil"
ALGORITHM: Final = "EdDSA"
ROLES: Final = ("store", "store-manager", "buyer", "finance", "headquarters", "auditor", "operator")
OF_STORES: Final = frozenset({"store", "store-manager"})
SCOPES: Final = ("read", "write")
DAYS_LIMIT: Final = 400
_OTHERS: Final = 0o077


class KeyExposed(Refusal):
    """The key may be read by others than its owner, so nothing it has signed proves anything."""

    code = "key_exposed"
    kind = "conflict"


class NoSuchToken(Refusal):
    """A token that would mean nothing."""

    code = "no_such_token"
    kind = "invalid"


class SignedToken(msgspec.Struct, frozen=True):
    """A token, the id by which it can be revoked, and its last moment (UTC)."""

    token: str
    jti: str
    expires: dt.datetime


def key_path(folder: Path) -> Path:
    """Where the key lies."""
    return folder / "key.json"


def local_key(folder: Path) -> dict[str, str]:
    """This house's private key (Ed25519) as a JWK, made when there is none.

    Raises:
        KeyExposed: others may read it.
    """
    path = key_path(folder)
    if not path.exists():
        _make_key(path)
    mode = path.stat().st_mode & 0o777
    if mode & _OTHERS:
        raise KeyExposed(f"{path} may be read by others (mode {mode:o}): make it 600, or delete it and sign anew")
    return msgspec.json.decode(path.read_bytes(), type=dict[str, str])


def _make_key(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 - slow to load

    jwk: dict[str, str] = jwt.algorithms.OKPAlgorithm.to_jwk(Ed25519PrivateKey.generate(), as_dict=True)
    jwk |= {"kid": secrets.token_hex(8), "alg": ALGORITHM}
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.encode(jwk))
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(draft)  # whoever comes second keeps the first one's key
    except FileExistsError:
        return
    finally:
        draft.unlink()


def sign(
    folder: Path,
    role: str,
    stores: Sequence[str],
    days: int,
    now: dt.datetime,
    *,
    actor: str = "",
    scopes: Sequence[str] = SCOPES,
    audience: str = "counterfoil",
) -> SignedToken:
    """A token for a role, good from `now` for so many days.

    Raises:
        NoSuchToken: there is no such role, its stores are missing or too many, or the days are out of bounds.
    """
    if role not in ROLES:
        raise NoSuchToken(f"there is no role {role!r}; there are {', '.join(ROLES)}", "/role")
    if (role in OF_STORES) != bool(stores):
        words = "needs its stores" if role in OF_STORES else "is not of single stores"
        raise NoSuchToken(f"the role {role} {words}", "/stores")
    if not 1 <= days <= DAYS_LIMIT:
        raise NoSuchToken(f"a token is good for 1 to {DAYS_LIMIT} days", "/days")
    for text in (*stores, actor or role):
        try:
            code(text)
        except Invalid as invalid:
            raise NoSuchToken(f"{text[:40]!r} {invalid}", "/stores") from None
    key = local_key(folder)
    jti = secrets.token_hex(12)
    begins = int(now.timestamp())
    expires = begins + days * 86_400
    claims = {
        "iss": ISSUER, "aud": audience, "sub": actor or role, "jti": jti, "iat": begins, "nbf": begins, "exp": expires,
        "role": role, "stores": list(stores), "scope": " ".join(scopes),
    }  # fmt: skip
    signer = jwt.PyJWK.from_dict(key, ALGORITHM).key
    token = jwt.encode(claims, signer, ALGORITHM, headers={"kid": key["kid"]})
    return SignedToken(token, jti, dt.datetime.fromtimestamp(expires, dt.UTC))


def revoked_path(folder: Path) -> Path:
    """Where the ids of revoked tokens lie, one a line; what follows a `#` is for people."""
    return folder / "revoked"


def revoke(folder: Path, jti: str) -> None:
    """Let a token be good no more, from the next request on.

    Raises:
        NoSuchToken: it is no id of a token, or nothing was ever signed in this folder.
    """
    try:
        code(jti)
    except Invalid as invalid:
        raise NoSuchToken(f"the id of the token {invalid}", "/revoke") from None
    if not key_path(folder).exists():
        raise NoSuchToken(f"no token was ever signed in {folder}", "/revoke")
    with revoked_path(folder).open("a+b") as file:
        if file.tell() and not _ends_a_line(file):
            file.write(b"\n")
        file.write(jti.encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _ends_a_line(file: BinaryIO) -> bool:
    """Whether nobody left a line unfinished; the file is written to at its end, wherever it is read."""
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"
