"""The command line: subcommands, help, and what becomes of errors."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from keepalive_command import __version__, price
from keepalive_command.audit import command as audit
from keepalive_command.doctor import command as doctor
from keepalive_command.errors import MEANINGS, CommandError, Exit
from keepalive_command.report import command as report
from keepalive_command.terminal import Terminal

DESCRIPTION = """\
From "do my functions need this?" to a rollout with proof:

  1. lambda-keepalive audit my-function/          which calls open connections
  2. attach the layer with KEEPALIVE_MODE=observe, then:
     aws logs tail /aws/lambda/my-function --since 1h > observe.log
     lambda-keepalive report observe.log          what it would save
  3. set KEEPALIVE_MODE=on, record again, then:
     lambda-keepalive report --compare observe.log on.log
  4. lambda-keepalive doctor --function my-function   is it attached as it should be
  5. lambda-keepalive price --functions 40            what the metrics cost

`lambda-keepalive SUBCOMMAND --help` explains each one with examples."""

EPILOG = "exit codes:\n" + "\n".join(f"  {code.value}  {text}" for code, text in MEANINGS.items())

SUBCOMMANDS = (audit, report, doctor, price)


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(
        prog="lambda-keepalive",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"lambda-keepalive command {__version__}")
    subparsers = top.add_subparsers(title="subcommands", metavar="SUBCOMMAND", required=True)
    for module in SUBCOMMANDS:
        name = module.NAME
        own = subparsers.add_parser(
            name,
            help=module.SUMMARY,
            description=module.DESCRIPTION,
            epilog=EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(own)
        own.set_defaults(run=module.run)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code. Never a traceback for bad input."""
    terminal = Terminal()
    parsed = parser().parse_args(arguments)
    try:
        code = parsed.run(parsed, terminal)
        sys.stdout.flush()
        return int(code)
    except CommandError as error:
        terminal.note(f"error: {error}", style="bold red")
        if error.advice:
            terminal.note(f"  try: {error.advice}")
        return int(error.code)
    except KeyboardInterrupt:
        terminal.note("interrupted")
        return 130  # 128 + SIGINT, as a shell says it
    except BrokenPipeError:
        # The reader (`head`) has seen enough. Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        terminal.note(f"error: {error}", style="bold red")
        return int(Exit.INPUT)
