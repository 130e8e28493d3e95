"""`python -m up42_sandbox`: a local UP42 until Ctrl-C."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from up42_sandbox.sandbox import Sandbox

EXIT_PORT_IN_USE = 2


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line, whose options are arguments of `Sandbox`."""
    parser = argparse.ArgumentParser(
        prog="python -m up42_sandbox",
        description="A local UP42: API, storage, and files, without an account or credits.",
    )

    def option(name: str, default: str | float, help_text: str) -> None:
        kind = type(default)
        parser.add_argument(name, type=kind, default=default, help=f"{help_text} (%(default)s)")

    option("--host", "127.0.0.1", "address to listen on")
    option("--port", 8042, "API port")
    option("--storage-port", 0, "port of signed URLs; 0 is any free one")
    option("--speed", 1.0, "clock seconds per second; a job runs for about a minute")
    option("--credits", 10_000, "initial balance")
    option("--token-lifetime", 300.0, "seconds that a token works")
    option("--latency", 0.0, "seconds that every API request waits")
    option("--seed", 42, "determines all IDs")
    parser.add_argument(
        "--rate-limit",
        action="store_true",
        help="enforce the documented rate limit: 100 requests per second, bursts of 500",
    )
    parser.add_argument(
        "--folder",
        action="append",
        default=[],
        dest="folders",
        help="folder whose files the control URL can serve (none); can be repeated",
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a sandbox until Ctrl-C or SIGTERM.

    Args:
        arguments: Command line. Defaults to that of this Python process.

    Returns:
        Exit code: 0, or 2 if a port can't be opened.
    """
    parser = make_parser()
    options = parser.parse_args(arguments)
    # Imported here so that --help and wrong arguments respond at once.
    from up42_sandbox import Sandbox

    stopped = threading.Event()

    try:
        sandbox = Sandbox(**vars(options))
    except ValueError as error:
        parser.error(str(error))
    try:
        sandbox.start()
    except OSError as error:
        ports = " or ".join(str(port) for port in (options.port, options.storage_port) if port)
        print(
            f"Can't listen on {options.host}, port {ports}: {error.strerror}. "
            "Choose others with --port and --storage-port.",
            file=sys.stderr,
        )
        return EXIT_PORT_IN_USE
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stopped.set())
    try:
        print(_greeting(sandbox), flush=True)
        stopped.wait()
    finally:
        sandbox.stop()
    print("Stopped.")
    return 0


def _greeting(sandbox: Sandbox) -> str:
    variables = sorted(sandbox.environment.items())
    exports = "\n".join(f"  export {name}={shlex.quote(value)}" for name, value in variables)
    return f"""\
UP42 sandbox on {sandbox.url} (storage on {sandbox.storage_url})

  username         {sandbox.username}
  password         {sandbox.password}
  project ID       {sandbox.project_id}
  project API key  {sandbox.project_api_key}
  workspace        {sandbox.workspace_id}
  control URL      {sandbox.control_url}

  import up42_facade as up42
  up42.authenticate(
      base_url="{sandbox.url}",
      username="{sandbox.username}",
      password="{sandbox.password}",
  )

For another terminal, where authenticate() then needs no arguments:

{exports}

The control URL takes JSON: faults, the clock, jobs, credits. Stop the sandbox with Ctrl-C."""


if __name__ == "__main__":
    sys.exit(main())
