"""The kernel arguments of a hardening profile, each with what it does and what it costs.

``kspp`` is what the Kernel Self Protection Project recommends
(https://kspp.github.io/Recommended_Settings) without what Debian's kernel does by itself and what
containers need; docs/boot.md has the same table, and says what was left out and why.
"""

from __future__ import annotations

from dataclasses import dataclass

from installer.config.boot import Hardening


@dataclass(frozen=True, slots=True, kw_only=True)
class HardeningArgument:
    """An argument, what it is good for, and what it costs or takes away."""

    argument: str
    effect: str
    cost: str


KSPP = (
    HardeningArgument(
        argument="slab_nomerge",
        effect="keeps the kernel's heaps apart by their content, so that an overflow reaches "
        "only its own kind",
        cost="a little memory",
    ),
    HardeningArgument(
        argument="init_on_free=1",
        effect="wipes memory when it is given back, so that nothing of it can be read later",
        cost="speed, wherever much memory changes hands",
    ),
    HardeningArgument(
        argument="page_alloc.shuffle=1",
        effect="hands out pages in an order that cannot be foreseen",
        cost="hardly any",
    ),
    HardeningArgument(
        argument="pti=on",
        effect="takes the kernel out of the programs' page tables, also on processors that are "
        "thought to be safe from Meltdown",
        cost="speed on those, where system calls are frequent",
    ),
    HardeningArgument(
        argument="mitigations=auto,nosmt",
        effect="closes every known hole of the processor, and switches hyper-threading off on "
        "those that leak through it",
        cost="half of the hardware threads on such a processor",
    ),
    HardeningArgument(
        argument="kfence.sample_interval=100",
        effect="puts a guard around a sample of the heap's objects and reports misuse",
        cost="2 MiB of memory, hardly any speed",
    ),
    HardeningArgument(
        argument="intel_iommu=on",
        effect="lets no device reach memory that is not its own; Debian leaves out integrated "
        "graphics",
        cost="speed of integrated graphics",
    ),
    HardeningArgument(
        argument="iommu.strict=1",
        effect="takes a device's right to a page back at once, not in batches",
        cost="throughput of the fastest disks and network cards",
    ),
    HardeningArgument(
        argument="lockdown=confidentiality",
        effect="even root cannot change the running kernel or read its memory",
        cost="no modules without a known signature, no hibernation, no kprobes, no perf or BPF "
        "programs that read the kernel (bpftrace, some network plug-ins)",
    ),
)


def hardening_arguments(hardening: Hardening) -> tuple[str, ...]:
    """What the profile puts on the kernel's command line."""
    return tuple(each.argument for each in KSPP) if hardening is Hardening.KSPP else ()
