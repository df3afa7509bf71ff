"""Who belongs to the space: introductions, each signed by a member admitted before, up to the creator.

What a roster holds does not hang on the order in which it heard: a member keeps the introduction that makes
its chain shortest, so that replicas agree on whom CHAIN_MAX still admits.
"""

from collections.abc import Callable, Sequence
from typing import Final

from escalate_daemon.core import tuning
from escalate_daemon.core.ids import MemberId, SpaceId, member_id, space_id_of_creator
from escalate_daemon.core.slots import Introduction
from escalate_daemon.core.wire import WireError

Verifier = Callable[[bytes, bytes, bytes], bool]  # public key, signature, data

KEY_BYTES: Final = 32  # Ed25519
NONCE_BYTES: Final = 16
_SIGNATURE_BYTES: Final = 64
_DOMAIN: Final = b"escalate introduction 1\0"


class SpaceFullError(WireError):
    """One more member than this space may hold: nobody's fault, but not admitted."""


def introduction_bytes(space: SpaceId, key: bytes, name: str, by: bytes, nonce: bytes) -> bytes:
    """What an introducer signs: each part with its length before it, so that no two of them look alike."""
    parts = (space, key, name.encode("utf-8", "replace"), by, nonce)
    return _DOMAIN + b"".join(len(part).to_bytes(4, "big") + part for part in parts)


