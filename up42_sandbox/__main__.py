"""`python -m up42_sandbox`: a local UP42 until Ctrl-C."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from up42_sandbox.sandbox import Sandbox

EXIT_PORT_IN_USE = 2


def _at_least(least: float, kind: Callable[[str], float]) -> Callable[[str], float]:
    def parse(text: str) -> float:
        value = kind(text)
        if not value >= least:
            raise argparse.ArgumentTypeError(f"must be at least {least:g}, got {text}")
        return value

    parse.__name__ = "number"
    return parse


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 65_535:
        raise argparse.ArgumentTypeError(f"a port is between 0 and 65535, got {text}")
    return value


def _speed(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be more than 0, got {text}")
    return value


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m up42_sandbox",
        description="A local UP42: API, storage and files, without an account or credits.",
    )
    whole = _at_least(0, int)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=_port, default=8042, help="API port (%(default)s)")
    parser.add_argument(
        "--storage-port", type=_port, default=8043, help="port of signed URLs (%(default)s)"
    )
    parser.add_argument(
        "--speed",
        type=_speed,
        default=1.0,
        help="clock seconds per second; a job runs for about a minute (%(default)s)",
    )
    parser.add_argument(
        "--credits", type=whole, default=10_000, help="balance at the start (%(default)s)"
    )
    parser.add_argument(
        "--token-lifetime",
        type=_at_least(1, float),
        default=300.0,
        help="seconds that a token works (%(default)s)",
    )
    parser.add_argument(
        "--latency",
        type=_at_least(0, float),
        default=0.0,
        help="seconds that every API request waits (%(default)s)",
    )
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
        help="folder whose files may be served, as the control URL asks (none); can be repeated",
    )
    parser.add_argument("--seed", type=whole, default=42, help="decides all ids (%(default)s)")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a sandbox until Ctrl-C or SIGTERM.

    Args:
        arguments: Command line, that of the process if left out.

    Returns:
        Exit code: 0, or 2 if a port can't be opened.
    """
    parser = make_parser()
    options = parser.parse_args(arguments)
    # Loaded late so that --help and wrong arguments answer at once.
    from up42_sandbox.sandbox import Sandbox

    stopped = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopped.set()

    try:
        sandbox = Sandbox(
            options.port,
            options.speed,
            options.latency,
            token_lifetime=options.token_lifetime,
            credits=options.credits,
            seed=options.seed,
            host=options.host,
            storage_port=options.storage_port,
            folders=options.folders,
            rate_limit=options.rate_limit,
        )
    except ValueError as error:
        parser.error(str(error))
    try:
        sandbox.start()
    except OSError as error:
        ports = f"{options.port} or {options.storage_port}"
        print(
            f"Can't listen on {options.host}, port {ports}: {error.strerror}. "
            "Choose others with --port and --storage-port.",
            file=sys.stderr,
        )
        return EXIT_PORT_IN_USE
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, stop)
    try:
        print(_greeting(sandbox), flush=True)
        stopped.wait()
    finally:
        sandbox.stop()
    print("Stopped.")
    return 0


def _greeting(sandbox: Sandbox) -> str:
    exports = "\n".join(f"  export {name}={value}" for name, value in _variables(sandbox))
    return f"""\
UP42 sandbox on {sandbox.url} (storage on {sandbox.storage_url})

  username         {sandbox.username}
  password         {sandbox.password}
  project id       {sandbox.project_id}
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


def _variables(sandbox: Sandbox) -> list[tuple[str, str]]:
    return [(name, shlex.quote(value)) for name, value in sorted(sandbox.environment.items())]


if __name__ == "__main__":
    sys.exit(main())
