"""Only a good token opens a door, and only as far as it says."""

from __future__ import annotations

import base64
import datetime as dt
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from services.runtime.tokens import KeyExposed, NoSuchToken, key_path, local_key, revoke, sign
from tests.support.house import a_store
from tests.support.http import Entrance, open_entrance, problem_of

ASKED = "/hq/sales"
NOW = int(time.time())
CLAIMS: dict[str, Any] = {
    "iss": "counterfoil", "aud": "counterfoil", "sub": "hq", "jti": "t-1", "iat": NOW - 100, "nbf": NOW - 100,
    "exp": NOW + 3_600, "role": "headquarters", "stores": [], "scope": "read write",
}  # fmt: skip


def signed(folder: Path, claims: dict[str, Any], **header: Any) -> str:
    """A token with our own key, saying whatever it says."""
    key = local_key(folder)
    headers = {name: value for name, value in {"kid": key["kid"], **header}.items() if value is not None}
    return jwt.encode(claims, jwt.PyJWK.from_dict(key, "EdDSA").key, "EdDSA", headers=headers)


def unsigned(folder: Path) -> str:
    parts = [{"alg": "none", "kid": local_key(folder)["kid"]}, CLAIMS]
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + "."


def by_another_key(folder: Path) -> str:
    return jwt.encode(CLAIMS, Ed25519PrivateKey.generate(), "EdDSA", headers={"kid": local_key(folder)["kid"]})


def by_the_public_key_as_a_secret(folder: Path) -> str:
    key = local_key(folder)
    secret = base64.urlsafe_b64decode(key["x"] + "=")
    return jwt.encode(CLAIMS, secret, "HS256", headers={"kid": key["kid"]})


def with_(name: str, value: Any) -> Callable[[Path], str]:
    return lambda folder: signed(folder, CLAIMS | {name: value})


def without(name: str) -> Callable[[Path], str]:
    return lambda folder: signed(folder, {each: value for each, value in CLAIMS.items() if each != name})


