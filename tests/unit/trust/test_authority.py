import asyncio
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from escalate_daemon.trust.authority import Authority, invite_authority, space_authority
from escalate_daemon.trust.contexts import (
    MEMBER_SNI,
    ContextPair,
    door_context_pair,
    member_context_pair,
    sni_for_invite,
)
from escalate_daemon.trust.identity import Identity

SECRET = b"s" * 32


def der(authority: Authority) -> bytes:
    return authority.certificate.public_bytes(Encoding.DER)


def test_everybody_with_the_secret_makes_the_same_certificate() -> None:
    assert der(space_authority(SECRET, 0)) == der(space_authority(SECRET, 0))
    assert der(invite_authority(SECRET)) == der(invite_authority(SECRET))


def test_secret_epoch_and_purpose_each_make_another_authority() -> None:
    made = {
        der(space_authority(SECRET, 0)),
        der(space_authority(SECRET, 1)),
        der(space_authority(b"t" * 32, 0)),
        der(invite_authority(SECRET)),
    }
    assert len(made) == 4


def test_certificates_tell_no_names_and_never_end() -> None:
    authority = space_authority(SECRET, 0)
    leaf = authority.issue(Identity.generate().signing.public_key())
    for certificate in (authority.certificate, leaf):
        assert certificate.not_valid_before_utc.year == 2000
        assert certificate.not_valid_after_utc.year == 9999
        (subject,) = certificate.subject
        assert set(str(subject.value)) <= set("0123456789abcdef")
        certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
        with pytest.raises(x509.ExtensionNotFound):
            certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)


def test_label_of_an_invite_is_a_server_name_and_betrays_no_secret() -> None:
    label = sni_for_invite(b"i" * 16)
    assert label == sni_for_invite(b"i" * 16) != sni_for_invite(b"j" * 16)
    assert len(label) == 32
    assert b"i".hex() * 4 not in label
    assert label != MEMBER_SNI


def test_contexts_ask_for_certificates_under_tls_1_3_without_tickets() -> None:
    pair = member_context_pair(Identity.generate(), SECRET, 0)
    for context in (pair.server, pair.client):
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert not context.check_hostname
        assert context.minimum_version is ssl.TLSVersion.TLSv1_3
        assert context.verify_flags & ssl.VERIFY_X509_STRICT
    assert pair.server.num_tickets == 0


# --- Who meets whom, over real TLS --------------------------------------------------------------------
async def _meet(server: ssl.SSLContext, client: ssl.SSLContext) -> bool:
    """Whether a word goes through both ways: only then did both sides accept."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(await reader.readexactly(4))
            await writer.drain()
        except (OSError, EOFError):
            pass
        finally:
            writer.transport.abort()

    listening = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=server)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client, server_hostname=MEMBER_SNI)
        except OSError:
            return False
        try:
            writer.write(b"word")
            return await reader.readexactly(4) == b"word"
        except (OSError, EOFError):
            return False
        finally:
            writer.transport.abort()


def member(secret: bytes = SECRET, epoch: int = 0) -> ContextPair:
    return member_context_pair(Identity.generate(), secret, epoch)


def test_members_of_one_space_and_epoch_meet() -> None:
    assert asyncio.run(_meet(member().server, member().client))


@pytest.mark.parametrize(
    "other",
    [
        member(b"t" * 32),
        member(epoch=1),
        door_context_pair(Identity.generate(), SECRET),
    ],
    ids=["another space", "another epoch", "an invite's door"],
)
def test_others_are_refused_by_both_sides(other: ContextPair) -> None:
    assert not asyncio.run(_meet(member().server, other.client))
    assert not asyncio.run(_meet(other.server, member().client))


def test_client_without_a_certificate_is_refused() -> None:
    bare = ssl.create_default_context()
    bare.check_hostname = False
    bare.verify_mode = ssl.CERT_NONE
    assert not asyncio.run(_meet(member().server, bare))


def test_each_side_verifies_even_where_the_other_does_not() -> None:
    lax = member(b"t" * 32)
    for context in (lax.server, lax.client):
        context.verify_mode = ssl.CERT_NONE
    assert not asyncio.run(_meet(member().server, lax.client))
    assert not asyncio.run(_meet(lax.server, member().client))
