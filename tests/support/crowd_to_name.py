"""What a scripted daemon knows in the tests of completion: names, groups and messages that shells stumble over."""

from typing import Final

import msgspec

from escalate_daemon.ipc import protocol
from support.objects import SPACE, escalation, member
from support.scripted import Script

DISK: Final = "disk at $HOME is full: `df -h`"
HOME: Final = "$HOME is full"
SHE: Final = 'she said "no" & it\'s bad'
BACK: Final = r"back\slash and *?[x]{a,b}"
HURRY: Final = "hurry!"
MESSAGES: Final = [DISK, HOME, SHE, BACK, HURRY]
SAM: Final = "Sam O'Neil"
TICK: Final = "Tick `date` $(id)"
ROOM: Final = "Blue room"


def script() -> Script:
    """Its answers."""
    ana = member(me=True, groups=("desk",))
    sam = member(SAM, groups=("team", "night shift"))
    room = msgspec.structs.replace(member("Ben", groups=("team", "leads"), presence="room"), room=ROOM)
    others = [member(name) for name in ("Åsa Öberg", TICK, 'Dr "Who"', "eve@desk", "eve~3f2a", "yes!", "~tilde")]
    return Script(
        answers={
            protocol.WhoRequest: protocol.WhoReply(space=SPACE, members=[ana, sam, room, *others], other_spaces=0),
            protocol.RecentRequest: protocol.RecentReply(messages=MESSAGES),
            protocol.ListRequest: protocol.ListReply(escalations=[escalation(ana), escalation(sam)]),
            protocol.InviteListRequest: protocol.InviteListReply(
                invites=[protocol.Invite(id="k3y9", expires_at="2026-11-23T15:00:00Z", uses=1, used=0)]
            ),
        }
    )
