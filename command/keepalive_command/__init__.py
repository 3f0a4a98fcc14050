"""The command `lambda-keepalive`: audit, report, doctor and price. Read `cli`, then the package of a subcommand."""

__version__ = "0.1.0"
