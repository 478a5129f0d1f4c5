"""The operations that TensorFlow runs, and where a gradient stops between them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import op_callbacks

SHAPE_ONLY = {"Shape", "ShapeN", "Size", "Rank", "ZerosLike", "OnesLike"}
"""Operations that use only the shape of their input."""


class RecordedOperation(NamedTuple):
    """An operation that ran: its type, and the tensors (or handles of variables) in and out.

    The inputs of an assignment start with the handle of the variable.
    """

    kind: str
    inputs: tuple[Any, ...]
    outputs: tuple[Any, ...]

    @property
    def assigns(self) -> bool:
        """Whether the operation changes a variable."""
        resources = [tensor for tensor in self.inputs if tensor.dtype == tf.resource]
        return bool(resources) and not self.outputs

    @property
    def label(self) -> str:
        """The type; of a cast also the data types; of a custom gradient that it is one."""
        if self.kind == "Identity":  # the last operation of a function with a custom gradient
            return "a custom gradient that is None"
        if self.kind != "Cast":
            return self.kind
        return f"Cast ({self.inputs[0].dtype.name} to {self.outputs[0].dtype.name})"


@contextmanager
def record_operations() -> Iterator[list[RecordedOperation]]:
    """Yields a list that receives every operation that runs eagerly in the block."""
    operations: list[RecordedOperation] = []

    def record(kind: Any, inputs: Any, _attributes: Any, outputs: Any, *_: Any, **__: Any) -> None:
        name = kind.decode() if isinstance(kind, bytes) else kind
        operations.append(RecordedOperation(name, tuple(inputs), tuple(outputs)))

    op_callbacks.add_op_callback(record)
    try:
        yield operations
    finally:
        op_callbacks.remove_op_callback(record)


class DataFlow:
    """The path of data from one value to a result.

    Args:
        operations: The operations that ran, in order.
        value: The tensor or variable that the result may depend on.
        changed: The variables that were assigned to.
        tape: A persistent tape that watched all of these.
    """

    def __init__(
        self, operations: list[RecordedOperation], value: Any, changed: Sequence[Any], tape: Any
    ) -> None:
        self._value, self._tape = value, tape
        self._variables = [item for item in (value, *changed) if isinstance(item, tf.Variable)]
        self._source = _key(value.handle if isinstance(value, tf.Variable) else value)
        self._producers: dict[int, list[RecordedOperation]] = {}
        self._copies = {self._source}
        self._reached, self._produced = {self._source}, {self._source}
        for operation in operations:
            self._add_implicit_reads(operation)
            self._follow(operation)
            self._produced |= {_key(tensor) for tensor in operation.outputs}

    def _add_implicit_reads(self, operation: RecordedOperation) -> None:
        """Adds the reads of variables that were passed to an operation directly.

        TensorFlow reports no operation for such a read.
        """
        for tensor in operation.inputs:
            if _key(tensor) in self._produced or not is_differentiable(tensor):
                continue
            self._produced.add(_key(tensor))
            for variable in self._variables:
                if self._is_read(tensor, variable, operation):
                    self._follow(RecordedOperation("ReadVariableOp", (variable.handle,), (tensor,)))

    def _is_read(self, tensor: Any, variable: Any, operation: RecordedOperation) -> bool:
        """Tests whether the tensor is the variable's value.

        ``tf.stop_gradient`` stops the tape: for it, equal numbers decide.
        """
        if operation.kind != "StopGradient":
            return is_differentiable(variable) and (
                self._tape.gradient(tensor, variable) is not None
            )
        is_alike = tensor.dtype == variable.dtype and tensor.shape == variable.shape
        return is_alike and bool(np.array_equal(tensor, variable.numpy(), equal_nan=True))

    def _follow(self, operation: RecordedOperation) -> None:
        """Marks the outputs, or the variable that changes, if the value is an input."""
        if operation.kind in SHAPE_ONLY:
            return
        if operation.kind == "ReadVariableOp" and _key(operation.inputs[0]) == self._source:
            self._copies.add(_key(operation.outputs[0]))
        targets = operation.inputs[:1] if operation.assigns else operation.outputs
        sources = operation.inputs[1:] if operation.assigns else operation.inputs
        if self._reached.isdisjoint(map(_key, sources)):
            return
        for target in targets:
            self._reached.add(_key(target))
            self._producers.setdefault(_key(target), []).append(operation)

    def reaches(self, result: Any) -> bool:
        """Tests whether TensorFlow's operations computed the result from the value."""
        return _key(result) in self._reached

    def cuts(self, result: Any) -> list[RecordedOperation]:
        """Returns the operations that stop the value's gradient, nearest to the result first."""
        cuts: list[RecordedOperation] = []
        queue, queued = [result], {_key(result)}
        while queue:
            for operation in self._producers.get(_key(queue.pop(0)), []):
                inputs = [tensor for tensor in operation.inputs if _key(tensor) in self._reached]
                if any(self._connected(tensor) for tensor in inputs):
                    cuts.append(operation)
                    continue
                unvisited = [tensor for tensor in inputs if _key(tensor) not in queued]
                queued |= {_key(tensor) for tensor in unvisited}
                queue += unvisited
        return cuts

    def _connected(self, tensor: Any) -> bool:
        """Tests whether the tape has a gradient of this tensor with respect to the value."""
        if _key(tensor) in self._copies:
            return True
        if not is_differentiable(tensor):
            return False
        try:
            return self._tape.gradient(tensor, self._value) is not None
        except LookupError:  # an operation on the path has no gradient registered
            return False


def is_differentiable(tensor: Any) -> bool:
    """Tests whether this is a tensor of real or complex numbers."""
    return bool(tf.is_tensor(tensor) and (tensor.dtype.is_floating or tensor.dtype.is_complex))


def _key(tensor: Any) -> int:
    return id(tensor)
