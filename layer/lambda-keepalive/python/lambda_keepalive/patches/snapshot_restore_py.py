"""Closes all connections before a SnapStart snapshot, and forgets what was opened beside it after each restore.

Seam: the package's own registry. It is ours first, since we come right after its import: hooks run before the snapshot
in the reverse order of registration, so that ours is the last and finds what the function's own hooks have used, and
after the restore in the order of registration, so that they find a clean pool (awslambdaric,
lambda_runtime_hooks_runner.py). Versions: snapshot-restore-py 1.x.
"""

from snapshot_restore_py import register_after_restore, register_before_snapshot

from lambda_keepalive import lifecycle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType


def install(module: "ModuleType") -> None:
    """Register with `snapshot_restore_py`."""
    register_before_snapshot(lifecycle.snapshot)
    register_after_restore(lifecycle.restored)
