"""The file that declares a pair, written from what two classes and their inputs are called."""

from __future__ import annotations

import shlex

from harness.assignment import assignment
from harness.own_name import command
from harness.pairs.undeclared import Undeclared

_FILE = '''"""{title}. Run it with: {run}"""

{paths}from harness.pairs.base import Pair, Recipe, Variant
from harness.pairs.drawn_input import DrawnInput, draw_all

INPUTS = ({inputs},
)


def draw_inputs(request):
    """A value for each input. A target that the losses need is drawn here, too; `forward` leaves it out."""
    return draw_all(INPUTS, request)


# def metrics(outputs, inputs):
#     """Figures from the outputs (`{{"0": array}}` for one tensor) and the inputs, for --policy metric."""
#     return {{"mean": float(outputs["0"].mean())}}


# def data_set(request):
#     """The samples of `align train`: an object with __len__ and sample(index, epoch, rng), see DataSet in
#     harness/pairs/base.py. Without it the batches are drawn by draw_inputs."""


PAIR = Pair(
    name={name!r},
    title={title!r},
    variants={{
        # one for each form of the model; the classes are called with the options
        "main": Variant("main", "as declared", options={options!r}),
    }},
    # A class has the mean square of its outputs as its loss. For losses of your own name modules instead,
    # "my_torch" and "my_jittor": each with build(variant, **options), which returns the network, and
    # losses(outputs, inputs), which returns {{"name": scalar}}; the first one is back-propagated.
    reference={torch!r},
    port={jittor!r},
    draw_inputs=draw_inputs,
    forward={forward!r},
    recipe=Recipe(optimizer="sgd", lr=0.01),
    # metrics=metrics,
    # data_set=data_set,
{layer_map})
'''


def declaration(classes: Undeclared, path: str) -> str:
    """The text of a file that lies at `path`."""
    drawn = classes.drawn()
    return _FILE.format(
        title=f"{classes.torch} and its port {classes.jittor}",
        run=command(f"compare --model {shlex.quote(path)}"),
        inputs=",".join(
            f"\n    DrawnInput({found.name!r}, {found.shape!r}, {found.law!r})" for found in drawn
        ),
        name=classes.torch.rpartition(":")[2],
        options=dict(map(assignment, classes.arguments)),
        torch=classes.torch,
        jittor=classes.jittor,
        forward=tuple(found.name for found in drawn),
        layer_map=f"    layer_map=Path({classes.layer_map!r}),\n" if classes.layer_map else "",
        paths="from pathlib import Path\n\n" if classes.layer_map else "",
    )
