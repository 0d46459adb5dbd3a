"""The pair: the model as it is, and one variant for each fault in the form of what it makes."""

from __future__ import annotations

from dataclasses import replace

from tests.mutants.faulty_pair import faulty_pair

FAULTS = ("sound", "padding", "learns", "frozen")

PAIR = faulty_pair("forms", "A convolution, a frozen one, a mean and a head", FAULTS, (3, 4, 16))
IN_JITTOR = replace(PAIR, port="tests.mutants.forms.jittor_port")
