"""Measures anew what the knowledge base says of Jittor; each argument is the name of an entry.

Prints an object as a line of JSON before and after each: what was found, and which one is running. A fact is
true, false, or the error that kept it from being measured. This file runs with any Jittor, on Python 3.7 too.
"""

import inspect
import json
import subprocess
import sys
import tempfile
from typing import Callable, Dict

import jittor as jt
import numpy as np
from jittor import models, nn

PROBES: Dict[str, Callable[[], bool]] = {}


def probe(name: str) -> Callable[[Callable[[], bool]], Callable[[], bool]]:
    """Register what holds if the entry called `name` is true."""

    def register(holds: Callable[[], bool]) -> Callable[[], bool]:
        PROBES[name] = holds
        return holds

    return register


def raises(compute: Callable[[], jt.Var]) -> bool:
    """Whether it cannot be computed."""
    try:
        compute().sync()
    except Exception:  # of whatever kind: Jittor's own are RuntimeError, TypeError and AssertionError
        return True
    return False


def number(value: jt.Var) -> float:
    """The first element."""
    return float(np.asarray(value.numpy()).reshape(-1)[0])


@probe("mean-drift")
def _() -> bool:
    return abs(number(jt.ones((1, 3, 321, 481)).mean()) - 1) > 1e-3


@probe("norm-one-pass")
def _() -> bool:
    x = (1000 + np.random.default_rng(0).standard_normal((4, 3, 16, 16))).astype(np.float32)
    exact = x.astype(np.float64)
    exact = (exact - exact.mean((0, 2, 3), keepdims=True)) / exact.std((0, 2, 3), keepdims=True)
    return bool(np.abs(nn.BatchNorm(3)(jt.array(x)).numpy() - exact).max() > 1e-3)


@probe("running-var-biased")
def _() -> bool:
    x = np.random.default_rng(0).standard_normal((1, 1, 5, 5)).astype(np.float32)
    norm = nn.BatchNorm(1, momentum=0.1)
    norm(jt.array(x)).sync()
    return abs(number(norm.running_var) - (0.9 + 0.1 * float(x.var()))) < 1e-5


@probe("load-silent")
def _() -> bool:
    nn.Linear(2, 3).load_state_dict({"nothing": np.zeros(4)})
    return True


@probe("adaptive-pool")
def _() -> bool:
    x = np.arange(13, dtype=np.float32).reshape(1, 1, 13, 1).repeat(13, 3)
    found = nn.AdaptiveAvgPool2d((5, 13))(jt.array(x)).numpy()[0, 0, :, 0]
    small = raises(lambda: nn.AdaptiveAvgPool2d(7)(jt.ones((1, 1, 2, 2))))
    return small and not np.allclose(found, [1, 3.5, 6, 8.5, 11])


@probe("nan-lost")
def _() -> bool:
    return number(nn.relu(jt.array(np.array([np.nan], np.float32)))) == 0


@probe("max-ties")
def _() -> bool:
    x = jt.array(np.ones((1, 4), np.float32))
    return float(jt.grad(x.max(1).sum(), x).numpy().sum()) == 4


@probe("max-returns")
def _() -> bool:
    return isinstance(jt.array(np.ones((2, 3), np.float32)).max(1), jt.Var)


@probe("eval-stops-gradients")
def _() -> bool:
    layer = nn.Linear(2, 2)
    layer.eval()
    return all(value.is_stop_grad() for value in layer.parameters())


@probe("variance-biased")
def _() -> bool:
    return abs(number(jt.array(np.array([0.0, 2.0], np.float32)).var()) - 1.0) < 1e-6


@probe("array-narrows")
def _() -> bool:
    return number(jt.array(np.array([2**40]))) == 0


