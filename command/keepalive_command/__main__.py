"""`python -m keepalive_command` is `lambda-keepalive`."""

import sys

from keepalive_command.cli import main

sys.exit(main())
