"""Imports a client and nothing else: `importing.py ours|sdk`."""

import importlib
import sys
import time

name = {"ours": "up42_facade", "sdk": "up42"}[sys.argv[1]]
started = time.perf_counter()
importlib.import_module(name)
print(f'{{"seconds": {time.perf_counter() - started}}}')
