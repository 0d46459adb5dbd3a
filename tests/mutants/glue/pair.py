"""The pair: the model as it is, and one variant for each fault between its layers."""

from __future__ import annotations

from dataclasses import replace

from tests.mutants.faulty_pair import faulty_pair

FAULTS = ("", "other order", "chunk", "input of a container", "index", "weight", "cast")

PAIR = faulty_pair("glue", "Layers with indexing, reshapes and casts between them", FAULTS, (3, 4, 16))
IN_JITTOR = replace(PAIR, port="tests.mutants.glue.jittor_port")