@probe("integer-division")
def _() -> bool:
    return number(jt.array(np.array([-7], np.int32)) // 2) == -3


@probe("sigmoid-floor")
def _() -> bool:
    return number(jt.sigmoid(jt.array(np.array([-40.0], np.float32)))) > 1e-14


@probe("kinks")
def _() -> bool:
    x = jt.array(np.zeros(1, np.float32))
    return number(jt.grad(x.abs().sum(), x)) != 0


@probe("cross-entropy-ignores")
def _() -> bool:
    labels = jt.array(np.array([1, 255]))
    return bool(np.isfinite(number(nn.cross_entropy_loss(jt.zeros((2, 3)), labels))))


@probe("bce-clamp")
def _() -> bool:
    found = number(nn.BCELoss()(jt.array(np.zeros(1, np.float32)), jt.array(np.ones(1, np.float32))))
    return 46 < found < 46.1


@probe("inner-layers")
def _() -> bool:
    return nn.ModuleList is nn.Sequential or issubclass(nn.ModuleList, nn.Sequential)


@probe("logsumexp-overflow")
def _() -> bool:
    return not np.isfinite(number(nn.logsumexp(jt.array(np.full((1, 2), 89.0, np.float32)), 1)))


@probe("norm-momentum")
def _() -> bool:
    norm = nn.BatchNorm(1, momentum=0.03)
    norm(jt.ones((2, 1, 4, 4)) * 4).sync()
    return abs(number(norm.running_mean) - 0.12) < 1e-6


@probe("buffer-trains")
def _() -> bool:
    layer = nn.Module()
    layer.table = jt.ones(3)
    return "table" in dict(layer.named_parameters())


@probe("tanh-gradient")
def _() -> bool:
    x = jt.array(np.full(8, -61.0, np.float32))
    return bool(np.isnan(jt.grad(jt.tanh(x).sum(), x).numpy()).all())


@probe("gelu-approximate")
def _() -> bool:
    exact, approximate = 0.8413447, 0.8411920
    return abs(number(nn.gelu(jt.ones(1))) - exact) < 1e-6 < exact - approximate


@probe("schedule-late")
def _() -> bool:
    optimizer = jt.optim.SGD([jt.ones(1)], 1.0)
    schedule = jt.lr_scheduler.MultiStepLR(optimizer, [1], gamma=0.1)
    schedule.step()
    return float(optimizer.lr) == 1.0


@probe("adam-eps")
def _() -> bool:
    weight = jt.ones(1)
    jt.optim.Adam([weight], 1.0, eps=1e-3).step((weight * 1e-3).sum())
    return abs(1 - number(weight) - 0.5) > 0.1  # torch: g / (|g| + eps)


@probe("dropout-mode")
def _() -> bool:
    return bool((nn.Dropout(0.5)(jt.ones(100)).numpy() == 1).all())


@probe("pool-small")
def _() -> bool:
    pool = nn.Pool(5, 1, 2)
    return raises(lambda: pool(jt.ones((1, 1, 5, 5)))) and not raises(lambda: pool(jt.ones((1, 1, 8, 8))))


@probe("pool-ceil")
def _() -> bool:
    found = nn.Pool(2, 3, 1, ceil_mode=True)(jt.ones((1, 1, 10, 10))).numpy()
    return found.shape[2:] == (5, 5) and bool(found[0, 0, -1, -1] < -3e38)


@probe("pool-count")
def _() -> bool:
    found = nn.Pool(3, 1, 1, count_include_pad=False, op="mean")(jt.ones((1, 1, 5, 5)))
    return abs(number(found) - 4 / 9) < 1e-6


@probe("interpolate-scale")
def _() -> bool:
    x = jt.array(np.random.default_rng(0).random((1, 1, 11, 11), np.float32))
    by_factor, by_size = (
        nn.interpolate(x, mode="bilinear", **how) for how in ({"scale_factor": 1.5}, {"size": 16})
    )
    return bool(np.allclose(by_factor.numpy(), by_size.numpy(), atol=1e-6))


@probe("align-corners")
def _() -> bool:
    x = jt.array(np.arange(3, dtype=np.float32).reshape(1, 1, 1, 3).repeat(3, 2))
    with_corners = nn.interpolate(x, (5, 5), mode="bilinear", align_corners=True).numpy()[0, 0, 0]
    without = nn.interpolate(x, (5, 5), mode="bilinear").numpy()[0, 0, 0]
    return np.allclose(with_corners, [0, 0.5, 1, 1.5, 2]) and np.allclose(without, [0, 0.4, 1, 1.6, 2])


@probe("pad-negative")
def _() -> bool:
    x = jt.ones((1, 1, 4, 4))
    return raises(lambda: nn.pad(x, [-1, 0, 0, 0])) and not raises(lambda: nn.pad(x, [1, 0, 0, 0]))


@probe("index-unchecked")
def _() -> bool:
    return not raises(lambda: jt.ones(4)[jt.array([5])])


@probe("normalize-floor")
def _() -> bool:
    return number(jt.normalize(jt.array(np.array([[1e-13, 0]], np.float32)))) > 0.99


@probe("nms-pixels")
def _() -> bool:
    apart = np.array([[0, 0, 0.1, 0.1, 0.9], [0.8, 0.8, 0.9, 0.9, 0.8]], np.float32)
    return len(jt.nms(jt.array(apart), 0.03).numpy()) == 1


@probe("uint8-arithmetic")
def _() -> bool:
    return number(jt.array(np.array([199], np.uint8)) + 1) == -56


@probe("denormals")
def _() -> bool:
    program = (
        "import jittor, numpy; x = numpy.array([1e-39], 'f4'); jittor.ones(3).sync(); print((x * 1)[0] == 0)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=300, check=True
    )
    return ended.stdout.split()[-1] == "True"


@probe("sgd-dampening")
def _() -> bool:
    weight = jt.ones(1)
    jt.optim.SGD([weight], 1.0, momentum=0.9, dampening=0.5).step(weight.sum())
    return number(weight) == 0.5


@probe("adamw-decay")
def _() -> bool:
    return bool(inspect.signature(jt.optim.AdamW).parameters["weight_decay"].default == 0)


@probe("clip-norm")
def _() -> bool:
    weight = jt.zeros(30_000_000)
    optimizer = jt.optim.SGD([weight], 1.0)
    optimizer.backward((weight * 0.1).sum())
    optimizer.clip_grad_norm(1.0)
    gradient = optimizer.param_groups[0]["grads"][0].numpy().astype(np.float64)
    return abs(float(np.linalg.norm(gradient)) - 1) > 1e-3


@probe("keyword-activations")
def _() -> bool:
    layer = nn.ReLU(inplace=True)
    return raises(lambda: layer(jt.ones(2))) and not raises(lambda: nn.ReLU()(jt.ones(2)))


@probe("leaky-slope")
def _() -> bool:
    return number(nn.leaky_relu(-jt.ones(1))) == np.float32(-0.01)


@probe("conv-transposed-kernel")
def _() -> bool:
    found = [
        tuple(layer.weight.shape) for layer in (nn.Conv(3, 4, 2), nn.ConvTranspose(3, 4, 2), nn.Linear(3, 4))
    ]
    return found == [(4, 3, 2, 2), (3, 4, 2, 2), (4, 3)]


@probe("file-doubles")
def _() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/some.pkl"
        jt.save({"third": jt.float64([1 / 3])}, path)
        layer = nn.Module()
        layer.third = jt.float64([0])
        layer.load(path)
    return float(layer.third.numpy()[0]) != 1 / 3


@probe("ema-history")
def _() -> bool:
    average, value = jt.ones(2), jt.ones(2)
    before = jt.number_of_lived_vars()
    for _ in range(10):
        average = average * 0.9 + value * 0.1
        average.sync()
    return bool(jt.number_of_lived_vars() - before >= 20)


@probe("assign-freezes")
def _() -> bool:
    parameter = jt.ones(2)
    with jt.no_grad():
        parameter.assign(jt.ones(2) * 2)
    return bool(parameter.is_stop_grad())


@probe("hook-of-a-class")
def _() -> bool:
    class Layer(nn.Module):
        pass

    Layer().register_forward_hook(lambda *_: None)
    return "__call__" in vars(Layer)


@probe("rnn-batch-first")
def _() -> bool:
    given = jt.rand((3, 7, 2))
    turned = nn.LSTM(2, 4, batch_first=True)
    plain = nn.LSTM(2, 4)
    for name, value in turned.state_dict().items():
        getattr(plain, name).assign(value)
    found, expected = turned(given)[0], plain(given.transpose(0, 1))[0]
    return found.shape == [7, 3, 4] and bool(np.allclose(found.numpy(), expected.numpy(), atol=1e-6))


@probe("rnn-dropout")
def _() -> bool:
    layer = nn.GRU(2, 4, num_layers=2, dropout=0.9)
    layer.train()
    given = jt.rand((5, 3, 2))
    return bool(np.array_equal(layer(given)[0].numpy(), layer(given)[0].numpy()))


@probe("embedding-padding")
def _() -> bool:
    layer = nn.Embedding(4, 2, padding_idx=1)
    gradient = jt.grad(layer(jt.array([1, 2])).sum(), layer.weight).numpy()
    return bool(np.all(gradient[1] == 1))


@probe("models-heads")
def _() -> bool:
    without = models.GoogLeNet(aux_logits=False, init_weights=False)
    if not raises(lambda: without(jt.zeros((1, 3, 128, 128)))):
        return False
    with_heads = models.GoogLeNet(init_weights=False)
    with_heads.train()
    return isinstance(with_heads(jt.zeros((1, 3, 128, 128))), jt.Var)


@probe("mnasnet-stem")
def _() -> bool:
    return [models.MNASNet(width).layers[0].weight.shape[0] for width in (0.5, 1.0, 1.3)] == [32, 32, 32]


@probe("slice-init")
def _() -> bool:
    layer = nn.Linear(3, 4)
    nn.init.constant_(layer.weight[0], 7.0)
    return not bool((layer.weight.numpy()[0] == 7).any())


@probe("assignment-widens")
def _() -> bool:
    small = jt.int8(jt.zeros(4))
    small[jt.array(np.array([True, False, True, False]))] = 2
    return str(small.dtype) == "int32"


@probe("masked-int8")
def _() -> bool:
    small = jt.array(np.zeros(4, np.int8))
    mask = jt.array(np.array([True, False, True, False]))

    def assigned() -> jt.Var:
        small[mask] = 1
        return small

    return raises(assigned)


@probe("loss-of-doubles")
def _() -> bool:
    layer = nn.Linear(3, 1)
    optimizer = jt.optim.SGD(layer.parameters(), 0.1)

    def stepped() -> jt.Var:
        optimizer.step(((layer(jt.ones((2, 3))) - jt.float64(np.zeros((2, 1)))) ** 2).mean())
        return layer.weight

    return raises(stepped)


@probe("adam-decay")
def _() -> bool:
    weight = jt.ones(1)
    jt.optim.Adam([weight], 0.1, weight_decay=0.5).step((weight * 0).sum())
    return abs(number(weight) - 0.9) < 1e-4  # a step of the rate: the decay alone is the gradient


def main() -> None:
    """Measure and print, one after another."""
    found: Dict[str, object] = {}
    for name in sys.argv[1:]:
        tell(found, name)
        try:
            found[name] = bool(PROBES[name]()) if name in PROBES else "there is no probe"
        except Exception as error:  # an older Jittor may lack what is asked for
            found[name] = f"{type(error).__name__}: {error}"[:300]
    tell(found, "")


def tell(found: Dict[str, object], running: str) -> None:
    """Print how far it is."""
    told = {"version": jt.__version__, "running": running, "found": found}
    print("\n" + json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
