"""Hands the record of each invocation to the extension; the only module that writes anything.

One non-blocking write to a FIFO that the extension made. No reader, a full pipe, a dead extension: the record is
lost and the function does not notice. Opened at the first record, and again after a failure, so that an extension
that starts late is found.
"""

import errno
import os
import stat
import sys
import time

from lambda_keepalive import config, guard, lifecycle, record
from lambda_keepalive.stats import stats

_settings = config.current()
_path = os.path.join(_settings.runtime_dir, "records")
_runtime = f"python{sys.version_info[0]}.{sys.version_info[1]}"
_EXTENSION = os.path.join(__file__.rsplit("/", 4)[0], "extensions", "lambda-keepalive")
_descriptor = -1


def follow() -> None:
    """Publish from now on, at the end of each invocation and beside notable events, unless the metrics are off."""
    if _settings.metrics != "off":
        lifecycle.on_end.append(end)
        lifecycle.on_restore.append(forget)
        stats.notable = checkpoint
        os.register_at_fork(after_in_child=close)


def checkpoint() -> None:
    """Write the counters so far, in case the invocation never ends."""
    if lifecycle.current.request_id is not None:
        _write(_render("checkpoint"))


def end() -> None:
    """Write the counters of the invocation that ends and start counting anew."""
    _write(_render("end"))
    stats.take()


def forget() -> None:
    """Drop what was counted before a snapshot: it happened once, and in no sandbox that is restored from it."""
    stats.take()


def _render(kind: str) -> bytes:
    return record.render(
        kind,
        stats.peek(),
        request_id=lifecycle.current.request_id or "",
        process=os.getpid(),
        milliseconds=int(time.time() * 1000),
        cold=lifecycle.current.cold_start,
        runtime=_runtime,
        initialization=_settings.initialization_type,
        idle=stats.idle_count() if stats.idle_count is not None else 0,
        observing=_settings.observing,
        idle_limit=stats.idle_limit,
    )


def _write(line: bytes) -> None:
    global _descriptor
    try:
        if _descriptor < 0:
            _descriptor = os.open(_path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            if not stat.S_ISFIFO(os.fstat(_descriptor).st_mode):
                raise OSError(errno.EINVAL, "not a FIFO", _path)
        os.write(_descriptor, line)
    except BlockingIOError:
        pass
    except OSError:
        close()
        # An extension that is there says itself what keeps it from making the FIFO.
        if not os.path.exists(_EXTENSION):
            guard.once(f"{_EXTENSION} is missing, so there are no metrics; KEEPALIVE_METRICS=off silences this")


def close() -> None:
    """Let go of the FIFO."""
    global _descriptor
    descriptor, _descriptor = _descriptor, -1
    if descriptor >= 0:
        os.close(descriptor)
