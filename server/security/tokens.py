"""JSON Web Tokens of an identity provider, checked against its keys in a JWKS file.

Source: RFC 7519, RFC 7517, RFC 8725 (best practices).
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import jwt

from facenet_res.core.errors import ConfigInvalid, Unauthenticated
from facenet_res.server.security.fresh_file import FreshFile

ALGORITHMS: Final = ("EdDSA", "ES256", "RS256")
LEEWAY_S: Final = 30.0
_REQUIRED: Final = ("exp", "aud", "sub")


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid token says.

    Attributes:
        subject: whom it was issued to.
        scopes: of its claim `scope`, apart by spaces.
    """

    subject: str
    scopes: frozenset[str]


class TokenChecker:
    """Checks tokens for one audience."""

    def __init__(self, jwks: Path, audience: str, issuer: str = "") -> None:
        """Reads the keys.

        Args:
            jwks: a JWKS file; read again when it changes.
            audience: that a token must be for.
            issuer: that must have issued it; "" for any whose key is in the file.

        Raises:
            FileMissing, ConfigInvalid: the file.
        """
        self._keys = FreshFile((jwks,), _parsed)
        self._audience = audience
        self._issuer = issuer or None

    def check(self, token: str) -> Claims:
        """What a token says.

        Raises:
            Unauthenticated: it is not valid, is not meant for this server, or has expired.
        """
        try:
            header = jwt.get_unverified_header(token)
            key = self._key(header)
            said: dict[str, Any] = jwt.decode(
                token,
                key.key,
                # The key's own algorithm: a token does not choose how it is checked.
                algorithms=[key.algorithm_name],
                audience=self._audience,
                issuer=self._issuer,
                leeway=LEEWAY_S,
                options={"require": list(_REQUIRED)},
            )
        except (jwt.PyJWTError, ValueError) as error:
            raise Unauthenticated(f"the token is not valid: {error}") from error
        scope = said.get("scope", "")
        words = scope.split() if isinstance(scope, str) else ()
        return Claims(str(said["sub"]), frozenset(words))

    def _key(self, header: dict[str, Any]) -> jwt.PyJWK:
        keys, key_id = self._keys.get(), header.get("kid")
        found = [key for key in keys if key_id is None or key.key_id == key_id]
        if len(found) != 1:
            raise Unauthenticated(f"the token's key {key_id!r} is not among those of the JWKS file")
        return found[0]


def _parsed(data: bytes) -> list[jwt.PyJWK]:
    try:
        keys = jwt.PyJWKSet.from_dict(json.loads(data)).keys
    except (jwt.PyJWTError, ValueError, AttributeError) as error:
        raise ConfigInvalid(f"the JWKS file is damaged: {error}") from error
    for key in keys:
        if key.algorithm_name not in ALGORITHMS:
            raise ConfigInvalid(
                f"key {key.key_id!r} of the JWKS file is for {key.algorithm_name}, allowed are "
                f"{', '.join(ALGORITHMS)}"
            )
    return list(keys)
