"""What is remembered of the instances seen, and what is reported."""

from escalate_daemon.discovery.advert import make_text
from escalate_daemon.discovery.instances import INSTANCES_MAX, SWEEPS_KEPT, InstanceTable, Sighting

KEY = b"k" * 32
OURS, OTHERS = make_text(KEY), make_text(b"o" * 32)


class Bench:
    def __init__(self, tag_key: bytes | None = KEY) -> None:
        self.found: list[str] = []
        self.table = InstanceTable(tag_key, lambda address, together: self.found.append(address))

    def see(self, name: str, *hosts: str, text: bytes = OURS) -> list[str]:
        """What a sighting makes it report."""
        self.found.clear()
        self.table.sighted(Sighting(name, text, hosts or ("10.0.0.1",), 4711))
        return list(self.found)


def test_instance_of_our_space_is_reported_with_every_address() -> None:
    assert Bench().see("a", "10.0.0.1", "fd00::1") == ["10.0.0.1:4711", "[fd00::1]:4711"]


def test_instance_of_another_space_is_counted_not_reported() -> None:
    bench = Bench()
    assert bench.see("a", text=OTHERS) == []
    assert bench.table.other_spaces() == 1
    assert bench.table.addresses() == ["10.0.0.1:4711"]


def test_without_a_space_everyone_is_another_space() -> None:
    bench = Bench(None)
    bench.see("a")
    bench.see("b", "10.0.0.2", text=b"\xff")
    assert bench.table.other_spaces() == 2
    assert bench.table.addresses() == ["10.0.0.1:4711", "10.0.0.2:4711"]


def test_only_new_addresses_are_reported_again_within_a_sweep() -> None:
    bench = Bench()
    bench.see("a", "10.0.0.1")
    assert bench.see("A", "10.0.0.1", "10.0.0.2") == ["10.0.0.2:4711"]


def test_everyone_is_reported_again_by_the_next_sweep() -> None:
    bench = Bench()
    bench.see("a")
    bench.table.begin_sweep(afresh=True)
    assert bench.see("a") == ["10.0.0.1:4711"]


def test_known_instance_is_not_asked_again_unless_browsing_afresh() -> None:
    bench = Bench()
    bench.see("a")
    bench.table.begin_sweep(afresh=False)
    bench.found.clear()
    assert not bench.table.incomplete("a")
    assert bench.found == ["10.0.0.1:4711"]
    assert bench.table.incomplete("b")
    bench.table.begin_sweep(afresh=True)
    assert bench.table.incomplete("a")


def test_instance_that_says_goodbye_is_forgotten() -> None:
    bench = Bench()
    bench.see("a", text=OTHERS)
    bench.table.gone("A")
    bench.table.gone("never seen")
    assert bench.table.other_spaces() == 0


def test_instance_that_misses_browse_after_browse_is_forgotten() -> None:
    bench = Bench()
    bench.see("a", text=OTHERS)
    for _ in range(SWEEPS_KEPT):
        bench.table.begin_sweep(afresh=True)
    assert bench.table.other_spaces() == 1
    bench.table.begin_sweep(afresh=True)
    assert bench.table.other_spaces() == 0


def test_flood_of_strangers_neither_grows_the_table_nor_hides_our_space() -> None:
    bench = Bench()
    bench.see("ours", "10.1.0.1")
    for number in range(INSTANCES_MAX + 50):
        bench.see(f"stranger {number}", text=OTHERS)
    assert bench.table.other_spaces() == INSTANCES_MAX - 1
    assert "10.1.0.1:4711" in bench.table.addresses()


def test_flood_with_a_copied_tag_stays_within_bounds() -> None:
    bench = Bench()
    for number in range(INSTANCES_MAX + 50):
        bench.see(f"copy {number}", f"10.0.{number // 250}.{number % 250 + 1}")
    assert len(bench.table.addresses()) == INSTANCES_MAX


def test_instance_without_a_dialable_address_is_passed_over() -> None:
    bench = Bench()
    assert bench.see("a", "127.0.0.1", "fe80::1") == []
    assert bench.table.addresses() == []
    bench.table.loopback = True
    assert bench.see("a", "127.0.0.1") == ["127.0.0.1:4711"]
