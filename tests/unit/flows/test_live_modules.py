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
os.environ.update(environment.jittor_environment())
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
    object_refused, thread_refused = found["told"]
    assert "the input x0 is of the type object" in object_refused
    assert "main thread" in thread_refused
