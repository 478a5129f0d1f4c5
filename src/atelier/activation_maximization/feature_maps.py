"""The output of any layer of any Keras model, as a function of the image."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras
import tensorflow as tf

from atelier.activation_maximization.layers import find_layer
from atelier.types import Array

WHITE = 255
"""Value of a pixel of 1.0 in a stored image of integers."""


class FeatureMaps:
    """Computes the output of a layer from images in [0, 1].

    The model is called as a whole, and the layer's output is taken during the call. This also
    serves layers inside nested models and models without a graph of layers (subclassed ones). A
    layer that is called several times counts as it is called last.

    Args:
        model: Any Keras model of images. If it takes integers (stored images), images are
            multiplied by 255 and enter behind the cast, so that gradients pass.
        layer: Name of the layer; ``outer/inner`` for a layer inside another, whose last part is
            enough where it is unique. None is the model's (first) output.
        shape: (height, width, channels), for a model that does not know it: a Sequential that was
            never called, which is built with it, a subclassed model, or one of free sizes.
        fixed: Values of a model's other inputs by name, (1, …) or (n, …).
        preprocess: From images in [0, 1] to what the model takes, of the same shape; not for a
            model of integers.

    Attributes:
        shape: Shape of an image, (height, width, channels); None where a size is free.
        units: Number of channels of the layer's last axis.

    Raises:
        ValueError: If the layer does not exist, is not called, or has no gradient by the image; if
            an input is missing, unknown, or no image; or if the shape is unknown.
    """

    def __init__(
        self,
        model: keras.Model,
        layer: str | None = None,
        *,
        shape: tuple[int, ...] | None = None,
        fixed: Mapping[str, Array] | None = None,
        preprocess: Callable[[Any], Any] | None = None,
    ) -> None:
        _build(model, shape)
        self._model, self._name, self._preprocess = model, layer, preprocess
        self._inputs = _inputs_by_name(model)
        self._fixed = {name: tf.convert_to_tensor(value) for name, value in (fixed or {}).items()}
        self._image_input = _image_input(self._inputs, self._fixed)
        self.shape = _shape(model, self._image_input, shape)
        self._layer = None if layer is None else find_layer(model, layer)
        self._stored = self._image_input is not None and _is_integer(self._image_input)
        if self._stored:
            self._function = keras.Function(model.inputs, model.outputs)
        spec = tf.TensorSpec((None, *self.shape), tf.float32)
        maps = tf.function(self._with_gradient, autograph=False).get_concrete_function(spec)
        if maps.output_shapes[-1] is None:
            raise ValueError(f"Expected a known number of units. Received: {maps.output_shapes}")
        self.units = int(maps.output_shapes[-1])

    @tf.autograph.experimental.do_not_convert
    def __call__(self, images: Any) -> Any:
        """Returns the layer's output, (n, …, units) float32, for (n, height, width, channels)."""
        if self._layer is None:
            output = keras.tree.flatten(self._outputs(images))[0]
        else:
            with _captured(self._layer) as outputs:
                self._outputs(images)
            output = _last_output(outputs, str(self._name))
        if not output.dtype.is_floating:
            raise ValueError(
                f"Expected a layer that gives floats. Received: {output.dtype.name} from "
                f"{self._name or 'the first output; name a layer'}"
            )
        maps = tf.cast(output, tf.float32)
        return maps[:, None] if len(maps.shape) == 1 else maps

    def _outputs(self, images: Any) -> Any:
        """Returns all outputs of the model."""
        if self._preprocess is not None and not self._stored:
            images = self._preprocess(images)
        if self._image_input is None:
            return self._model(images, training=False)
        values = [
            self._convert_image(images)
            if tensor is self._image_input
            else self._repeat_fixed(name, tensor, images)
            for name, tensor in self._inputs.items()
        ]
        if self._stored:
            return self._function(values)
        structure = _structure(self._model)
        return self._model(keras.tree.pack_sequence_as(structure, values), training=False)

    def _convert_image(self, images: Any) -> Any:
        return images * WHITE if self._stored else tf.cast(images, self._image_input.dtype)

    def _repeat_fixed(self, name: str, tensor: Any, images: Any) -> Any:
        """Returns the value of a fixed input in the input's type, once for each image."""
        value = tf.cast(self._fixed[name], tensor.dtype)
        return tf.repeat(value, tf.shape(images)[0], axis=0) if value.shape[0] == 1 else value

    def _with_gradient(self, images: Any) -> Any:
        """Returns the output; raises an error if no gradient reaches the image."""
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
                f"Expected a layer whose output has a gradient by the image. Received: {name}, "
                "which does not depend on the image, or only through a cast to integers or another "
                "operation without a gradient"
            )
        return maps


