import inspect
import subprocess
import sys
from collections.abc import Callable

import cloudpickle

MEASURE = """
import pickle, sys, tracemalloc

sys.path[:0] = pickle.load(sys.stdin.buffer)
work = pickle.load(sys.stdin.buffer)
tracemalloc.start()
work()
print(tracemalloc.get_traced_memory()[1])
"""


def peak_memory(work: Callable[[], object]) -> int:
    """Returns the most bytes that Python holds at one moment of `work`.

    The function is called in a process of its own: what other threads of the tests' process
    allocate meanwhile would count.
    """
    module = inspect.getmodule(work)
    cloudpickle.register_pickle_by_value(module)
    try:
        content = cloudpickle.dumps(sys.path) + cloudpickle.dumps(work)
    finally:
        cloudpickle.unregister_pickle_by_value(module)
    command = [sys.executable, "-c", MEASURE]
    return int(subprocess.run(command, input=content, check=True, stdout=subprocess.PIPE).stdout)
