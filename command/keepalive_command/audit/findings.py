"""What the audit can say: the rules, the calls found, and what it could not see."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Rule:
    """One kind of finding.

    Attributes:
        name: stands in every output format.
        title: one line for people.
        reuses: whether connections are reused without the layer: "yes", "no", or how long.
        covered: whether the layer makes connections outlive what loses them.
        careless: whether it opens connections that could be spared.
        advice: what to write instead.
    """

    name: str
    title: str
    reuses: str
    covered: bool
    careless: bool
    advice: str


RULES = {
    rule.name: rule
    for rule in (
        Rule(
            "call-without-client",
            "each call opens a connection and throws it away",
            "no",
            True,
            True,
            "make one session or client at module level and call through it",
        ),
        Rule(
            "client-per-invocation",
            "the client is made in a function, and its connections end with it",
            "while the client lives",
            True,
            True,
            "make the client at module level, or once behind a cache",
        ),
        Rule(
            "client-closed",
            "the client is closed, and its connections with it",
            "no",
            True,
            True,
            "leave it open: the execution environment ends it",
        ),
        Rule(
            "agent-per-call",
            "the agent is made in a function, and its sockets belong to it alone",
            "while the agent lives",
            True,
            True,
            "make the agent at module level with keepAlive: true",
        ),
        Rule(
            "agent-without-keepalive",
            "the agent closes each connection after its response",
            "no",
            True,
            True,
            "new Agent({ keepAlive: true }), or AWS_NODEJS_CONNECTION_REUSE_ENABLED=1 for version 2 of the AWS SDK",
        ),
        Rule(
            "short-idle",
            "Node's default agents drop what is idle for 4 to 5 seconds, so that most invocations connect again",
            "for 5 s",
            True,
            True,
            "give it an agent that keeps connections longer",
        ),
        Rule(
            "asks-to-close",
            "the request says Connection: close",
            "no",
            False,
            True,
            "leave the header out: the layer obeys it",
        ),
        Rule(
            "tls-context-per-invocation",
            "the TLS context is made in a function and loads the CA bundle each time (20 to 30 ms)",
            "yes",
            True,
            True,
            "make it at module level; with the layer the connections are shared all the same",
        ),
        Rule(
            "uncovered-client",
            "a client that the layer leaves alone",
            "unknown",
            False,
            False,
            "make it once, at module level",
        ),
        Rule("kept-client", "made once, its connections are reused", "yes", True, False, ""),
        Rule("call-at-init", "runs once, when the module is imported", "once per cold start", True, False, ""),
    )
}


@dataclass(frozen=True, order=True)
class Call:
    """A place that opens connections, or ends them."""

    path: str
    line: int
    column: int
    rule: str
    client: str
    code: str

    @property
    def about(self) -> Rule:
        """The rule it falls under."""
        return RULES[self.rule]


@dataclass(frozen=True, order=True)
class BlindSpot:
    """Something that may call out and cannot be seen; line 0 is the whole file."""

    path: str
    line: int
    reason: str


UNREADABLE = ("does not parse: ", "nested too deep", "cannot be read: ")
"""How the reason begins if nothing of a file was seen."""

# True of any reading of source code, so it is said each time.
ALWAYS_UNSEEN = (
    "calls inside of dependencies, beyond the clients that the audit knows",
    "clients whose class is chosen at run time, or handed in from another file",
    "how often a line runs: a call in a branch counts like one in a loop",
    "what a server answers: one that closes after each response defeats any client",
)


@dataclass
class Audit:
    """All that was found in one function's code."""

    files: int = 0
    calls: list[Call] = field(default_factory=list)
    unseen: list[BlindSpot] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    @property
    def careless(self) -> list[Call]:
        """The calls that open connections which could be spared."""
        return [call for call in self.calls if call.about.careless]
