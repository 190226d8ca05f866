"""Texts to unit vectors.

Knows an embedder's vectors and its tokens; nothing of articles, chunks, storage or search. Models are loaded at the
first use and not before.

    protocol.py    what indexing and searching ask of an embedder
    reference.py   any sentence-transformers folder, in 32-bit floats: torch
    bert.py        whether a folder is a plain BERT encoder, which one, and its weights
    graph.py       such an encoder's computation in ONNX, in 32-bit floats or rounded to 8 bits
    fast.py        a graph run by ONNX Runtime, and the embedder made of it: no torch
    prepared.py    a folder's 8-bit graph: calibrated, compared with the 32-bit one, kept in one file with its hash
"""

from __future__ import annotations

from index.embedding.protocol import Embedder, Vectors

__all__ = ["Embedder", "Vectors"]
