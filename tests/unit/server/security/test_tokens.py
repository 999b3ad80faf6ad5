"""Tokens: only those of the right key, algorithm, audience and time."""

import json
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import ECAlgorithm, OKPAlgorithm

from facenet_res.core.errors import ConfigInvalid, Unauthenticated
from facenet_res.server.security.tokens import TokenChecker

KEY = Ed25519PrivateKey.generate()
OTHER = Ed25519PrivateKey.generate()
EC_KEY = generate_private_key(SECP256R1())


@pytest.fixture
def checker(tmp_path: Path) -> TokenChecker:
    path = tmp_path / "jwks.json"
    ed = {**json.loads(OKPAlgorithm.to_jwk(KEY.public_key())), "kid": "ed", "alg": "EdDSA"}
    ec = {**json.loads(ECAlgorithm.to_jwk(EC_KEY.public_key())), "kid": "ec", "alg": "ES256"}
    path.write_text(json.dumps({"keys": [ed, ec]}))
    return TokenChecker(path, "faces", "https://issuer.example")


def claims(**changes: Any) -> dict[str, Any]:
    usual = {
        "sub": "ada",
        "aud": "faces",
        "iss": "https://issuer.example",
        "exp": time.time() + 60,
        "scope": "gallery.read gallery.identify:staff",
    }
    return {name: value for name, value in {**usual, **changes}.items() if value is not None}


def token(key: Any = KEY, algorithm: str = "EdDSA", kid: str = "ed", **changes: Any) -> str:
    return jwt.encode(claims(**changes), key, algorithm, headers={"kid": kid})


def test_a_valid_token_names_its_subject_and_scopes(checker: TokenChecker) -> None:
    for each in (token(), token(EC_KEY, "ES256", "ec")):
        found = checker.check(each)
        assert found.subject == "ada"
        assert found.scopes == {"gallery.read", "gallery.identify:staff"}


@pytest.mark.parametrize(
    "wrong",
    [
        token(OTHER),
        token(kid="unknown"),
        token(aud="others"),
        token(iss="https://elsewhere.example"),
        token(exp=time.time() - 3600),
        token(exp=None),
        token(aud=None),
        token(sub=None),
        token("a secret that is long enough to sign a token by HMAC", "HS256"),
        jwt.encode(claims(), None, "none", headers={"kid": "ed"}),
        token()[:-4],
        "not a token",
        "",
    ],
)
def test_any_other_token_is_refused(checker: TokenChecker, wrong: str) -> None:
    with pytest.raises(Unauthenticated):
        checker.check(wrong)


def test_keys_of_other_algorithms_are_refused_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": [{"kty": "oct", "k": "c2VjcmV0", "alg": "HS256"}]}))
    with pytest.raises(ConfigInvalid, match="HS256"):
        TokenChecker(path, "faces")
    path.write_text("{")
    with pytest.raises(ConfigInvalid, match="damaged"):
        TokenChecker(path, "faces")
