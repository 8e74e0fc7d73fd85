"""The shell around a worker: one request in, one answer out, one sentence on failure."""

import os
import resource
import sys
from collections.abc import Callable
from typing import Any, TypeVar

from solard.core.codec import Codec
from solard.core.errors import SolardError

T = TypeVar("T")

CPU_S = 60
MEMORY_BYTES = 2 << 30
"""Of address space: pvlib and its libraries map far more than they touch."""


def run_worker(kind: type[T], answer: Callable[[T], object]) -> None:
    """Answer the request on stdin and leave; heavy imports belong inside `answer`."""
    # One BLAS thread: the matrices are small, and the other core belongs to the tick.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    codec = Codec()
    try:
        request: Any = codec.loads(kind, sys.stdin.read())
        sys.stdout.write(codec.dumps(answer(request)))
    except SolardError as err:
        sys.exit(str(err))
    except MemoryError:
        sys.exit(f"not enough memory: the limit is {MEMORY_BYTES >> 20} MiB")
