"""The server's certificate, read again when it changes, without dropping a connection."""

from pathlib import Path

import grpc
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificates

from facenet_res.core.errors import ConfigInvalid
from facenet_res.server.security.fresh_file import FreshFile


def open_credentials(
    certificate: Path, key: Path, client_ca: Path | None
) -> grpc.ServerCredentials:
    """TLS for the server's port; new connections get what the files hold then.

    Args:
        certificate: chain in PEM, the server's own certificate first.
        key: its private key in PEM, without a password.
        client_ca: certificates in PEM of whom clients' certificates must come from; None asks
            clients for none.

    Raises:
        FileMissing, ConfigInvalid: a file is missing or damaged, or key and certificate do not
            belong together.
    """
    paths = (certificate, key, *((client_ca,) if client_ca else ()))
    files = FreshFile(paths, _configuration)
    last = files.get()

    def newer() -> grpc.ServerCertificateConfiguration | None:
        nonlocal last
        found = files.get()
        if found is last:
            return None
        last = found
        return found

    return grpc.dynamic_ssl_server_credentials(
        last,
        newer,  # type: ignore[arg-type]  # None for no change is allowed, not in the stubs
        require_client_authentication=client_ca is not None,
    )


def _configuration(
    certificate: bytes, key: bytes, client_ca: bytes | None = None
) -> grpc.ServerCertificateConfiguration:
    try:
        own = load_pem_x509_certificates(certificate)[0]
        private = load_pem_private_key(key, None)
        if client_ca is not None:
            load_pem_x509_certificates(client_ca)
    except (ValueError, TypeError) as error:
        raise ConfigInvalid(
            f"certificate, key or CA is no PEM file of its kind: {error}"
        ) from error
    if own.public_key() != private.public_key():
        # As happens while one of the two was replaced already.
        raise ConfigInvalid("the key does not belong to the certificate")
    return grpc.ssl_server_certificate_configuration([(key, certificate)], client_ca)
