"""The partitions of a whole disk, for any disk."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from installer.config.model import BootMode
from installer.plan.layout import BIOS_BOOT, ESP, ROOT_X86_64, SWAP, whole_disk_layout

MIB = 1 << 20
GIB = 1 << 30
SIZES = st.integers(0, 1 << 46) | st.integers(0, 2 * GIB)
SWAPS = st.just(0) | st.integers(1, 8 * GIB)


@given(size=SIZES, mode=st.sampled_from(BootMode), swap=SWAPS)
def test_a_layout_is_sound(size: int, mode: BootMode, swap: int) -> None:
    layout = whole_disk_layout(size, mode, swap, "seed")
    if layout is None:
        assert size < swap + 517 * MIB
        return
    parts = layout.partitions
    for part in parts:
        assert part.start % MIB == part.size % MIB == 0
        assert part.size >= MIB
    for before, after in pairwise(parts):
        assert before.start + before.size == after.start
    assert parts[0].start == MIB
    assert parts[-1].start + parts[-1].size <= size - MIB
    assert size - (parts[-1].start + parts[-1].size) < 2 * MIB
    assert [part.number for part in parts] == list(range(1, len(parts) + 1))
    assert len({part.guid for part in parts}) == len({part.name for part in parts}) == len(parts)


@given(mode=st.sampled_from(BootMode), swap=SWAPS)
def test_it_has_what_the_mode_needs(mode: BootMode, swap: int) -> None:
    layout = whole_disk_layout(64 * GIB, mode, swap, "seed")
    assert layout is not None
    types = [part.type_guid for part in layout.partitions]
    assert (ESP in types) == (mode in {BootMode.EFI, BootMode.DUAL})
    assert (BIOS_BOOT in types) == (mode in {BootMode.BIOS, BootMode.DUAL})
    assert (SWAP in types) == bool(swap)
    assert types[-1] == ROOT_X86_64
    assert layout.root == layout.partitions[-1]
    assert [layout.esp is None, layout.bios_boot is None, layout.swap is None] == [
        ESP not in types,
        BIOS_BOOT not in types,
        SWAP not in types,
    ]
    if layout.swap:
        assert layout.swap.size >= swap


def test_identifiers_depend_on_the_seed_alone() -> None:
    def guids(seed: str) -> set[str]:
        layout = whole_disk_layout(8 * GIB, BootMode.DUAL, GIB, seed)
        return {part.guid for part in layout.partitions} if layout else set()

    assert guids("a") == guids("a")
    assert guids("a").isdisjoint(guids("b"))
