"""Keras' own optimizers under the names of the sweep."""

from typing import Any

CLASSES = {
    "adam": "Adam",
    "adadelta": "Adadelta",
    "adagrad": "Adagrad",
    "sgd": "SGD",
    "adamw": "AdamW",
    "rmsprop": "RMSprop",
    "nadam": "Nadam",
    "momentum": "SGD",
    "lion": "Lion",
    "schedule_free_adamw": "ScheduleFreeAdamW",
    "muon": "Muon",
}


def keras_optimizer(name: str, *, exclude_layers: list[str] | None = None, **options: Any) -> Any:
    """Returns Keras' optimizer with its defaults.

    Args:
        name: In the sweep.
        exclude_layers: Names of layers whose weights Muon leaves to Adam.
        **options: Of Keras' optimizer.
    """
    import keras

    if name == "momentum":
        options |= {"momentum": 0.9, "nesterov": True}
    if name == "muon":
        options |= {"exclude_layers": exclude_layers}
    return getattr(keras.optimizers, CLASSES[name])(**options)
