"""Who is at the other end of a socket."""

import os
import socket

import pytest

from escalate_daemon.ipc import peer


def test_my_own_process_passes() -> None:
    one, other = socket.socketpair()
    with one, other:
        assert peer.peer_uid(one) == os.geteuid()
        peer.check_peer(one)


def test_another_users_process_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    stranger = os.geteuid() + 1
    one, other = socket.socketpair()
    with one, other:
        monkeypatch.setattr(os, "geteuid", lambda: stranger)
        with pytest.raises(peer.WrongPeer):
            peer.check_peer(one)
