"""A BERT sentence encoder's computation as an ONNX graph, in 32-bit floats or rounded to 8 bits.

Knows the layers of BERT and the operators of ONNX; runs nothing, reads and writes no file. The graph uses standard
operators, which ONNX Runtime fuses when it loads them, but for one of ONNX Runtime's own: a product of 8-bit numbers
with its bias, which it would not fuse by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from index.embedding.bert import Encoder, Unsupported, Weights

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto

Channels = NDArray[np.float32]
Ranges = Mapping[str, tuple[Channels, Channels]]
"""The least and the greatest value of each channel at each place where a layer's input is rounded to 8 bits."""

IDS, MASK, EMBEDDING = "input_ids", "attention_mask", "embedding"
LEAST, GREATEST = ".least", ".greatest"
_OPSET, _IR = 20, 9
_RUNTIMES_OWN = "com.microsoft"
"""The domain of ONNX Runtime's operators."""
_MASKED = -1e4
_LEVELS = 255
_SIGNED_LEVELS = 127
_OUTLIERS = 16
"""Channels at each place that are brought down to the next greatest one's peak before rounding, and up again in the
weights: a handful of them reach ten times what the others do. Of 0 to 128, this kept the cosine highest, at no cost."""


@dataclass(frozen=True, slots=True)
class _Input:
    """A layer's input; rounded, each channel was divided by its `scale` before, and `steps` names step and zero."""

    name: str
    scale: Channels | None = None
    steps: tuple[str, str] | None = None


def to_onnx(encoder: Encoder, weights: Weights, ranges: Ranges | None = None) -> bytes:
    """The encoder as an ONNX model: token ids and mask, both (n, tokens), to unit vectors (n, width).

    Without `ranges` in 32-bit floats, with each channel's least and greatest value at each place where a layer's input
    would be rounded as outputs beside the vectors. With them, those inputs are rounded to 8 bits between their range
    and the weights to 8 bits a column; attention, normalisation and pooling stay in floats. Raises Unsupported.
    """
    try:
        return _Writer(encoder, weights, ranges).model()
    except (KeyError, ValueError) as error:
        raise Unsupported(f"The embedder's weights do not fit its config.json: {error}") from error


