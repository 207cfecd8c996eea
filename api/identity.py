"""Who is calling: bearer tokens, checked against keys that are trusted here, and nothing else.

A key says which algorithm it is for; what a token's header says beyond the id of its key is not believed. Keys are this
house's own and, when set, those of an identity provider. It must not know what anybody may do.
"""

from __future__ import annotations

import urllib.parse
import urllib.request
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import jwt
import msgspec

from domain.kernel import Refusal
from domain.values import CODE
from services.runtime.settings import Settings
from services.runtime.tokens import ALGORITHM, ISSUER, OF_STORES, ROLES, local_key, revoked_path

LEEWAY: Final = 30  # seconds that two clocks may differ
TOKEN_LIMIT: Final = 8_192  # characters
STORES_LIMIT: Final = 500
REMEMBERED: Final = 2_000
REFRESH_SECONDS: Final = 60
JWKS_LIMIT: Final = 256 * 1024
_OF_KEY: Final = {("RSA", ""): "RS256", ("EC", "P-256"): "ES256", ("EC", "P-384"): "ES384", ("OKP", "Ed25519"): "EdDSA"}
_TAKEN: Final = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})


class Unauthenticated(Refusal):
    """There is no token, or it is not good."""

    code = "unauthenticated"
    kind = "forbidden"


class Caller(msgspec.Struct, frozen=True):
    """Who is calling, as far as the token says: an opaque code, a role, stores, scopes, and the token's id."""

    actor: str
    role: str
    stores: frozenset[str]
    scopes: frozenset[str]
    jti: str


class TrustedKey(msgspec.Struct, frozen=True):
    """A key, the one algorithm it is for, and whose tokens it signs."""

    key: Any
    algorithm: str
    issuer: str


class _Claims(msgspec.Struct, frozen=True):
    """What a token must say, and of which type; what else it says does not matter."""

    sub: str
    jti: str
    iss: str
    iat: int
    nbf: int
    exp: int
    role: str
    stores: list[str] = []
    scope: str = ""


