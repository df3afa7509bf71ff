"""A member by asyncio's own TLS: another implementation at the far end, and one that need not behave."""

import asyncio
import dataclasses

from escalate_daemon.core.wire import encode
from escalate_daemon.trust.contexts import MEMBER_SNI, member_context_pair
from support.linked import Linked, joined


class Frozen:
    """A member that links by asyncio's own TLS, says hello, and then does as the test likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def come(cls, to: Linked, *, hello: bool = True) -> "Frozen":
        ben = joined(to.events.membership, "Ben")
        context = member_context_pair(ben.identity, ben.secret, ben.epoch).client
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", to.links.port, ssl=context, server_hostname=MEMBER_SNI, limit=1024
        )
        if hello:
            words = encode(dataclasses.replace(to.events, membership=ben).hello(probe=False))
            writer.write(len(words).to_bytes(4, "big") + words)
        return cls(reader, writer)
