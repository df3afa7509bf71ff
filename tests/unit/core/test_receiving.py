from escalate_daemon.core import slots
from escalate_daemon.core.receiving import Receiving
from escalate_daemon.core.replica import Replica
from escalate_daemon.core.slots import Receipt, Receipts
from support.core_cast import cast_of

CAST = cast_of("ana", "ben", "cem")
ANA, BEN, CEM = (CAST.id(name) for name in CAST.names)


def test_receipts_are_found_by_hand_and_owner_as_they_come_change_and_go() -> None:
    replica = Replica()
    receiving = Receiving(replica)

    def reports(who: str, seq: int, *receipts: Receipt) -> None:
        replica.put(CAST.held(CAST.record(who, slots.RECEIPTS, Receipts(receipts), (1, seq))))

    reports("ana", 1, Receipt("one", BEN, 5), Receipt("two", CEM, 7))
    reports("cem", 1, Receipt("one", BEN, 6), Receipt("one", ANA, 9))
    assert receiving.of("one", BEN) == {ANA: Receipt("one", BEN, 5), CEM: Receipt("one", BEN, 6)}
    assert receiving.of("one", ANA) == {CEM: Receipt("one", ANA, 9)}
    reports("ana", 2, Receipt("one", BEN, 5, 50))
    assert receiving.of("one", BEN)[ANA].shown == 50
    assert receiving.of("two", CEM) == {}
    reports("cem", 2)
    assert receiving.of("one", BEN).keys() == {ANA}
    assert receiving.of("one", ANA) == {}
