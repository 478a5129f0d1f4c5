"""Layers of a Keras model by their paths."""

from typing import Any

import keras


def layers_by_path(model: keras.Model) -> dict[str, keras.Layer]:
    """Returns every layer by its name, and every layer inside another by ``outer/inner``."""
    layers: dict[str, keras.Layer] = {}

    def visit(parent: Any, prefix: str, ancestors: tuple[Any, ...]) -> None:
        for layer in parent._flatten_layers(include_self=False, recursive=False):
            if isinstance(layer, keras.layers.InputLayer) or layer in ancestors:
                continue
            layers[prefix + layer.name] = layer
            visit(layer, f"{prefix}{layer.name}/", (*ancestors, layer))

    visit(model, "", (model,))
    return layers


def find_layer(model: keras.Model, path: str) -> keras.Layer:
    """Returns the layer at a path, or the only layer of this name.

    Raises:
        ValueError: If there is no such layer, or several.
    """
    layers = layers_by_path(model)
    matching = [path] if path in layers else [name for name in layers if name.endswith(f"/{path}")]
    if len({id(layers[name]) for name in matching}) != 1:
        names = ", ".join(matching or layers)
        raise ValueError(f"Expected a layer out of {names}. Received: {path}")
    return layers[matching[0]]