BAD: dict[str, Callable[[Path], str]] = {
    "no token": lambda _: "",
    "not a token": lambda _: "abc.def.ghi",
    "one that is far too long": lambda _: "a" * 100_000,
    "alg none": unsigned,
    "another key": by_another_key,
    "the public key as a secret": by_the_public_key_as_a_secret,
    "a key id that nobody knows": lambda folder: signed(folder, CLAIMS, kid="other"),
    "no key id": lambda folder: signed(folder, CLAIMS, kid=None),
    "another audience": with_("aud", "someone-else"),
    "another issuer": with_("iss", "someone-else"),
    "expired": with_("exp", NOW - 3_600),
    "not good yet": with_("nbf", NOW + 3_600),
    "made in the future": with_("iat", NOW + 3_600),
    "an expiry that is no number": with_("exp", "soon"),
    "an endless expiry": with_("exp", 1e308),
    "no such role": with_("role", "owner"),
    "stores that its role has not": with_("stores", ["1"]),
    "a bearer that is no code": with_("sub", "x\nInjected: 1"),
    **{f"no {name}": without(name) for name in ("iss", "aud", "sub", "jti", "iat", "nbf", "exp", "role")},
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_token_opens_nothing(entrance: Entrance, case: str) -> None:
    response = entrance.when("GET", ASKED, BAD[case](entrance.folder))
    problem_of(response, 401, "unauthenticated")
    assert response.headers["www-authenticate"].startswith("Bearer")


def test_a_good_token_opens(entrance: Entrance) -> None:
    assert entrance.when("GET", ASKED, signed(entrance.folder, CLAIMS)).status_code == 200
    assert entrance.when("GET", ASKED, entrance.token("headquarters")).status_code == 200


@pytest.mark.parametrize("header", ["Basic eDp5", "Bearer", "bearer  ", "Token x"])
def test_another_scheme_opens_nothing(entrance: Entrance, header: str) -> None:
    problem_of(entrance.when("GET", ASKED, Authorization=header), 401, "unauthenticated")


@pytest.mark.parametrize("scope", ["", "write", "reading"])
def test_a_token_without_the_scope_opens_nothing(entrance: Entrance, scope: str) -> None:
    problem_of(entrance.when("GET", ASKED, signed(entrance.folder, CLAIMS | {"scope": scope})), 403, "not_allowed")


def test_a_revoked_token_opens_nothing_from_then_on(entrance: Entrance) -> None:
    token = signed(entrance.folder, CLAIMS)
    assert entrance.when("GET", ASKED, token).status_code == 200
    revoke(entrance.folder, "t-1")
    problem_of(entrance.when("GET", ASKED, token), 401, "unauthenticated")


def test_a_token_that_was_good_expires(entrance: Entrance) -> None:
    token = signed(entrance.folder, CLAIMS | {"exp": NOW + 3_600})
    assert entrance.when("GET", ASKED, token).status_code == 200
    entrance.doors.identity._clock = lambda: dt.datetime.now(dt.UTC) + dt.timedelta(hours=2)
    problem_of(entrance.when("GET", ASKED, token), 401, "unauthenticated")


# -- an identity provider


def published(path: Path) -> dict[str, Any]:
    """Two keys of a provider, one of them a shared secret, with their private parts."""
    rs, ed = generate_private_key(65_537, 2_048), Ed25519PrivateKey.generate()
    jwks = [
        jwt.algorithms.RSAAlgorithm.to_jwk(rs.public_key(), as_dict=True) | {"kid": "rs"},
        jwt.algorithms.OKPAlgorithm.to_jwk(ed.public_key(), as_dict=True) | {"kid": "ed", "alg": "EdDSA"},
        {"kty": "oct", "kid": "shared", "alg": "HS256", "k": base64.urlsafe_b64encode(b"s" * 32).decode()},
    ]
    path.write_text(json.dumps({"keys": jwks}))
    return {"rs": rs, "ed": ed}


def test_tokens_of_an_identity_provider_open_with_the_algorithm_of_their_key_alone(tmp_path: Path) -> None:
    keys = published(tmp_path / "jwks.json")
    claims = CLAIMS | {"iss": "https://id.example"}
    settings = {"issuer": "https://id.example", "issuer_keys": str(tmp_path / "jwks.json")}
    with open_entrance(tmp_path / "folder", a_store("1"), **settings) as entrance:

        def opens(key: Any, algorithm: str, kid: str, said: dict[str, Any] = claims) -> bool:
            token = jwt.encode(said, key, algorithm, headers={"kid": kid})
            return entrance.when("GET", ASKED, token).status_code == 200

        assert opens(keys["rs"], "RS256", "rs")
        assert opens(keys["ed"], "EdDSA", "ed")
        assert not opens(keys["rs"], "RS512", "rs")
        assert not opens(keys["ed"], "EdDSA", "rs")
        assert not opens(keys["rs"], "RS256", "ed")
        assert not opens(b"s" * 32, "HS256", "shared")
        assert not opens(keys["rs"], "RS256", "rs", CLAIMS)
        assert not opens(keys["ed"], "EdDSA", local_key(entrance.folder)["kid"], CLAIMS)


# -- the key and what is signed


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    first = local_key(tmp_path)
    assert local_key(tmp_path) == first
    assert key_path(tmp_path).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["key.json"]
    key_path(tmp_path).chmod(0o640)
    with pytest.raises(KeyExposed):
        local_key(tmp_path)


@pytest.mark.parametrize(
    ("role", "stores", "days"),
    [
        ("owner", [], 1),
        ("store", [], 1),
        ("auditor", ["1"], 1),
        ("buyer", [], 0),
        ("buyer", [], 401),
        ("store", ["a b"], 1),
    ],
)
def test_a_token_that_would_mean_nothing_is_not_signed(tmp_path: Path, role: str, stores: list[str], days: int) -> None:
    with pytest.raises(NoSuchToken):
        sign(tmp_path, role, stores, days, dt.datetime.now(dt.UTC))
