"""Activation maximization as one batch against one image at a time, the same steps.

`python benchmarks/activation.py`. The post's network with random weights (time does not depend on
them), ten classes from four starts, ten plain steps: all 40 images in one compiled batch, against a
loop over images with a gradient tape, as the post and its followers write it, eager and compiled.
Two threads; medians of interleaved repeats after one warm-up each. `--tiny`: one start,
one step.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from atelier.activation_maximization import descend_cross_entropy, initial_images
from atelier.training.networks import two_layer_cnn
from atelier.training.reproducibility import make_reproducible
from atelier.types import Array

STEPS, RATE, REPEATS = 10, 5.0, 5


def main() -> None:
    """Time the three ways side by side and check that they agree."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="one start, one step")
    tiny = parser.parse_args().tiny
    steps, repeats = (1, 1) if tiny else (STEPS, REPEATS)
    make_reproducible(0, 2)
    model = two_layer_cnn(10, shape=(28, 28, 1), dropout=0.5)
    kinds = ("ones",) if tiny else ("ones", "half", "zeros", "random")
    starts = np.concatenate([initial_images(kind, 10, (28, 28, 1), seed=0) for kind in kinds])
    targets = np.tile(np.arange(10), len(kinds))

    def gradient(image: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(image)
            logits = model(image, training=False)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(target, logits)
            loss = tf.reduce_sum(losses)
        return tape.gradient(loss, image)

    def one_by_one(step: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]) -> Array:
        results = []
        for start, target in zip(starts, targets, strict=True):
            image, label = tf.constant(start[None]), tf.constant([target])
            for _ in range(steps):
                image -= RATE * step(image, label)
            results.append(image.numpy()[0])
        return np.stack(results)

    compiled = tf.function(gradient)
    ways: dict[str, Callable[[], Array]] = {
        "one batch": lambda: descend_cross_entropy(
            model, starts, targets, steps=steps, learning_rate=RATE
        ).images[-1],
        "one image at a time, eager": lambda: one_by_one(gradient),
        "one image at a time, compiled": lambda: one_by_one(compiled),
    }
    results = {name: way() for name, way in ways.items()}
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():
            started = time.perf_counter()
            way()
            times[name].append(time.perf_counter() - started)
    reference = results["one batch"]
    least = statistics.median(times["one batch"])
    for name, taken in times.items():
        median, gap = statistics.median(taken), float(np.abs(results[name] - reference).max())
        ratio = median / least
        print(f"{name:30} {1000 * median:8.1f} ms   {ratio:5.1f} ×   largest difference {gap:.1e}")


if __name__ == "__main__":
    main()
