"""An inviter without a daemon: its doors, its book, and a house that notes what happens."""

import asyncio
from dataclasses import dataclass, field

from escalate_daemon.trust import doorwords
from escalate_daemon.trust.book import InviteBook, Moment
from escalate_daemon.trust.contexts import sni_for_invite
from escalate_daemon.trust.door import InviteDoors, Joined, OpenGrant
from escalate_daemon.trust.doorwords import Knock, Sorry, Welcome
from escalate_daemon.trust.membership import Membership, create_space

ONE_USE, REUSABLE = b"o" * 16, b"r" * 16
KNOCK = doorwords.encode(Knock("Ben", "ws-12"))


@dataclass
class FakeHouse:
    now: int = 0
    granted: list[OpenGrant] = field(default_factory=list)
    is_full: bool = False
    disk_full: bool = False
    happened: list[bytes | Joined] = field(default_factory=list)

    def moment(self) -> Moment:
        return Moment(self.now, self.now)

    def grants(self) -> list[OpenGrant]:
        return self.granted

    def full(self) -> bool:
        return self.is_full

    async def keep_invites(self, data: bytes) -> bool:
        await asyncio.sleep(0)
        self.happened.append(data)
        return not self.disk_full

    def joined(self, joined: Joined) -> None:
        self.happened.append(joined)


@dataclass
class Inviter:
    membership: Membership
    house: FakeHouse
    book: InviteBook
    doors: InviteDoors

    def knock(self, key: bytes, secret: bytes = ONE_USE, request: bytes = KNOCK) -> Welcome | Sorry | None:
        door = self.doors.door(sni_for_invite(secret))
        assert door is not None
        answer = asyncio.run(door.answer(request, key, "192.0.2.2"))
        return None if answer is None else doorwords.decode_answer(answer)


def inviter(membership: Membership | None = None) -> Inviter:
    membership = membership or create_space("Floor 3", "Ana")
    house, book = FakeHouse(granted=[OpenGrant("g1", REUSABLE, over=False)]), InviteBook()
    book.issue(ONE_USE, house.moment())
    return Inviter(membership, house, book, InviteDoors(membership, book, house))
