"""A small recurrent network over sequences of numbers."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.mutants.ported.base import Ported

WIDTH = 6


class Recurrent(Ported):
    def __init__(self, wrong: str) -> None:
        super().__init__(wrong)
        self.enter = nn.Linear(4, WIDTH)
        self.start = nn.Linear(4, 2 * WIDTH)
        self.gru = nn.GRU(WIDTH, WIDTH, batch_first=True, bidirectional=True)
        self.rnn = nn.RNN(
            2 * WIDTH,
            WIDTH,
            batch_first=wrong != "time_first",
            nonlinearity="relu" if wrong == "relu_in_rnn" else "tanh",
        )
        self.lstm = nn.LSTM(WIDTH, WIDTH, batch_first=True)
        self.head = nn.Linear(WIDTH, 3)

    def forward(self, x: Tensor) -> Tensor:
        begin = self.start(x.mean(1)).reshape(-1, 2, WIDTH).permute(1, 0, 2).contiguous()
        if self.wrong("begin_without_permute"):
            begin = self.start(x.mean(1)).reshape(2, -1, WIDTH)
        x = torch.tanh(self.enter(x))
        if self.wrong("read_backwards"):
            x = x.flip(1)
        both, _ = self.gru(x) if self.wrong("begin_missing") else self.gru(x, begin)
        if self.wrong("directions_exchanged"):
            both = torch.cat((both[..., WIDTH:], both[..., :WIDTH]), -1)
        low, _ = self.rnn(both)
        weights = list(self.lstm.parameters())
        kept = [p.detach().clone() for p in weights]
        if self.wrong("gates_in_another_order"):  # input, forget, output, cell
            with torch.no_grad():
                for p in weights:
                    i, f, g, o = p.detach().clone().chunk(4, 0)
                    p.copy_(torch.cat((i, f, o, g)))
        high, _ = self.lstm(low)
        if self.wrong("gates_in_another_order"):
            with torch.no_grad():
                for p, old in zip(weights, kept, strict=True):
                    p.copy_(old)
        seen = high[:, 0] if self.wrong("first_step") else high[:, -1]
        if self.wrong("step_before_last"):
            seen = high[:, -2]
        if self.wrong("cell_for_hidden"):
            seen = low[:, -1]
        return self.head(seen)

    def losses(self, outputs: Tensor, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        wanted = inputs["wanted"]
        if self.wrong("absolute_for_square"):
            return {"square": F.l1_loss(outputs, wanted)}
        if self.wrong("square_summed"):
            return {"square": F.mse_loss(outputs, wanted, reduction="sum")}
        if self.wrong("square_halved"):
            return {"square": 0.5 * F.mse_loss(outputs, wanted)}
        return {"square": F.mse_loss(outputs, wanted)}
