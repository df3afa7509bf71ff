import asyncio
import errno
import socket

import pytest

from escalate_daemon.links import listen
from escalate_daemon.trust.membership import create_space
from support.linked import Up, joined, linked


def without(family: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that lacks this family of addresses."""
    real = socket.socket

    def missing(kind: int, type_: int) -> socket.socket:
        if kind == family:
            raise OSError(errno.EAFNOSUPPORT, "not supported")
        return real(kind, type_)

    monkeypatch.setattr(socket, "socket", missing)


def closed(sockets: list[socket.socket]) -> list[int]:
    for one in sockets:
        one.close()
    return [one.family for one in sockets]


def test_both_families_listen_on_one_port() -> None:
    sockets = listen.listen(0)
    ports = {one.getsockname()[1] for one in sockets}
    families = closed(sockets)
    assert len(ports) == 1
    assert socket.AF_INET in families
    if socket.has_ipv6 and len(families) == 1:
        pytest.skip("this machine has no IPv6")


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_machine_with_one_family_listens_on_the_other(family: int, monkeypatch: pytest.MonkeyPatch) -> None:
    if family == socket.AF_INET and len(closed(listen.listen(0))) == 1:
        pytest.skip("this machine has no IPv6")
    without(family, monkeypatch)
    assert family not in closed(listen.listen(0))


def test_taken_port_is_refused_and_leaves_no_socket_open() -> None:
    held = listen.listen(0)
    port = held[0].getsockname()[1]
    with pytest.raises(OSError, match="in use"):
        listen.listen(port)
    closed(held)


def test_links_take_another_port_where_theirs_is_taken_and_say_so() -> None:
    async def scenario() -> None:
        with socket.create_server(("0.0.0.0", 0)) as held:
            port = held.getsockname()[1]
            async with linked(port=port) as one:
                assert one.links.port != port
                assert one.links.port_was_taken
        async with linked(port=port) as one:
            assert one.links.port == port
            assert not one.links.port_was_taken

    asyncio.run(scenario())


def test_links_come_up_over_ipv6() -> None:
    if len(closed(listen.listen(0))) == 1:
        pytest.skip("this machine has no IPv6")

    async def scenario() -> None:
        ana = create_space("Floor", "Ana")
        async with linked(ana) as one, linked(joined(ana, "Ben")) as two:
            up = await one.dial(f"[::1]:{two.links.port}")
            assert isinstance(up, Up)
            assert up.peer.address == f"[::1]:{two.links.port}"

    asyncio.run(scenario())
