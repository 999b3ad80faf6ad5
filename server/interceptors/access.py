"""Who calls, and whether they may; before anything of the call is read."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

from facenet_res.core.errors import Unauthenticated
from facenet_res.server.context import Call
from facenet_res.server.interceptors.unary import Serve
from facenet_res.server.security.api_keys import find_key, parse_keys
from facenet_res.server.security.fresh_file import FreshFile
from facenet_res.server.security.scopes import EVERYTHING, check_allowed
from facenet_res.server.security.tokens import TokenChecker

API_KEY: Final = "x-api-key"
AUTHORIZATION: Final = "authorization"
_BEARER: Final = "bearer "
_NAMES: Final = ("x509_subject_alternative_name", "x509_common_name")

Check = Callable[[Serve, Call], Awaitable[bytes]]


class Access:
    """Names the caller by its credential, and checks its scopes."""

    def __init__(
        self,
        gallery: str,
        api_keys: Path | None = None,
        tokens: TokenChecker | None = None,
        *,
        has_client_certificates: bool = False,
    ) -> None:
        """Takes what credentials are checked against.

        Args:
            gallery: name of the gallery that is served.
            api_keys: file of API keys; None accepts none.
            tokens: checks bearer tokens; None accepts none.
            has_client_certificates: whether TLS has checked the caller's certificate, which then
                names it and, where neither keys nor tokens are in use, allows everything.

        Raises:
            FileMissing, ConfigInvalid: the file of API keys.
        """
        self._gallery = gallery
        self._keys = FreshFile((api_keys,), parse_keys) if api_keys else None
        self._tokens = tokens
        self._has_client_certificates = has_client_certificates

    async def __call__(self, inner: Serve, call: Call) -> bytes:
        """Serves the call if its credential allows it.

        Raises:
            Unauthenticated: it has no valid credential.
            PermissionDenied: the credential does not allow it.
        """
        if self._keys or self._tokens:
            call.caller, scopes = self._checked(call.metadata)
            check_allowed(call.method, self._gallery, scopes)
        elif self._has_client_certificates:
            call.caller = _certificate_of(call)
            check_allowed(call.method, self._gallery, {EVERYTHING})
        return await inner(call)

    def _checked(self, metadata: Mapping[str, str]) -> tuple[str, frozenset[str]]:
        presented = metadata.get(API_KEY, "")
        if self._keys and presented:
            key = find_key(self._keys.get(), presented)
            if key is None:
                raise Unauthenticated("the API key is unknown or revoked")
            return f"key:{key.key_id}", frozenset(key.scopes)
        bearer = metadata.get(AUTHORIZATION, "")
        if self._tokens and bearer.lower().startswith(_BEARER):
            claims = self._tokens.check(bearer[len(_BEARER) :])
            return f"subject:{claims.subject}", claims.scopes
        accepted = " or ".join(
            [API_KEY] * bool(self._keys) + [f"{AUTHORIZATION}: Bearer"] * bool(self._tokens)
        )
        raise Unauthenticated(f"the call has no credential; send {accepted}")


def _certificate_of(call: Call) -> str:
    found = call.context.auth_context()
    names = next((found[name] for name in _NAMES if found.get(name)), None)
    name = next(iter(names or ()), b"").decode(errors="replace")
    return f"certificate:{name}" if name else call.caller
