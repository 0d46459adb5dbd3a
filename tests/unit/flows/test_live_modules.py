"""Two modules of one process, compared. A program of its own does it: Jittor would take over the tests'."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT

pytestmark = [pytest.mark.torch, pytest.mark.jittor]

PROGRAM = """
import json, os, sys, threading
from harness import environment
environment.set_here(environment.jittor_environment())
import numpy as np, torch, jittor
import harness
from harness.errors import BadInput

def net(nn, last):
    return nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, last, 1))

torch.manual_seed(2)
reference, port = net(torch.nn, 1), net(jittor.nn, 1)
port[2].is_train = False
before = {key: value.numpy().copy() for key, value in port.state_dict().items()}
own = {key: value.clone() for key, value in reference.state_dict().items()}
image = torch.rand(2, 3, 16, 16)
found = {}

def verdict(name, *modules, **more):
    alignment = harness.compare_modules(*modules, output=os.path.join(sys.argv[1], name), **more)
    found[name] = [alignment.verdict, alignment.first, len(alignment.rows)]

verdict("eval", reference, port, [image])
verdict("train", reference, port, {"image": image.numpy()}, mode="train")
right = port.layers["1"]
port.layers["1"] = jittor.nn.LeakyReLU(0.2)
verdict("wrong", reference, port, {"image": image})
port.layers["1"] = right
found["weights"] = all((before[key] == value.numpy()).all() for key, value in port.state_dict().items())
found["own"] = all((own[key] == value).all().item() for key, value in reference.state_dict().items())
found["modes"] = [reference.training, port.is_training(), port[2].is_training(), port[0].is_training()]
found["learns"] = not port[0].weight.is_stop_grad()
found["told"] = []

# Computes what torch's does, and returns it by itself; torch returns it first in a tuple.
class Attention(jittor.Module):
    def __init__(self, scale):
        super().__init__()
        self.scale, self.out_proj = scale, jittor.nn.Linear(8, 8)
        self.in_proj_weight, self.in_proj_bias = jittor.randn(24, 8), jittor.randn(24)
    def execute(self, x):
        joint = (x @ self.in_proj_weight.t() + self.in_proj_bias).reshape(*x.shape[:2], 3, 2, 4)
        q, k, v = joint.permute(2, 0, 3, 1, 4)
        mixed = jittor.nn.softmax(q @ k.transpose(2, 3) * self.scale, dim=-1) @ v
        return self.out_proj(mixed.permute(0, 2, 1, 3).reshape(x.shape))

class Reference(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.attn, self.last = torch.nn.MultiheadAttention(8, 2, batch_first=True), torch.nn.Linear(8, 4)
    def forward(self, x):
        return self.last(self.attn(x, x, x)[0])

class Port(jittor.Module):
    def __init__(self, scale):
        super().__init__()
        self.attn, self.last = Attention(scale), jittor.nn.Linear(8, 4)
    def execute(self, x):
        return self.last(self.attn(x))

for name, scale in (("alone", 0.5), ("alone and wrong", 0.4)):
    tokens = [torch.rand(2, 5, 8)]
    alignment = harness.compare_modules(Reference(), Port(scale), tokens, mode="train",
                                        output=os.path.join(sys.argv[1], name))
    judged = {row.address: row.verdict.status for row in alignment.rows}
    sources = [one.address for one in alignment.sources]
    found[name] = [alignment.verdict, judged["layer:attn#0:out.0"], sources]

def refused(*given):
    try:
        harness.compare_modules(*given, output=os.path.join(sys.argv[1], "refused"))
    except BadInput as error:
        found["told"].append(str(error))

refused(reference, port, [object()])
thread = threading.Thread(target=refused, args=(reference, port, [image]))
thread.start()
thread.join()
print(json.dumps(found))
"""


def test_two_modules_are_compared_and_given_back_as_they_were(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["eval"][:2] == ["aligned", None]
    assert found["train"][:2] == ["aligned", None]
    assert found["train"][2] > found["eval"][2] >= 10
    assert found["wrong"][:2] == ["diverged", "layer:1#0:out"]
    assert found["weights"]
    assert found["own"]
    assert found["modes"] == [True, True, False, True]
    assert found["learns"]
    assert found["alone"] == ["aligned", "aligned", []]
    assert found["alone and wrong"] == ["diverged", "diverged", ["layer:attn#0:out.0"]]
    object_refused, thread_refused = found["told"]
    assert "the input x0 is of the type object" in object_refused
    assert "main thread" in thread_refused
