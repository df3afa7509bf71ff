"""Gives a private key to `ssl`, which reads keys from files only: a file in memory, else one for a moment.

Encrypted besides, under a password that is never kept.
"""

import os
import ssl
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from escalate_daemon.trust.errors import TrustError


def load_chain(contexts: Sequence[ssl.SSLContext], pem: bytes, password: str, folders: Sequence[Path]) -> None:
    """Load key and certificate into the contexts.

    In memory where the system can; else in a temporary folder, else in one of `folders`. TrustError where none
    takes it.
    """
    reasons = []
    for place in _places(pem, folders):
        try:
            with place as path:
                for context in contexts:
                    context.load_cert_chain(path, password=password)
        except OSError as error:
            reasons.append(str(error))
        else:
            return
    raise TrustError(
        f"there is no place for a small file, and without one no key can be used ({'; '.join(reasons)})",
        "Make room in the temporary folder, or set TMPDIR to one that can be written; then: escalate daemon restart",
    )


def _places(pem: bytes, folders: Sequence[Path]) -> Iterator[AbstractContextManager[Path]]:
    if sys.platform == "linux":
        yield _in_memory(pem)
    for folder in (None, *folders):
        yield _in_folder(pem, folder)


if sys.platform == "linux":

    @contextmanager
    def _in_memory(pem: bytes) -> Iterator[Path]:
        """No disk has a part in it. OSError where there is no /proc, or the kernel forbids it."""
        with os.fdopen(os.memfd_create("escalate"), "wb", buffering=0) as file:
            file.write(pem)
            yield Path(f"/proc/self/fd/{file.fileno()}")


@contextmanager
def _in_folder(pem: bytes, parent: Path | None) -> Iterator[Path]:
    """A private folder for a moment; `parent` None: where the system puts such."""
    with tempfile.TemporaryDirectory(prefix="escalate-", dir=parent) as folder:
        path = Path(folder) / "chain.pem"
        path.touch(mode=0o600)
        path.write_bytes(pem)
        yield path
