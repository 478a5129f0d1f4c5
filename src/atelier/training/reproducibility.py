"""What makes two runs of TensorFlow equal, to be settled before its first operation."""

import keras
import tensorflow as tf


def set_threads(threads: int) -> None:
    """Sets TensorFlow's thread counts, which hold for the life of a process, and its kernels.

    The pipelines call this in a hook before each node that computes with TensorFlow.

    Args:
        threads: Threads within an operation and between operations; 0 lets TensorFlow choose.

    Raises:
        RuntimeError: TensorFlow already runs in this process with another number of threads.
    """
    threading = tf.config.threading
    if threading.get_intra_op_parallelism_threads() != threads:
        threading.set_intra_op_parallelism_threads(threads)
    if threading.get_inter_op_parallelism_threads() != threads:
        threading.set_inter_op_parallelism_threads(threads)
    tf.config.experimental.enable_op_determinism()


def make_reproducible(seed: int, threads: int) -> None:
    """Makes a notebook or a script reproducible: threads, deterministic kernels, global seeds.

    The library itself uses no global random numbers: networks and experiments take a seed. The
    global seeds are for a user's own layers without one.

    Args:
        seed: Of Python's, NumPy's and TensorFlow's global random numbers.
        threads: As for `set_threads`.

    Raises:
        RuntimeError: TensorFlow already runs in this process with another number of threads.

    Examples:
        >>> from atelier.training import make_reproducible
        >>> make_reproducible(seed=0, threads=2)  # doctest: +SKIP
    """
    set_threads(threads)
    keras.utils.set_random_seed(seed)
