"""Exit codes, and the one exception that ends the command with a message instead of a traceback."""

from enum import IntEnum


class Exit(IntEnum):
    """What the command's exit code means; `lambda-keepalive --help` prints this table."""

    FINE = 0
    FOUND = 1
    USAGE = 2
    INPUT = 3
    AWS = 4


MEANINGS = {
    Exit.FINE: "done, and nothing is wrong",
    Exit.FOUND: "done: `doctor` found an error, or `audit --check` a call that opens connections",
    Exit.USAGE: "the command line is wrong",
    Exit.INPUT: "the input is missing, unreadable, or has nothing to work on",
    Exit.AWS: "AWS refused: credentials, permission, region, or no such function",
}


class CommandError(Exception):
    """Ends the command with one line of what is wrong and one of what to do.

    Args:
        message: what is wrong, naming the file, function or value.
        advice: what to try; empty if there is nothing to say.
        code: the exit code.
    """

    def __init__(self, message: str, advice: str = "", code: Exit = Exit.INPUT) -> None:
        super().__init__(message)
        self.advice = advice
        self.code = code
