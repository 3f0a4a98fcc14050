"""What the running process takes from the function."""

from __future__ import annotations

from pathlib import Path

from tests.extension.conftest import Start
from tests.extension.record import record


def test_resident_memory_is_at_most_100_kilobytes(start: Start) -> None:
    """Rss of smaps_rollup, which counts every page that is mapped, after 50 full records and checkpoints."""
    extension = start(KEEPALIVE_METRICS="all").ready()
    for _ in range(50):
        extension.write(record("checkpoint"))
        extension.write(record())
        extension.line()
    rollup = Path(f"/proc/{extension.process.pid}/smaps_rollup").read_text()
    sizes = dict(line.split(":", 1) for line in rollup.splitlines()[1:])
    assert int(sizes["Rss"].removesuffix("kB")) <= 100


def test_one_thread_no_heap_and_few_descriptors(start: Start) -> None:
    extension = start().ready()
    extension.write(record())
    extension.line()
    process = Path(f"/proc/{extension.process.pid}")
    assert len(list((process / "task").iterdir())) == 1
    assert "[heap]" not in (process / "maps").read_text()
    # Three standard ones, the Extensions API, the FIFO, sockstat and sockstat6.
    assert len(list((process / "fd").iterdir())) == 7


def test_descriptors_and_memory_stay_flat(start: Start) -> None:
    extension = start().ready()

    def footprint() -> tuple[int, str]:
        process = Path(f"/proc/{extension.process.pid}")
        return len(list((process / "fd").iterdir())), (process / "statm").read_text()

    for round_number in range(1000):
        extension.write(record("checkpoint"))
        extension.write(record())
        extension.line()
        if round_number == 10:
            before = footprint()
    assert footprint() == before
