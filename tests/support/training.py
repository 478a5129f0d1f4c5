"""Doubles for trainings: images that are learnt in seconds, checkpoints in memory."""

import numpy as np

STILL = {"degrees": 0, "scale": 0, "shear": 0, "pixels": 0}


def dots(count: int, classes: int, *, seed: int = 0, side: int = 12) -> dict[str, np.ndarray]:
    """Images whose class is the place of a bright block: learnt in seconds."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    images = rng.integers(0, 90, (count, side, side, 1), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        row, column = divmod(int(label), 3)
        image[4 * row : 4 * row + 4, 4 * column : 4 * column + 4] += 120
    order = rng.permutation(count)
    return {"images": images[order], "labels": labels[order].astype(np.int64)}


class NoCheckpoint:
    """Keeps nothing, and counts how often it is cleared."""

    cleared = 0

    def restore(self, fingerprint):
        return None

    def save(self, fingerprint, state):
        pass

    def clear(self):
        self.cleared += 1


class Memory:
    """A checkpoint in memory that can die, as a process does, after a number of epochs."""

    def __init__(self, dies_after=None):
        self.kept, self.dies_after, self.saved, self.cleared = None, dies_after, 0, False

    def restore(self, fingerprint):
        return self.kept[1] if self.kept and self.kept[0] == fingerprint else None

    def save(self, fingerprint, state):
        self.kept = (fingerprint, {name: np.array(value) for name, value in state.items()})
        self.saved += 1
        if self.saved == self.dies_after:
            raise KeyboardInterrupt

    def clear(self):
        self.cleared = True