def _build(model: keras.Model, shape: tuple[int, ...] | None) -> None:
    """Builds the weights of a model that was never called."""
    if model.built:
        return
    if shape is None or None in shape:
        raise ValueError(
            "Expected shape=(height, width, channels) for a model that was never called. "
            f"Received: {shape}"
        )
    model(tf.zeros((1, *shape)))


def _structure(model: keras.Model) -> Any:
    """Returns the inputs: a tensor, a list or a dictionary; None without a graph of layers."""
    if isinstance(model, keras.Sequential):
        return model.inputs[0]
    return getattr(model, "input", None)


def _inputs_by_name(model: keras.Model) -> dict[str, Any]:
    """Returns the inputs by the keys of a dictionary, else by their names."""
    inputs = getattr(model, "inputs", None) or []
    structure = _structure(model)
    if isinstance(structure, dict) and len(structure) == len(inputs):
        names = keras.tree.flatten({name: name for name in structure})
    else:
        names = [tensor.name for tensor in inputs]
    return dict(zip(names, inputs, strict=True))


def _image_input(inputs: Mapping[str, Any], fixed: Mapping[str, Any]) -> Any:
    """Returns the input of the image; None for a model without a graph of layers.

    Raises:
        ValueError: If not exactly one input is free, or if it does not take images.
    """
    unknown = [name for name in fixed if name not in inputs]
    free = [tensor for name, tensor in inputs.items() if name not in fixed]
    if unknown or (inputs and len(free) != 1):
        raise ValueError(
            "Expected a value in fixed={name: array} for every input but the image's, "
            f"out of {', '.join(inputs) or 'none'}. Received: {', '.join(fixed) or 'none'}"
        )
    if free and (len(free[0].shape) != 4 or not (_is_float(free[0]) or _is_integer(free[0]))):
        raise ValueError(
            "Expected an input of images, (n, height, width, channels). "
            f"Received: {free[0].name}, {tuple(free[0].shape)} {free[0].dtype}"
        )
    return free[0] if free else None


def _is_float(tensor: Any) -> bool:
    return "float" in keras.backend.standardize_dtype(tensor.dtype)


def _is_integer(tensor: Any) -> bool:
    return "int" in keras.backend.standardize_dtype(tensor.dtype)


def _shape(model: keras.Model, image: Any, shape: tuple[int, ...] | None) -> tuple[Any, ...]:
    """Returns (height, width, channels): the input's, else `shape`, else as the model was built.

    A size that the input leaves free is that of `shape`.
    """
    if image is not None:
        sizes = tuple(image.shape[1:])
        if shape is None or len(shape) != len(sizes):
            return sizes
        return tuple(own or given for own, given in zip(sizes, shape, strict=True))
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
    """Yields a list that receives the layer's output at each call in the block."""
    outputs: list[Any] = []
    call, is_instance_attribute = layer.call, "call" in vars(layer)

    def recording_call(*arguments: Any, **options: Any) -> Any:
        outputs.append(call(*arguments, **options))
        return outputs[-1]

    layer.call = recording_call
    try:
        yield outputs
    finally:
        del layer.call
        if is_instance_attribute:
            layer.call = call


def _last_output(outputs: list[Any], name: str) -> Any:
    """Returns the tensor of the layer's last call.

    Raises:
        ValueError: If it was not called, or gave several tensors.
    """
    if not outputs:
        raise ValueError(
            f"Expected a layer that the model calls on its way to its outputs. Received: {name}"
        )
    tensors = keras.tree.flatten(outputs[-1])
    if len(tensors) != 1:
        raise ValueError(f"Expected a layer with one output. Received: {len(tensors)} from {name}")
    return tensors[0]
