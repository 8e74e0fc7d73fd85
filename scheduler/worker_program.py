"""The shell around a worker: one request in, one answer out, one sentence on failure."""

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

from solard.core.errors import SolardError
from solard.core.records import RECORD_CODEC

T = TypeVar("T")

CPU_S = 60
"""A runaway ends here even when nobody waits for it any more."""
MEMORY_BYTES = 2 << 30
"""Of address space: pvlib and its libraries map far more than they touch."""
NICE = 5
"""The tick goes first."""
PR_SET_PDEATHSIG = 1


def run_worker(kind: type[T], answer: Callable[[T], object]) -> None:
    """Answer the request on stdin and leave; heavy imports belong inside `answer`."""
    confine()
    codec = RECORD_CODEC
    try:
        request: Any = codec.loads(kind, sys.stdin.read())
        sys.stdout.write(codec.dumps(answer(request)))
    except SolardError as err:
        _fail(str(err))
    except MemoryError:
        _fail(f"not enough memory: the limit is {MEMORY_BYTES >> 20} MiB")
    except Exception as err:  # whatever a library raises ends as one sentence
        _fail(f"{type(err).__name__}: {err}")


def confine() -> None:
    """Limit what this process may take, and let it die with the one that started it."""
    # One BLAS thread: the matrices are small, and the other core belongs to the tick.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    os.nice(NICE)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _fail(sentence: str) -> NoReturn:
    sys.exit(" ".join(sentence.split()))
