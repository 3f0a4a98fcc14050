"""Starts lambda-keepalive when the exec wrapper put this directory on PYTHONPATH, and leaves no trace of that.

Python imports `sitecustomize` before any other code (library/site.rst). The order here matters:
PYTHONPATH and `sys.path` are put back first, since AWS's bootstrap adds the other layers' directories only
when PYTHONPATH is not set; then the layer starts; last the `sitecustomize` that would have run without us.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_HERE = os.path.dirname(os.path.abspath(__file__))


def _restore_path() -> None:
    """Take this directory out of PYTHONPATH and `sys.path`; an unset PYTHONPATH is unset again.

    It stands there as AWS_LAMBDA_EXEC_WRAPPER spells it (`/opt//lambda-keepalive`), while `sys.path` is normalized.
    """
    entries = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    ours = next((entry for entry in entries if entry and os.path.abspath(entry) == _HERE), None)
    if ours is not None:
        entries.remove(ours)
        if entries:
            os.environ["PYTHONPATH"] = os.pathsep.join(entries)
        else:
            del os.environ["PYTHONPATH"]
    _leave_path()


def _start_layer() -> None:
    """Import the layer by its place, not by `sys.path`; a fault costs one line and nothing else."""
    sys.path.insert(0, _HERE)
    try:
        from lambda_keepalive import boot

        boot.start()
    except Exception as error:  # noqa: BLE001 - the function must start whatever is wrong with the layer
        sys.stderr.write(
            f"lambda-keepalive: not started ({type(error).__name__}: {error}); KEEPALIVE_ENABLED=0 turns it off\n"
        )
        _give_up()
    _leave_path()


def _give_up() -> None:
    """Let the .pth file, whose turn comes later, find the layer started: `site` would report the fault at length."""
    stand_in: Any = type(sys)("lambda_keepalive")
    stand_in.boot = stand_in
    stand_in.start = _leave_path
    sys.modules["lambda_keepalive"] = sys.modules["lambda_keepalive.boot"] = stand_in


def _leave_path() -> None:
    sys.path[:] = [entry for entry in sys.path if entry != _HERE]


def _run_next() -> None:
    """Run the `sitecustomize` that ours hides, if there is one; its errors are reported by `site` as ever."""
    this = sys.modules.pop(__name__)
    try:
        import sitecustomize  # noqa: F401
    except ModuleNotFoundError as error:
        if error.name != __name__:
            raise
    finally:
        # The import system looks the name up again when this module returns.
        sys.modules.setdefault(__name__, this)


_restore_path()
_start_layer()
if __name__ == "sitecustomize":
    _run_next()
