"""Fuzz one target: `python -m tests.fuzz archives --seconds 600`.

With atheris, which is there for Linux, coverage guides it: inputs that reach new code are kept
in `build/fuzz`, to go on from the next time, and so is one that fails. Without, hypothesis
changes the seeds by chance. `--again FILE` repeats one input.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import random
import sys
from pathlib import Path

from tests.fuzz.chance import run

TARGETS = ["archives", "models", "names"]
FOLDER = Path("build/fuzz")
# Bytes of an input: some members of an archive, each with a name and content.
MAX_BYTES = 20_000
# Seconds for one input and MB for all, after which atheris gives up.
MAX_SECONDS = 120
MAX_MEMORY_MB = 2000


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(1, 2**31))
    parser.add_argument("--again", type=Path, metavar="FILE")
    given = parser.parse_args()
    if given.again is not None:
        importlib.import_module(f"tests.fuzz.{given.target}").check(given.again.read_bytes())
        return
    logging.disable()
    print(f"python -m tests.fuzz {given.target} --seconds {given.seconds} --seed {given.seed}")
    try:
        import atheris  # noqa: F401
    except ImportError:
        target = importlib.import_module(f"tests.fuzz.{given.target}")
        print(f"{run(target.check, target.SEEDS, given.seconds, given.seed):,} inputs")
    else:
        guided(given.target, given.seconds, given.seed)


def guided(name: str, seconds: int, seed: int) -> None:
    import atheris

    with atheris.instrument_imports(include=["up42_facade", "up42_client"]):
        target = importlib.import_module(f"tests.fuzz.{name}")
        for data in target.SEEDS:
            # Now, so that what is imported when first needed is measured too.
            target.check(data)
    corpus = FOLDER / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(target.SEEDS):
        (corpus / f"seed-{number}").write_bytes(data)
    options = {
        "max_total_time": seconds,
        "seed": seed,
        "max_len": MAX_BYTES,
        "len_control": 0,
        "timeout": MAX_SECONDS,
        "rss_limit_mb": MAX_MEMORY_MB,
        "artifact_prefix": f"{FOLDER}/{name}-",
        "print_final_stats": 1,
    }
    arguments = [f"-{option}={value}" for option, value in options.items()]
    atheris.Setup([sys.argv[0], *arguments, str(corpus)], target.check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