class Identity:
    """Checks tokens. `clock` gives the present moment."""

    def __init__(self, settings: Settings, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._clock = clock
        self._own = _own_keys(settings.data)
        self._others: dict[str, TrustedKey] = {}
        self._asked_at = 0.0
        self._checked: OrderedDict[str, tuple[Caller, _Claims]] = OrderedDict()
        self._revoked: frozenset[str] = frozenset()
        self._revoked_at: tuple[int, int] = (0, 0)
        if settings.issuer_keys:
            self.refresh()

    def caller(self, authorization: str | None) -> Caller:
        """Who is calling, from the header `Authorization`.

        Raises:
            Unauthenticated: there is no token, or it is not good now.
        """
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated("a token is needed: send the header Authorization with Bearer and the token")
        found = self._checked.get(token)
        if found is None:
            found = self._check(token)
            self._checked[token] = found
            if len(self._checked) > REMEMBERED:
                self._checked.popitem(last=False)
        caller, claims = found
        self._in_time(claims)
        if caller.jti in self._revoked_now():
            raise Unauthenticated("this token has been revoked")
        return caller

    def wants_refresh(self, authorization: str | None) -> bool:
        """Whether a token names a key that its issuer may have published since its keys were last fetched."""
        if not self._settings.issuer_keys or self._clock().timestamp() - self._asked_at < REFRESH_SECONDS:
            return False
        token = (authorization or "").partition(" ")[2]
        kid = _header(token).get("kid") if 0 < len(token) <= TOKEN_LIMIT else None
        return isinstance(kid, str) and kid not in self._own and kid not in self._others

    def refresh(self) -> None:
        """Fetch the identity provider's keys again; those held stay when that fails. Blocks."""
        self._asked_at = self._clock().timestamp()
        self._others = _read_jwks(_fetched(self._settings.issuer_keys), self._settings.issuer)
        self._checked.clear()  # a key that is published no more signs nothing any more

    def _check(self, token: str) -> tuple[Caller, _Claims]:
        kid = _header(token).get("kid") if len(token) <= TOKEN_LIMIT else None
        key = self._own.get(kid) or self._others.get(kid) if isinstance(kid, str) else None
        if key is None:
            raise Unauthenticated("this token was signed with a key that is not known here")
        try:
            payload = jwt.decode_complete(
                token,
                key.key,
                algorithms=[key.algorithm],
                audience=self._settings.audience,
                issuer=key.issuer,
                options={
                    "require": ["exp", "nbf", "iat", "aud", "iss", "sub", "jti"],
                    "verify_exp": False,  # checked each time, by our own clock
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )["payload"]
            claims = msgspec.convert(payload, _Claims)
        except (jwt.PyJWTError, msgspec.ValidationError, ValueError):
            raise Unauthenticated("this token is not one that is good here") from None
        return _caller(claims), claims

    def _in_time(self, claims: _Claims) -> None:
        now = self._clock().timestamp()
        if now >= claims.exp + LEEWAY:
            raise Unauthenticated("this token has expired: ask for a new one")
        if now < max(claims.nbf, claims.iat) - LEEWAY:
            raise Unauthenticated("this token is not good yet: compare the clocks")

    def _revoked_now(self) -> frozenset[str]:
        path = revoked_path(self._settings.data)
        try:
            stat = path.stat()
        except FileNotFoundError:
            self._revoked, self._revoked_at = frozenset(), (0, 0)
            return self._revoked
        if (stat.st_mtime_ns, stat.st_size) != self._revoked_at:
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            self._revoked = frozenset(line.partition("#")[0].strip() for line in lines)
            self._revoked_at = (stat.st_mtime_ns, stat.st_size)
        return self._revoked


def _header(token: str) -> dict[str, Any]:
    try:
        return jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError):
        raise Unauthenticated("this is not a token that can be read") from None


def _caller(claims: _Claims) -> Caller:
    """The caller that a token's claims make, if they mean something here."""
    if claims.role not in ROLES:
        raise Unauthenticated("this token names no role that there is here")
    if (claims.role in OF_STORES) != bool(claims.stores) or len(claims.stores) > STORES_LIMIT:
        raise Unauthenticated("this token names no stores, or more than its role has")
    if any(CODE.fullmatch(text) is None for text in (claims.sub, claims.jti, *claims.stores)):
        raise Unauthenticated("this token names its bearer or its stores by something that is no code")
    return Caller(claims.sub, claims.role, frozenset(claims.stores), frozenset(claims.scope.split()), claims.jti)


def _own_keys(folder: Path) -> dict[str, TrustedKey]:
    jwk = local_key(folder)
    public = {name: value for name, value in jwk.items() if name != "d"}
    return {jwk["kid"]: TrustedKey(jwt.PyJWK.from_dict(public, ALGORITHM).key, ALGORITHM, ISSUER)}


def _fetched(source: str) -> bytes:
    """The bytes of a JWKS: of a file, or by https (plain http only from this machine)."""
    url = urllib.parse.urlsplit(source)
    if url.scheme not in {"http", "https"}:
        return Path(url.path if url.scheme == "file" else source).read_bytes()
    if url.scheme == "http" and url.hostname not in {"localhost", "127.0.0.1", "::1"}:
        raise ValueError(f"keys are fetched by https only, not from {source}")
    with urllib.request.urlopen(source, timeout=5) as answer:  # noqa: S310 - the scheme was looked at
        body: bytes = answer.read(JWKS_LIMIT + 1)
    if len(body) > JWKS_LIMIT:
        raise ValueError(f"the keys at {source} are more than {JWKS_LIMIT:,} bytes")
    return body


def _read_jwks(body: bytes, issuer: str) -> dict[str, TrustedKey]:
    """The public keys of a JWKS by their id; shared secrets and keys without an id or for encryption are left out."""
    found: dict[str, TrustedKey] = {}
    for jwk in msgspec.json.decode(body, type=dict[str, list[dict[str, Any]]]).get("keys", []):
        curve = jwk.get("crv", "") if jwk.get("kty") != "RSA" else ""
        algorithm = jwk.get("alg") or _OF_KEY.get((jwk.get("kty", ""), curve))
        kid = jwk.get("kid")
        if jwk.get("kty") == "oct" or algorithm not in _TAKEN or not kid or jwk.get("use", "sig") != "sig":
            continue
        public = {name: value for name, value in jwk.items() if name not in {"d", "p", "q", "dp", "dq", "qi"}}
        found[kid] = TrustedKey(jwt.PyJWK.from_dict(public, algorithm).key, algorithm, issuer)
    return found
