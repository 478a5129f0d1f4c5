"""The grid of a study: every optimizer, schedule, weight decay, dropout, rate and seed."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from decimal import Decimal, localcontext
from itertools import product
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd

from atelier.sweep.architecture import Architecture
from atelier.sweep.schedules import SCHEDULES
from atelier.types import Array, Arrays

OptimizerName = str
"""A name in :data:`atelier.sweep.OPTIMIZERS`."""
OPTIMIZER_NAMES: tuple[OptimizerName, ...] = (
    *("adam", "adadelta", "adagrad", "sgd", "adamw", "rmsprop", "nadam", "momentum", "lion"),
    *("schedule_free_adamw", "muon", "l_dog"),
)
"""The project's own, which a plan checks without loading JAX."""
Activations = Literal["float32", "bfloat16"]
"""Type in which activations are stored between the layers."""
Progress = Callable[[int], object]
"""Called with the number of member-steps done since its last call; from any thread."""
SPLITS = ("train", "selection", "test")


@dataclass(frozen=True)
class Plan:
    """The grid, the training that all its members share, and its division into chunks.

    Raises:
        ValueError: If a value is out of its range, or a name is unknown or repeated.

    Examples:
        >>> plan = Plan(["adam", "sgd"], [0.0, 0.5], 1e-3, 1e-1, 3, [0], 8, None, 4)
        >>> plan.learning_rates
        array([0.001, 0.01 , 0.1  ])
        >>> len(plan.members())
        12
    """

    optimizers: tuple[OptimizerName, ...]
    dropouts: tuple[float, ...]
    lowest_rate: float
    highest_rate: float
    rates: int
    """Learning rates between the two, both included, evenly spaced in their logarithm."""
    seeds: tuple[int, ...]
    """Each determines the initial weights, the order of the images and the dropped units."""
    batch_size: int
    steps: int | None
    """Batches of a training; null is one epoch, more than that continues with further epochs."""
    chunk: int
    """Members that are trained, and stored, together."""
    filters: tuple[int, int] = (32, 64)
    """Output channels of the two convolutions."""
    units: int = 128
    """Units of the hidden dense layer."""
    schedules: tuple[str, ...] = ("constant",)
    """Names in :data:`atelier.sweep.schedules.SCHEDULES`."""
    weight_decays: tuple[float, ...] | None = None
    """Decoupled weight decays, if all optimizers have one; null: each optimizer's default."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    def __post_init__(self) -> None:
        lists = ["optimizers", "dropouts", "seeds", "filters", "schedules"]
        lists += [] if self.weight_decays is None else ["weight_decays"]
        for name in lists:
            object.__setattr__(self, name, tuple(getattr(self, name)))
        unknown = _unknown_optimizers(self.optimizers)
        _expect(not unknown, f"optimizers among {sorted(OPTIMIZER_NAMES)}", unknown)
        _expect(all(0 <= p < 1 for p in self.dropouts), "dropouts in [0, 1)", self.dropouts)
        ends = (self.lowest_rate, self.highest_rate)
        _expect(0 < ends[0] <= ends[1], "0 < lowest_rate ≤ highest_rate", ends)
        _expect(all(0 <= s < 2**32 for s in self.seeds), "seeds in [0, 2³²)", self.seeds)
        unknown = sorted(set(self.schedules) - set(SCHEDULES))
        _expect(not unknown, f"schedules among {sorted(SCHEDULES)}", unknown)
        for name in set(lists) - {"filters"}:
            values = getattr(self, name)
            _expect(len(set(values)) == len(values) > 0, f"one or more different {name}", values)
        for name in ("rates", "batch_size", "chunk", "units"):
            _expect(getattr(self, name) > 0, f"{name} > 0", getattr(self, name))
        _expect(self.steps is None or self.steps > 0, "steps > 0 or null", self.steps)
        if self.weight_decays is not None:
            decays, without = self.weight_decays, _without_weight_decay(self.optimizers)
            _expect(not without, "weight_decays: null for optimizers that have none", without)
            _expect(all(decay >= 0 for decay in decays), "weight_decays ≥ 0", decays)

    @property
    def learning_rates(self) -> Array:
        """Shape (rates,), correctly rounded, so that every processor has the same rates."""
        with localcontext(prec=40):
            lowest = Decimal(str(self.lowest_rate))
            ratio = Decimal(str(self.highest_rate)) / lowest
            steps = max(self.rates - 1, 1)
            return np.array(
                [float(lowest * ratio ** (Decimal(step) / steps)) for step in range(self.rates)]
            )

    def members(self) -> pd.DataFrame:
        """Returns a row per training.

        Members of one optimizer and seed, which share their batches, are adjacent, and among them
        the members with different dropout at one rate. An optimizer that needs no rate has one
        member of rate 1 where others have one at each rate. The table has a column ``schedule`` if
        the plan has another one than the constant, and ``weight_decay`` if it has decays.
        """
        axes = {"schedule": self.schedules, "weight_decay": self.weight_decays or (None,)}
        grid = [
            (optimizer, *rest)
            for optimizer in self.optimizers
            for rest in product(
                self.seeds, self._rates_of(optimizer), *axes.values(), self.dropouts
            )
        ]
        columns = ["optimizer", "seed", "learning_rate", *axes, "dropout"]
        table = pd.DataFrame(grid, columns=columns)
        constant = () if self.schedules != ("constant",) else ("schedule",)
        default = () if self.weight_decays is not None else ("weight_decay",)
        order = ["optimizer", "dropout", "learning_rate", "seed", *axes]
        return table[order].drop(columns=[*constant, *default])

    def _rates_of(self, optimizer: OptimizerName) -> Array:
        from atelier.sweep.optimizers import OPTIMIZERS

        return np.ones(1) if OPTIMIZERS[optimizer].rate_free else self.learning_rates

    def chunks(self) -> list[pd.DataFrame]:
        """Returns the members in pieces of one optimizer and one seed."""
        groups = self.members().groupby(["optimizer", "seed"], sort=False)
        return [
            group.iloc[start : start + self.chunk]
            for _, group in groups
            for start in range(0, len(group), self.chunk)
        ]

    def architecture(self, data: Arrays) -> Architecture:
        """Returns the layer sizes for images of this size and labels of this range."""
        classes = 1 + max(int(data[f"{split}_labels"].max()) for split in SPLITS)
        side, _, channels = data["train_images"].shape[1:]
        return Architecture(classes, side, self.filters, self.units, channels)

    def length(self, images: int) -> int:
        """Returns the number of steps of one training on so many images."""
        epoch = images // self.batch_size
        _expect(epoch > 0, f"at least one batch of {self.batch_size} images", images)
        return epoch if self.steps is None else self.steps

    def order(self, images: int, seed: int) -> Array:
        """Returns row numbers (steps, batch) of the images, int32, in a new order in each epoch."""
        steps, epoch = self.length(images), images // self.batch_size
        rng = np.random.default_rng([seed, 1])
        rows = [
            rng.permutation(images)[: epoch * self.batch_size] for _ in range(-(-steps // epoch))
        ]
        return np.concatenate(rows).reshape(-1, self.batch_size)[:steps].astype(np.int32)

    def as_dict(self) -> dict[str, Any]:
        """Returns the fields by name, schedules and decays only if they are not the default.

        A study's fingerprint is made of these fields, and studies older than the two are stored.
        """
        fields = asdict(self)
        if self.schedules == ("constant",):
            del fields["schedules"]
        if self.weight_decays is None:
            del fields["weight_decays"]
        return fields


def check_data(data: Arrays) -> None:
    """Checks that images and labels of all three splits exist and fit.

    Raises:
        ValueError: If an array is missing, or has an unexpected shape, type or range.
    """
    names = [f"{split}_{kind}" for split in SPLITS for kind in ("images", "labels")]
    missing = sorted(set(names) - set(data))
    _expect(not missing, f"arrays {names}", f"none named {', '.join(missing)}")
    shape = data["train_images"].shape[1:]
    for split in SPLITS:
        images, labels = data[f"{split}_images"], data[f"{split}_labels"]
        fits = images.ndim == 4 and images.shape[1:] == shape and shape[2] in {1, 3}
        _expect(
            fits and shape[0] == shape[1] and images.dtype == np.uint8,
            f"{split}_images (n, side, side, 1 or 3) uint8, the same shape in all splits",
            f"{images.shape} {images.dtype}",
        )
        _expect(
            labels.shape == images.shape[:1] and len(labels) > 0 and labels.dtype.kind in "iu",
            f"{split}_labels ({len(images)},) of integers, at least one",
            f"{labels.shape} {labels.dtype}",
        )
        _expect(labels.min() >= 0, f"{split}_labels ≥ 0", labels.min())


def _unknown_optimizers(names: Iterable[OptimizerName]) -> list[OptimizerName]:
    """Returns the names that are neither the project's nor of another package.

    JAX is loaded only for a name that is not the project's own.
    """
    unknown = sorted(set(names) - set(OPTIMIZER_NAMES))
    if not unknown:
        return []
    from atelier.sweep.optimizers import OPTIMIZERS

    return [name for name in unknown if name not in OPTIMIZERS]


def _without_weight_decay(names: Iterable[OptimizerName]) -> list[OptimizerName]:
    from atelier.sweep.optimizers import OPTIMIZERS

    return [name for name in names if OPTIMIZERS[name].weight_decay is None]


def _expect(holds: Any, expected: str, received: Any) -> None:
    if not holds:
        raise ValueError(f"Expected {expected}. Received: {received}")
