"""What any layer of any Keras model makes of a picture."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras
import tensorflow as tf

from atelier.types import Array

WHITE = 255
"""What a pixel of 1 is for a model that takes stored pictures, of integers."""


class FeatureMaps:
    """A model up to one layer: pictures in [0, 1] in, the layer's maps out.

    The model is called as a whole, and the layer's output is taken while it passes: this serves
    layers inside nested models and models without a graph of layers (subclassed ones).

    Args:
        model: Any Keras model of pictures. If it takes integers (stored pictures), pictures are
            multiplied by 255 and enter behind the cast, so that gradients pass.
        layer: Its name; ``outer/inner`` for a layer inside another, whose last part alone will do
            where it is unique. The model's (first) output when None.
        shape: (height, width, channels) for a model that does not know it: a Sequential that was
            never called, which is built with it, or a subclassed one.
        fixed: The other inputs of a model with several, by name, (1, …) or (n, …).

    Raises:
        ValueError: No such layer, or it is not called, or gives no numbers with a gradient; an
            input is missing, unknown, or no picture; or the shape is unknown.
    """

    def __init__(
        self,
        model: keras.Model,
        layer: str | None = None,
        *,
        shape: tuple[int, ...] | None = None,
        fixed: Mapping[str, Array] | None = None,
    ) -> None:
        _build(model, shape)
        self._model, self._name = model, layer
        self._inputs = _inputs_by_name(model)
        self._fixed = {name: tf.convert_to_tensor(one) for name, one in (fixed or {}).items()}
        self._picture = _picture_input(self._inputs, self._fixed)
        self.shape = _shape(model, self._picture, shape)
        self._layer = None if layer is None else find_layer(model, layer)
        self._stored = self._picture is not None and _is_integer(self._picture)
        if self._stored:
            self._function = keras.Function(model.inputs, model.outputs)
        spec = tf.TensorSpec((None, *self.shape), tf.float32)
        maps = tf.function(self._with_gradient, autograph=False).get_concrete_function(spec)
        if maps.output_shapes[-1] is None:
            raise ValueError(f"Expected a known number of units. Received: {maps.output_shapes}")
        self.units = int(maps.output_shapes[-1])

    @tf.autograph.experimental.do_not_convert
    def __call__(self, images: Any) -> Any:
        """The layer's maps, (n, …, units) float32.

        Args:
            images: (n, height, width, channels) float32.
        """
        if self._layer is None:
            output = keras.tree.flatten(self._outputs(images))[0]
        else:
            with _captured(self._layer) as outputs:
                self._outputs(images)
            output = _only(outputs, str(self._name))
        if not output.dtype.is_floating:
            raise ValueError(
                f"Expected a layer that gives floats. Received: {output.dtype.name} from "
                f"{self._name or 'the first output; name a layer'}"
            )
        maps = tf.cast(output, tf.float32)
        return maps[:, None] if len(maps.shape) == 1 else maps

    def _outputs(self, images: Any) -> Any:
        """Everything that the model gives."""
        if self._picture is None:
            return self._model(images, training=False)
        values = [
            self._picture_as(images) if one is self._picture else self._fixed_as(name, one, images)
            for name, one in self._inputs.items()
        ]
        if self._stored:
            return self._function(values)
        structure = _structure(self._model)
        return self._model(keras.tree.pack_sequence_as(structure, values), training=False)

    def _picture_as(self, images: Any) -> Any:
        return images * WHITE if self._stored else tf.cast(images, self._picture.dtype)

    def _fixed_as(self, name: str, tensor: Any, images: Any) -> Any:
        """A fixed input in its type, once for each picture."""
        value = tf.cast(self._fixed[name], tensor.dtype)
        return tf.repeat(value, tf.shape(images)[0], axis=0) if value.shape[0] == 1 else value

    def _with_gradient(self, images: Any) -> Any:
        """The maps, once it is clear that a gradient reaches the picture."""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(images)
            maps = self(images)
        name = self._name or "the output"
        try:
            missing = tape.gradient(maps, images) is None
        except LookupError as error:
            raise ValueError(f"Expected a gradient for {name}. Received: {error}") from error
        if missing:
            raise ValueError(
                f"Expected a layer whose output has a gradient by the picture. Received: {name}, "
                "which the picture does not reach, or only through a cast to integers or another "
                "operation without a gradient"
            )
        return maps


def layers_by_path(model: keras.Model) -> dict[str, keras.Layer]:
    """Every layer by its name, and every layer inside another by ``outer/inner``."""
    found: dict[str, keras.Layer] = {}

    def visit(parent: Any, prefix: str, above: tuple[Any, ...]) -> None:
        for layer in parent._flatten_layers(include_self=False, recursive=False):
            if isinstance(layer, keras.layers.InputLayer) or layer in above:
                continue
            found[prefix + layer.name] = layer
            visit(layer, f"{prefix}{layer.name}/", (*above, layer))

    visit(model, "", (model,))
    return found


def find_layer(model: keras.Model, path: str) -> keras.Layer:
    """The layer at a path, or the only one of this name.

    Raises:
        ValueError: There is none, or several.
    """
    layers = layers_by_path(model)
    matching = [one for one in layers if one == path] or [
        one for one in layers if one.endswith(f"/{path}")
    ]
    if len({id(layers[one]) for one in matching}) != 1:
        names = ", ".join(matching or layers)
        raise ValueError(f"Expected a layer out of {names}. Received: {path}")
    return layers[matching[0]]


def _build(model: keras.Model, shape: tuple[int, ...] | None) -> None:
    """Calls a model that was never called, so that its layers exist."""
    if model.built:
        return
    if shape is None or None in shape:
        raise ValueError(
            "Expected shape=(height, width, channels) for a model that was never called. "
            f"Received: {shape}"
        )
    model(tf.zeros((1, *shape)))


def _structure(model: keras.Model) -> Any:
    """The model's inputs as it takes them: one, a list or a dictionary; None without a graph."""
    if isinstance(model, keras.Sequential):
        return model.inputs[0]
    return getattr(model, "input", None)


