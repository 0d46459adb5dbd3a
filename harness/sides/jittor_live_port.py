"""A Jittor module of the user's own program, which is to be as it was when it is given back."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any

import jittor as jt

from harness.errors import BadInput


@contextlib.contextmanager
def put_back(port: Any) -> Iterator[None]:
    """Give the module its weights, buffers and modes again, and Jittor the device that it computed on.

    Jittor ends the whole program when any child of it is killed, and readers of traces are: that is switched
    off for good.
    """
    if threading.current_thread() is not threading.main_thread():
        raise BadInput("modules of this process are compared in its main thread alone")
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    state = {key: value.clone() for key, value in port.state_dict().items()}
    jt.sync_all(True)
    training = [(part, bool(part.is_training())) for part in port.modules()]
    on_card = jt.flags.use_cuda
    try:
        yield
    finally:
        jt.flags.use_cuda = on_card
        port.load_state_dict(state)
        # As a whole first: evaluation also stops gradients, and training lets them flow again.
        (port.train if training[0][1] else port.eval)()
        for part, before in training:
            part.is_train = before
