"""What a server must prove, and what we prove to it."""

from __future__ import annotations

import os
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import InputError

NO_PASSPHRASE = ""
"""Given for an encrypted key, so that OpenSSL refuses it instead of asking on the terminal that the screen owns."""


@dataclass(frozen=True, slots=True)
class Tls:
    """TLS of one server. Files are read when the first connection is made; `*_data` is PEM and wins over its file."""

    ca_file: str = ""
    ca_data: bytes = b""
    insecure: bool = False
    """Nothing is checked. Callers say so where the source's health is shown."""
    cert_file: str = ""
    key_file: str = ""
    cert_data: bytes = b""
    key_data: bytes = b""
    server_name: str = ""
    """Expected name in the certificate where it differs from the address (SNI)."""

    def context(self) -> ssl.SSLContext:
        """Raises `InputError` naming the file that cannot be used. Takes tens of milliseconds: not on a loop."""
        context = self._trusting()
        if self.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self.cert_data or self.cert_file:
            self._prove(context)
        return context

    def _trusting(self) -> ssl.SSLContext:
        if self.ca_data or self.ca_file:
            try:
                data = self.ca_data.decode() if self.ca_data else None
                return ssl.create_default_context(cafile=None if data else self.ca_file, cadata=data)
            except (OSError, ValueError) as error:
                raise InputError(
                    "CA certificate cannot be used",
                    f"{self.ca_file or 'inline data'}: {reason(error)}",
                    "Give a PEM file with the CA of this server.",
                ) from error
        paths = ssl.get_default_verify_paths()
        if paths.cafile or paths.capath or os.environ.get(paths.openssl_cafile_env):
            return ssl.create_default_context()
        import certifi

        return ssl.create_default_context(cafile=certifi.where())

    def _prove(self, context: ssl.SSLContext) -> None:
        """Load the client certificate. OpenSSL reads files only: inline data lies in a private one for that moment."""
        try:
            if not self.cert_data:
                context.load_cert_chain(self.cert_file, self.key_file or None, password=NO_PASSPHRASE)
                return
            with tempfile.TemporaryDirectory(prefix="drifttui-") as folder:
                path = Path(folder, "client.pem")
                path.touch(mode=0o600)
                path.write_bytes(self.cert_data + b"\n" + self.key_data)
                context.load_cert_chain(path, password=NO_PASSPHRASE)
        except (OSError, ValueError) as error:
            raise InputError(
                "Client certificate cannot be used",
                f"{self.cert_file or 'inline data'}: {reason(error)}",
                "Give a PEM certificate and its key.",
            ) from error


def reason(error: BaseException) -> str:
    """The words of an OS or TLS error without its numbers."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message or "certificate verification failed"
    if isinstance(error, ssl.SSLError):
        return error.reason.replace("_", " ").lower() if error.reason else str(error)
    return getattr(error, "strerror", None) or str(error)
