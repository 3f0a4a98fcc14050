"""The extensions of a layer: which files they are, and what the platform knows of each of them."""

import uuid
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# The subscriptions that exist (AWS Lambda Developer Guide, "Lambda Extensions API").
EVENTS = frozenset({"INVOKE", "SHUTDOWN"})


def extension_files(opt: Path) -> list[Path]:
    """What the platform executes: every regular file in extensions/, whatever it is; no subdirectories."""
    directory = opt / "extensions"
    return sorted(path for path in directory.iterdir() if path.is_file()) if directory.is_dir() else []


@dataclass
class Extension:
    """One extension: external if it is a file of the layer, internal if the runtime registers it."""

    name: str
    external: bool
    identifier: str = field(default_factory=lambda: str(uuid.uuid4()))
    events: frozenset[str] = frozenset()
    registered: bool = False
    waiting: bool = False
    queue: deque[dict[str, Any]] = field(default_factory=deque)

    @property
    def idle(self) -> bool:
        """It has asked for its next event and there is none: it has nothing to do."""
        return self.waiting and not self.queue

    def refused(self, event: str, managed_instances: bool) -> bool:
        """SHUTDOWN is for processes of their own; INVOKE means nothing where invocations overlap."""
        internal = not self.external and event == "SHUTDOWN"
        return event not in EVENTS or internal or (managed_instances and event == "INVOKE")
