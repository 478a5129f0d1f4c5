"""What makes two runs of TensorFlow equal, to be settled before its first operation."""

import keras
import tensorflow as tf


def set_threads(threads: int) -> None:
    """Fix TensorFlow's thread counts, which hold for the life of a process, and its kernels.

    Raises:
        RuntimeError: TensorFlow already runs in this process with another number of threads.
    """
    threading = tf.config.threading
    setters = (
        threading.set_intra_op_parallelism_threads,
        threading.set_inter_op_parallelism_threads,
    )
    getters = (
        threading.get_intra_op_parallelism_threads,
        threading.get_inter_op_parallelism_threads,
    )
    if any(get() != threads for get in getters):
        for set_threads in setters:
            set_threads(threads)
    tf.config.experimental.enable_op_determinism()


def make_reproducible(seed: int, threads: int) -> None:
    """Fix thread counts, deterministic kernels and every global seed.

    Raises:
        RuntimeError: TensorFlow already runs in this process with another number of threads.
    """
    set_threads(threads)
    keras.utils.set_random_seed(seed)
