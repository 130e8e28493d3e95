"""Write the generated client from the OpenAPI document, or check that it is up to date.

python scripts/regenerate.py                    write generated/up42_client
python scripts/regenerate.py --check            fail if it differs from what would be written
python scripts/regenerate.py --spec NEW         update to a newer document, see docs/updating.md
python scripts/regenerate.py --spec NEW --dry-run   exit with 0 if it would be accepted
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from updating import command
from updating.generating import CLIENT as CLIENT_FOLDER
from updating.generating import differences, generate
from updating.pointers import UpdateError

ROOT = Path(__file__).resolve().parent.parent
SPEC = ROOT / command.SPEC
CLIENT = ROOT / CLIENT_FOLDER
# What shells give a program that was ended by Ctrl-C.
INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    options = parse(arguments)
    try:
        if options.spec is not None:
            command.run(
                ROOT,
                options.spec,
                take=options.take,
                dry_run=options.dry_run,
                accept_breaking=options.accept_breaking,
                markdown=options.markdown,
            )
            return 0
        with tempfile.TemporaryDirectory() as folder:
            fresh = generate(SPEC, Path(folder))
            if options.check:
                return check(fresh)
            command.install(fresh, CLIENT)
            print(f"wrote the client to {CLIENT.relative_to(ROOT)}")
            return 0
    except UpdateError as error:
        print(f"regenerate: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("regenerate: stopped. `git status` shows if anything was written.", file=sys.stderr)
        return INTERRUPTED


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--spec", metavar="NEW", help="path or URL of a newer document")
    parser.add_argument("--check", action="store_true", help="compare without writing anything")
    parser.add_argument("--dry-run", action="store_true", help="write nothing")
    parser.add_argument(
        "--take",
        action="append",
        default=[],
        metavar="OPERATION",
        help="add a new operation, for example 'GET /v2/orders'; can be given several times",
    )
    parser.add_argument(
        "--accept-breaking",
        action="store_true",
        help="accept a document that facade or sandbox don't fit",
    )
    parser.add_argument(
        "--markdown", type=Path, metavar="FILE", help="also write the report as Markdown"
    )
    options = parser.parse_args(arguments)
    needing = (options.dry_run, options.take, options.accept_breaking, options.markdown)
    if options.spec is None and any(needing):
        parser.error("--dry-run, --take, --accept-breaking, and --markdown need --spec")
    if options.spec is not None and options.check:
        parser.error("--check is about the stored document: use --dry-run with --spec")
    return options


def check(fresh: Path) -> int:
    """Print how the client differs from a fresh one; return the exit code."""
    found = differences(fresh, CLIENT)
    if not found:
        print("generated/up42_client is up to date")
        return 0
    print("generated/up42_client differs from what openapi/up42.yaml gives:", file=sys.stderr)
    print("\n".join(f"  {line}" for line in found), file=sys.stderr)
    print("Run `make generate` and commit the result.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