def _inputs_by_name(model: keras.Model) -> dict[str, Any]:
    """The inputs by the keys of a dictionary, else by their own names."""
    inputs = getattr(model, "inputs", None) or []
    structure = _structure(model)
    if isinstance(structure, dict) and len(structure) == len(inputs):
        names = keras.tree.flatten({name: name for name in structure})
    else:
        names = [tensor.name for tensor in inputs]
    return dict(zip(names, inputs, strict=True))


def _picture_input(inputs: Mapping[str, Any], fixed: Mapping[str, Any]) -> Any:
    """The input that is to change; None for a model without a graph of layers.

    Raises:
        ValueError: Not one is left, or it is no picture.
    """
    unknown = [name for name in fixed if name not in inputs]
    free = [tensor for name, tensor in inputs.items() if name not in fixed]
    if unknown or (inputs and len(free) != 1):
        raise ValueError(
            "Expected a value in fixed={name: array} for every input but the picture's, "
            f"out of {', '.join(inputs) or 'none'}. Received: {', '.join(fixed) or 'none'}"
        )
    if free and (len(free[0].shape) != 4 or not (_is_float(free[0]) or _is_integer(free[0]))):
        raise ValueError(
            "Expected an input of pictures, (n, height, width, channels). "
            f"Received: {free[0].name}, {tuple(free[0].shape)} {free[0].dtype}"
        )
    return free[0] if free else None


def _is_float(tensor: Any) -> bool:
    return "float" in keras.backend.standardize_dtype(tensor.dtype)


def _is_integer(tensor: Any) -> bool:
    return "int" in keras.backend.standardize_dtype(tensor.dtype)


def _shape(model: keras.Model, picture: Any, shape: tuple[int, ...] | None) -> tuple[Any, ...]:
    """(height, width, channels) by the model's input, as given, or as the model was built."""
    if picture is not None:
        return tuple(picture.shape[1:])
    if shape is None:
        built = (model.get_build_config() or {}).get("input_shape") or ()
        shape = tuple(built[1:]) if isinstance(built, tuple | list) else ()
    if len(shape) != 3:
        raise ValueError(
            "Expected shape=(height, width, channels) for a model that does not know it. "
            f"Received: {shape}"
        )
    return tuple(shape)


@contextmanager
def _captured(layer: keras.Layer) -> Iterator[list[Any]]:
    """What the layer gives, each time that it is called in the block."""
    outputs: list[Any] = []
    call, own = layer.call, "call" in vars(layer)

    def noting(*arguments: Any, **options: Any) -> Any:
        outputs.append(call(*arguments, **options))
        return outputs[-1]

    layer.call = noting
    try:
        yield outputs
    finally:
        del layer.call
        if own:
            layer.call = call


def _only(outputs: list[Any], name: str) -> Any:
    """The tensor that the layer gave when it was last called.

    Raises:
        ValueError: It was not called, or gave several tensors.
    """
    if not outputs:
        raise ValueError(
            f"Expected a layer that the model calls on its way to its outputs. Received: {name}"
        )
    tensors = keras.tree.flatten(outputs[-1])
    if len(tensors) != 1:
        raise ValueError(f"Expected a layer with one output. Received: {len(tensors)} from {name}")
    return tensors[0]
