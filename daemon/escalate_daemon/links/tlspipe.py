"""TLS without a socket: bytes from the peer go in, plain bytes and bytes for the peer come out.

asyncio's own TLS holds a buffer of 256 KiB a connection, and shows a connection only after its handshake, too
late for limits on the unfinished. Sans-IO: no clock, no socket.
"""

import contextlib
import ssl
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_CHUNK: Final = 16 * 1024  # one TLS record


class TlsPipe:
    """One end. `start`, `feed` and `write` may raise `ssl.SSLError`; the pipe is of no use after that."""

    def __init__(self, context: ssl.SSLContext, server_name: str | None) -> None:
        """The client's end where `server_name` is given, else the server's."""
        self._in = ssl.MemoryBIO()
        self._out = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_side=server_name is None, server_hostname=server_name)
        self._secured = False
        self._ended = False

    @property
    def tls(self) -> ssl.SSLObject:
        """The TLS object, as the server name callback knows it."""
        return self._tls

    @property
    def secured(self) -> bool:
        """The handshake is done on this side; a client may still be refused by the other."""
        return self._secured

    @property
    def ended(self) -> bool:
        """The peer said in order that it sends no more."""
        return self._ended

    def start(self) -> None:
        """Begins the handshake."""
        self._shake()

    def feed(self, raw: bytes) -> bytes:
        """Bytes from the peer; gives the plain bytes in them."""
        self._in.write(raw)
        if not self._secured:
            self._shake()
        return self._read() if self._secured else b""

    def write(self, plain: bytes) -> None:
        """Encrypts; only once secured."""
        left = memoryview(plain)
        while left:
            left = left[self._tls.write(left) :]

    def end(self) -> None:
        """Says in order that no more is sent; never raises, as what the peer sends meanwhile is not read."""
        if self._secured:
            with contextlib.suppress(ssl.SSLError):
                self._tls.unwrap()

    def outgoing(self) -> bytes:
        """Takes the bytes that are to go to the peer."""
        return self._out.read()

    def peer_key(self) -> bytes | None:
        """The Ed25519 key that the peer proved; None for another kind of key."""
        certificate = self._tls.getpeercert(binary_form=True)
        if certificate is None:
            return None
        try:
            key = x509.load_der_x509_certificate(certificate).public_key()
        except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion):
            return None
        return key.public_bytes_raw() if isinstance(key, Ed25519PublicKey) else None

    def _shake(self) -> None:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return
        self._secured = True

    def _read(self) -> bytes:
        parts: list[bytes] = []
        try:
            while part := self._tls.read(_CHUNK):
                parts.append(part)
            self._ended = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self._ended = True
        return b"".join(parts)