class Roster:
    """The admitted members of one space, each with its introduction. Nobody is ever taken off.

    Closed space: the creator is whose key and nonce hash to the space id; it signs its own introduction.
    Open space: any key is a member by an introduction with neither introducer, nonce nor signature.
    """

    def __init__(self, space: SpaceId, open_space: bool, verifier: Verifier) -> None:
        self._space = space
        self._open = open_space
        self._verify = verifier
        self._limit = tuning.OPEN_MEMBERS_MAX if open_space else tuning.MEMBERS_MAX
        self._admitted: dict[MemberId, Introduction] = {}
        self._creator: MemberId | None = None
        self._depths: dict[MemberId, int] = {}

    def __contains__(self, member: object) -> bool:
        return member in self._admitted

    def __len__(self) -> int:
        return len(self._admitted)

    @property
    def full(self) -> bool:
        """Nobody more is admitted: honest daemons introduce nobody then."""
        return len(self._admitted) >= self._limit

    @property
    def creator(self) -> MemberId | None:
        """Who made the space; None in an open one, or before the creator's introduction was seen."""
        return self._creator

    def members(self) -> tuple[MemberId, ...]:
        """All admitted, introducers before those they introduced."""
        return tuple(sorted(self._admitted, key=lambda member: (self.depth(member), member)))

    def key_of(self, member: MemberId) -> bytes | None:
        """The member's public key; None if it is not admitted."""
        intro = self._admitted.get(member)
        return None if intro is None else intro.key

    def introducer_of(self, member: MemberId) -> MemberId | None:
        """Who introduced the member; None for the creator, in open spaces, and for strangers."""
        intro = self._admitted.get(member)
        return MemberId(intro.by) if intro is not None and intro.by else None

    def depth(self, member: MemberId) -> int:
        """Introductions in the member's chain, its own included; 0 for strangers."""
        depth = self._depths.get(member)
        if depth is None:
            depth = len(self.chain_of(member))
            if depth:
                self._depths[member] = depth
        return depth

    def chain_of(self, member: MemberId) -> tuple[Introduction, ...]:
        """From the creator to the member; empty for strangers."""
        chain: list[Introduction] = []
        intro = self._admitted.get(member)
        while intro is not None:
            chain.append(intro)
            intro = self._admitted.get(MemberId(intro.by))
        return tuple(reversed(chain))

    def admit(self, intro: Introduction) -> bool:
        """Whether the introduced is a member now: its introducer is one, the signature holds, there is room.

        Idempotent. False also where the introducer is merely not known yet: offer it again later.
        """
        try:
            _check_form(intro)
            return self._admit(intro)
        except WireError:
            return False

    def admit_chain(self, chain: Sequence[Introduction]) -> list[MemberId]:
        """Admits all of a chain, creator first, and gives those who were not admitted before.

        All or nothing: WireError for any bad link, an empty or too long chain; SpaceFullError for no room.
        """
        self._check_chain(chain)
        fresh = [member_id(intro.key) for intro in chain if member_id(intro.key) not in self._admitted]
        if len(self._admitted) + len(fresh) > self._limit:
            raise SpaceFullError(f"the space is full: {self._limit} members")
        for intro in chain:
            self._keep(intro)
        return fresh

    def _check_chain(self, chain: Sequence[Introduction]) -> None:
        if not 0 < len(chain) <= (1 if self._open else tuning.CHAIN_MAX):
            raise WireError(f"a chain of {len(chain)} introductions")
        if len({intro.key for intro in chain}) != len(chain):
            raise WireError("a chain names one key twice")
        above: Introduction | None = None
        for intro in chain:
            _check_form(intro)
            if intro.by != (b"" if above is None else member_id(above.key)):
                raise WireError("a chain's introduction is not by the one before it")
            held = self._admitted.get(member_id(intro.key))
            if held is not None and held.key != intro.key:
                raise WireError("another key has this member's id")
            if held != intro:
                self._check(intro, above)
            above = intro

    def _check(self, intro: Introduction, above: Introduction | None) -> None:
        """WireError unless the introduction holds, its introducer being `above` (None: it has none)."""
        if self._open:
            if intro.by or intro.nonce or intro.sig:
                raise WireError("an open space has no introducers")
            return
        if above is None:
            if space_id_of_creator(intro.key, intro.nonce) != self._space:
                raise WireError("not the creator of this space")
            signer = intro.key
        elif intro.nonce:
            raise WireError("only the creator's introduction has a nonce")
        else:
            signer = above.key
        data = introduction_bytes(self._space, intro.key, intro.name, intro.by, intro.nonce)
        if not self._verify(signer, intro.sig, data):
            raise WireError("an introduction's signature is wrong")

    def _admit(self, intro: Introduction) -> bool:
        member = member_id(intro.key)
        held = self._admitted.get(member)
        if held is not None and held.key != intro.key:
            return False
        above = self._admitted.get(MemberId(intro.by)) if intro.by else None
        if intro.by and above is None:
            return held is not None
        if held is not None and (intro == held or not self._is_better(intro, held)):
            return True
        depth = 1 if above is None else self.depth(member_id(above.key)) + 1
        if depth > tuning.CHAIN_MAX or (held is None and self.full):
            return held is not None
        try:
            self._check(intro, above)
        except WireError:
            return held is not None
        self._keep(intro)
        return True

    def _keep(self, intro: Introduction) -> None:
        member = member_id(intro.key)
        held = self._admitted.get(member)
        if held is None or self._is_better(intro, held):
            self._admitted[member] = intro
            if held is not None:
                self._depths.clear()  # all whom it introduced may be nearer now
        if not self._open and not intro.by:
            self._creator = member

    def _is_better(self, intro: Introduction, held: Introduction) -> bool:
        """Shorter chain first; then any fixed order, so that replicas agree whichever came first."""
        return self._rank(intro) < self._rank(held)

    def _rank(self, intro: Introduction) -> tuple[int, bytes, str, bytes]:
        above = self.depth(MemberId(intro.by)) if intro.by else 0
        return (above, intro.by, intro.name, intro.sig)


def _check_form(intro: Introduction) -> None:
    """WireError unless the introduction's parts have their sizes."""
    if len(intro.key) != KEY_BYTES or len(intro.by) not in (0, len(member_id(b""))):
        raise WireError("an introduction's parts have wrong sizes")
    if len(intro.nonce) > NONCE_BYTES or len(intro.sig) > _SIGNATURE_BYTES:
        raise WireError("an introduction's parts have wrong sizes")
    if len(intro.name.encode("utf-8", "replace")) > tuning.NAME_BYTES:
        raise WireError("an introduced name is too long")