class _Writer:
    """Writes the graph of one encoder, from the tokens up."""

    def __init__(self, encoder: Encoder, weights: Weights, ranges: Ranges | None) -> None:
        self._encoder = encoder
        self._weights = weights
        self._ranges = ranges
        self._nodes: list[NodeProto] = []
        self._constants: list[TensorProto] = []
        self._seen: list[str] = []

    def model(self) -> bytes:
        from onnx import TensorProto, helper

        vectors = self._pooled(self._encoded())
        self._nodes.append(helper.make_node("LpNormalization", [vectors], [EMBEDDING], axis=-1, p=2))
        outputs = [helper.make_tensor_value_info(EMBEDDING, TensorProto.FLOAT, ["n", self._encoder.width])]
        outputs += [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["channels"]) for name in self._seen]
        inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["n", "tokens"]) for name in (IDS, MASK)]
        graph = helper.make_graph(self._nodes, "encoder", inputs, outputs, self._constants)
        sets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_RUNTIMES_OWN, 1)]
        made = helper.make_model(graph, opset_imports=sets, ir_version=_IR)
        return bytes(made.SerializeToString())

    def _encoded(self) -> str:
        """The last layer's states, (n, tokens, width)."""
        states = self._embedded()
        there = self._add("Cast", MASK, to=1)  # (n, tokens), 1 for a token and 0 for padding
        absent = self._add("Sub", self._constant(np.float32(1)), self._add("Unsqueeze", there, self._axes(1, 2)))
        penalty = self._add("Mul", absent, self._constant(np.float32(_MASKED)))  # (n, 1, 1, tokens)
        for layer in range(self._encoder.layers):
            states = self._layer(f"encoder.layer.{layer}.", states, penalty)
        return states

    def _embedded(self) -> str:
        """Words + positions + the first token type, normalised. Words are kept in 16 bits: half the file."""
        table = self._weights["embeddings.word_embeddings.weight"].astype(np.float16)
        words = self._add("Cast", self._add("Gather", self._constant(table), IDS), to=1)
        places = self._weights["embeddings.position_embeddings.weight"]
        places = places + self._weights["embeddings.token_type_embeddings.weight"][0]
        tokens = self._add("Shape", IDS, start=1, end=2)
        first = self._add("Slice", self._constant(places), self._axes(0), tokens, self._axes(0))
        return self._normalised(self._add("Add", words, first), "embeddings.LayerNorm")

    def _layer(self, at: str, states: str, penalty: str) -> str:
        attended = self._attention(at, states, penalty)
        attended = self._linear(attended, at + "attention.output.dense", at + "attended")
        states = self._normalised(self._add("Add", attended, states), at + "attention.output.LayerNorm")
        inner = self._add("Gelu", self._linear(states, at + "intermediate.dense", at + "up"))
        outer = self._linear(inner, at + "output.dense", at + "down")
        return self._normalised(self._add("Add", outer, states), at + "output.LayerNorm")

    def _attention(self, at: str, states: str, penalty: str) -> str:
        head = self._encoder.width // self._encoder.heads
        rounded = self._rounded(states, at + "attend")
        query, key, value = (
            self._heads(self._product(rounded, f"{at}attention.self.{name}"), order)
            for name, order in (("query", (0, 2, 1, 3)), ("key", (0, 2, 3, 1)), ("value", (0, 2, 1, 3)))
        )
        scores = self._add("Mul", self._add("MatMul", query, key), self._constant(np.float32(head**-0.5)))
        shares = self._add("Softmax", self._add("Add", scores, penalty), axis=-1)  # (n, heads, tokens, tokens)
        mixed = self._add("Transpose", self._add("MatMul", shares, value), perm=[0, 2, 1, 3])
        return self._add("Reshape", mixed, self._axes(0, 0, self._encoder.width))

    def _heads(self, states: str, order: Sequence[int]) -> str:
        shape = self._axes(0, 0, self._encoder.heads, self._encoder.width // self._encoder.heads)
        return self._add("Transpose", self._add("Reshape", states, shape), perm=list(order))

    def _pooled(self, states: str) -> str:
        """The sum of the tokens' states without padding: its direction is the mean's."""
        there = self._add("Unsqueeze", self._add("Cast", MASK, to=1), self._axes(1))
        return self._add("Squeeze", self._add("MatMul", there, states), self._axes(1))

    def _normalised(self, states: str, name: str) -> str:
        scale, shift = (self._constant(self._weights[f"{name}.{part}"]) for part in ("weight", "bias"))
        return self._add("LayerNormalization", states, scale, shift, axis=-1, epsilon=self._encoder.epsilon)

    def _linear(self, states: str, name: str, place: str) -> str:
        return self._product(self._rounded(states, place), name)

    def _product(self, states: _Input, name: str) -> str:
        """Input times weights, plus bias; of a rounded input the weights are in 8 bits too, with a scale a column."""
        matrix, bias = self._weights[f"{name}.weight"].T, self._constant(self._weights[f"{name}.bias"])
        if states.scale is None or states.steps is None:
            return self._add("Add", self._add("MatMul", states.name, self._constant(matrix)), bias)
        matrix = matrix * states.scale[:, None]  # (in, out)
        scale = (np.maximum(np.abs(matrix).max(axis=0), 1e-9) / _SIGNED_LEVELS).astype(np.float32)
        rounded = self._constant(np.rint(matrix / scale).astype(np.int8))
        step, zero = states.steps
        inputs = (states.name, rounded, step, self._constant(scale), zero, "", bias)
        return self._add("MatMulIntegerToFloat", *inputs, domain=_RUNTIMES_OWN)

    def _rounded(self, states: str, place: str) -> _Input:
        """The states as 8 bits can tell them, or as they are, with their range as outputs."""
        if self._ranges is None:
            for name, reduce in ((place + LEAST, "ReduceMin"), (place + GREATEST, "ReduceMax")):
                self._nodes.append(_node(reduce, (states, self._axes(0, 1)), name, keepdims=0))
                self._seen.append(name)
            return _Input(states)
        least, greatest = self._ranges[place]
        scale = _evening(np.maximum(-least, greatest))
        bottom, top = min(float((least / scale).min()), 0.0), max(float((greatest / scale).max()), 0.0)
        step = max(top - bottom, 1e-9) / _LEVELS
        steps = self._constant(np.float32(step)), self._constant(np.uint8(round(-bottom / step)))
        evened = self._add("Mul", states, self._constant(1 / scale))
        return _Input(self._add("QuantizeLinear", evened, *steps), scale, steps)

    def _axes(self, *values: int) -> str:
        return self._constant(np.array(values, dtype=np.int64))

    def _constant(self, value: NDArray[Any] | np.generic) -> str:
        from onnx import numpy_helper

        name = f"c{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(value).reshape(np.shape(value)), name))
        return name

    def _add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        name = f"t{len(self._nodes)}"
        self._nodes.append(_node(operator, inputs, name, **attributes))
        return name


def _evening(peaks: Channels) -> Channels:
    """What to divide each channel by so that the outliers among them peak no higher than the next one."""
    usual = np.sort(peaks)[-1 - min(_OUTLIERS, len(peaks) // 2)]
    scale: Channels = np.maximum(1, peaks / max(usual, 1e-9)).astype(np.float32)
    return scale


def _node(operator: str, inputs: Sequence[str], output: str, **attributes: Any) -> NodeProto:
    from onnx import helper

    return helper.make_node(operator, list(inputs), [output], name=f"{operator}_{output}", **attributes)
