"""Which operations TensorFlow ran, and where a gradient stops between them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import op_callbacks

SHAPE_ONLY = {"Shape", "ShapeN", "Size", "Rank", "ZerosLike", "OnesLike"}
"""Operations that use nothing of their input but its shape."""


class RecordedOperation(NamedTuple):
    """One operation that ran: its type, and the tensors (or handles of variables) it took and gave.

    The inputs of an assignment start with the handle of the variable.
    """

    kind: str
    inputs: tuple[Any, ...]
    outputs: tuple[Any, ...]

    @property
    def assigns(self) -> bool:
        """Whether it changes a variable."""
        resources = [tensor for tensor in self.inputs if tensor.dtype == tf.resource]
        return bool(resources) and not self.outputs

    @property
    def label(self) -> str:
        """Its type; of a cast, also the types of numbers; of a custom gradient, that it is one."""
        if self.kind == "Identity":  # which ends what has a gradient by hand
            return "a custom gradient that is None"
        if self.kind != "Cast":
            return self.kind
        return f"Cast ({self.inputs[0].dtype.name} to {self.outputs[0].dtype.name})"


@contextmanager
def record_operations() -> Iterator[list[RecordedOperation]]:
    """Every operation that runs eagerly in the block, in order, with its tensors."""
    operations: list[RecordedOperation] = []

    def note(kind: Any, inputs: Any, _attributes: Any, outputs: Any, *_: Any, **__: Any) -> None:
        name = kind.decode() if isinstance(kind, bytes) else kind
        operations.append(RecordedOperation(name, tuple(inputs), tuple(outputs)))

    op_callbacks.add_op_callback(note)
    try:
        yield operations
    finally:
        op_callbacks.remove_op_callback(note)


class DataFlow:
    """How data went from one value to a result.

    Args:
        operations: What ran, in order.
        value: The tensor or variable that the result may depend on.
        changed: The variables that were assigned to.
        tape: A persistent tape that watched all of these.
    """

    def __init__(
        self, operations: list[RecordedOperation], value: Any, changed: Sequence[Any], tape: Any
    ) -> None:
        self._value, self._tape = value, tape
        self._read = [one for one in (value, *changed) if isinstance(one, tf.Variable)]
        self._source = _key(value.handle if isinstance(value, tf.Variable) else value)
        self._made_by: dict[int, list[RecordedOperation]] = {}
        self._copies = {self._source}
        self._reached, self._known = {self._source}, {self._source}
        for operation in operations:
            self._note_reads(operation)
            self._follow(operation)
            self._known |= {_key(tensor) for tensor in operation.outputs}

    def _note_reads(self, operation: RecordedOperation) -> None:
        """Adds the reading of a variable that was handed to an operation as it is: TensorFlow
        reads it then without a word.
        """
        for tensor in operation.inputs:
            if _key(tensor) in self._known or not is_differentiable(tensor):
                continue
            self._known.add(_key(tensor))
            for variable in self._read:
                if self._is_read(tensor, variable, operation):
                    self._follow(RecordedOperation("ReadVariableOp", (variable.handle,), (tensor,)))

    def _is_read(self, tensor: Any, variable: Any, operation: RecordedOperation) -> bool:
        """Whether the tensor is the variable's value; ``tf.stop_gradient`` stops the tape, so that
        there equal numbers must do.
        """
        if operation.kind != "StopGradient":
            return is_differentiable(variable) and (
                self._tape.gradient(tensor, variable) is not None
            )
        same = tensor.dtype == variable.dtype and tensor.shape == variable.shape
        return same and bool(np.array_equal(tensor, variable.numpy(), equal_nan=True))

    def _follow(self, operation: RecordedOperation) -> None:
        """Marks what the operation gives, or the variable it changes, where the value goes in."""
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
            self._made_by.setdefault(_key(target), []).append(operation)

    def reaches(self, result: Any) -> bool:
        """Whether the result was computed from the value by TensorFlow's operations."""
        return _key(result) in self._reached

    def cuts(self, result: Any) -> list[RecordedOperation]:
        """The operations into which the value's gradient reaches back, but through which it does
        not come: nearest to the result first.
        """
        cuts: list[RecordedOperation] = []
        waiting, known = [result], {_key(result)}
        while waiting:
            for operation in self._made_by.get(_key(waiting.pop(0)), []):
                inputs = [one for one in operation.inputs if _key(one) in self._reached]
                if any(self._connected(one) for one in inputs):
                    cuts.append(operation)
                    continue
                fresh = [one for one in inputs if _key(one) not in known]
                known |= {_key(one) for one in fresh}
                waiting += fresh
        return cuts

    def _connected(self, tensor: Any) -> bool:
        """Whether the tape has a gradient of this tensor with respect to the value."""
        if _key(tensor) in self._copies:
            return True
        if not is_differentiable(tensor):
            return False
        try:
            return self._tape.gradient(tensor, self._value) is not None
        except LookupError:  # an operation on the path has no gradient registered
            return False


def is_differentiable(tensor: Any) -> bool:
    """Whether this is a tensor of real or complex numbers."""
    return bool(tf.is_tensor(tensor) and (tensor.dtype.is_floating or tensor.dtype.is_complex))


def _key(tensor: Any) -> int:
    return id(tensor)
