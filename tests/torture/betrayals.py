"""What happens to a function's idle connections between two invocations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.local.required import ROOT as IS_ROOT
from tests.support.origin import Origin
from tests.torture.origins import Traitor, World

# More than KEEPALIVE_IDLE_TIMEOUT: what a clock says after a night. Seconds.
JUMP = 100_000.0


@dataclass(frozen=True)
class Betrayal:
    """One story.

    Attributes:
        deed: what the servers do; returns to how many connections.
        late: it is done after the thaw, while the function is at its requests, and not during the freeze.
        unseen: no client can know before it sends. A keep-alive client without the layer fails then, too, and what
            must not be sent twice may surface.
        clocks: by how many seconds the monotonic and the wall clock jump.
        root: it needs root.
    """

    deed: Callable[[World], int] = lambda world: 0
    late: bool = False
    unseen: bool = False
    clocks: tuple[float, float] = (0.0, 0.0)
    root: bool = False

    @property
    def trap(self) -> bool:
        """Whether it waits for the next request, so that a connection that is not used stays betrayed."""
        return self.unseen and not self.late

    @property
    def possible(self) -> bool:
        """Whether this user may do it."""
        return IS_ROOT or not self.root


def _by(deed: Callable[[Traitor], int]) -> Callable[[World], int]:
    return lambda world: world.tell(deed)


BETRAYALS = {
    "stays": Betrayal(),
    "closes": Betrayal(_by(Origin.close_idle)),
    "closes-without-notify": Betrayal(_by(lambda server: server.close_idle(close_notify=False))),
    "resets": Betrayal(_by(Origin.reset_idle)),
    "half-closes": Betrayal(_by(Origin.half_close_idle)),
    "sends-surplus": Betrayal(_by(Origin.send_surplus)),
    "moves": Betrayal(World.move, root=True),
    # The first packet of the next request is answered by an RST, as NAT gateways and load balancers do after 350 s.
    "vanishes": Betrayal(_by(Origin.vanish_idle), unseen=True, root=True),
    # The FIN or the RST arrives while the request is written, or before, or after.
    "closes-late": Betrayal(_by(lambda server: server.finish_used(reset=False)), late=True, unseen=True),
    "resets-late": Betrayal(_by(lambda server: server.finish_used(reset=True)), late=True, unseen=True),
    # The server's process dies with the request in its kernel's buffer.
    "closes-unread": Betrayal(_by(Origin.ambush_idle), unseen=True),
    # It dies with the request in its hands: who knows what it has done with it.
    "reads-then-closes": Betrayal(_by(lambda server: server.swallow_on_idle(reset=False)), unseen=True),
    "reads-then-resets": Betrayal(_by(lambda server: server.swallow_on_idle(reset=True)), unseen=True),
    "wall-clock-jumps": Betrayal(clocks=(0.0, JUMP)),
    "monotonic-clock-jumps": Betrayal(clocks=(JUMP, 0.0)),
    "wall-clock-goes-back": Betrayal(clocks=(0.0, -JUMP)),
    "monotonic-clock-goes-back": Betrayal(clocks=(-JUMP, 0.0)),
}

POSSIBLE = [name for name, betrayal in BETRAYALS.items() if betrayal.possible]
