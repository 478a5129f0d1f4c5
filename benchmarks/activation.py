"""Activation maximization of all images as one batch, and of one image at a time.

`python benchmarks/activation.py [--steps 10] [--repeats 5]`; `--tiny`: two steps, one repeat. A
network with random weights (time does not depend on them), ten classes from four starts, some steps
of gradient descent: all 40 images in one compiled batch, and a loop over images with a gradient
tape, eager and compiled. Two threads; medians of interleaved repeats after one warm-up each.
"""

import statistics
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf
from rows import Row, benchmark_parser, require_agreement, seconds_of, take_turns, write_rows

from atelier.activation_maximization import descend_cross_entropy, initial_images
from atelier.training.networks import two_layer_cnn
from atelier.training.reproducibility import make_reproducible
from atelier.types import Array

RATE, CLASSES, SHAPE = 5.0, 10, (28, 28, 1)
STARTS = ("ones", "half", "zeros", "random")
BATCH = "one batch"
TOLERANCE = 1e-2
"""Largest difference of a pixel: ten steps amplify the rounding of float32."""


def implementations(steps: int) -> dict[str, Callable[[], Array]]:
    """Returns functions by name, each of which runs the same descent and returns its images."""
    model = two_layer_cnn(CLASSES, shape=SHAPE, dropout=0.5)
    starts = np.concatenate([initial_images(kind, CLASSES, SHAPE, seed=0) for kind in STARTS])
    targets = np.tile(np.arange(CLASSES), len(STARTS))

    def gradient(image: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(image)
            logits = model(image, training=False)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(target, logits)
            loss = tf.reduce_sum(losses)
        return tape.gradient(loss, image)

    def one_by_one(compute_gradient: Any) -> Array:
        images = []
        for start, target in zip(starts, targets, strict=True):
            image, label = tf.constant(start[None]), tf.constant([target])
            for _ in range(steps):
                image -= RATE * compute_gradient(image, label)
            images.append(image.numpy()[0])
        return np.stack(images)

    def batch() -> Array:
        descent = descend_cross_entropy(model, starts, targets, steps=steps, learning_rate=RATE)
        return np.asarray(descent.images[-1])

    compiled = tf.function(gradient)
    return {
        BATCH: batch,
        "one image at a time, eager": lambda: one_by_one(gradient),
        "one image at a time, compiled": lambda: one_by_one(compiled),
    }


def main() -> None:
    """Times the implementations in turn, and prints their largest difference."""
    parser = benchmark_parser(__doc__, repeats=5)
    parser.add_argument("--steps", type=int, default=10)
    options = parser.parse_args()
    steps, repeats = (2, 1) if options.tiny else (options.steps, options.repeats)
    make_reproducible(0, 2)
    functions = implementations(steps)
    images = {name: run() for name, run in functions.items()}
    differences = {name: float(np.abs(one - images[BATCH]).max()) for name, one in images.items()}
    turns = take_turns(repeats, *(partial(seconds_of, run) for run in functions.values()))
    times = dict(zip(functions, turns, strict=True))
    rows = [
        Row(
            f"{len(images[BATCH])} images, {steps} steps, in one batch",
            times[BATCH], name, seconds, "largest difference", differences[name], TOLERANCE,
        )
        for name, seconds in times.items()
    ]  # fmt: skip
    for row in rows:
        require_agreement(row)
        print(
            f"{row.peer:30} {1000 * statistics.median(row.theirs):8.1f} ms   {row.ratio:5.1f} ×   "
            f"largest difference {row.difference:.1e}"
        )
    write_rows(options.json, rows[1:])


if __name__ == "__main__":
    main()
