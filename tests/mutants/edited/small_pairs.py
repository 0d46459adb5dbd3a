"""Mistakes in the ports of the small pairs of examples/zoo."""

from __future__ import annotations

from tests.mutants.edited.edit import Edit

TRANSFORMER = (
    Edit(
        "transformer",
        "norm before the sum",
        "the norm stands before the sum, not behind it",
        "x = self.norm1(x + self.dropout1(attended))",
        "x = x + self.norm1(self.dropout1(attended))",
        ("layers.?", "layers.?.norm1", "layers.?.linear1", "layers.?.norm2", "layers.?/add.?"),
        ("order of|before", "add.*(missing|skipped|left out)", "self_attn#0:out", "dropout1#0:out"),
    ),
    Edit(
        "transformer",
        "gelu by tanh",
        "gelu is approximated by tanh",
        "nn.gelu(self.linear1(x))",
        "(lambda y: 0.5 * y * (1 + jt.tanh(0.7978845608 * (y + 0.044715 * y * y * y))))(self.linear1(x))",
        ("layers.?", "layers.?/gelu.0", "layers.?.dropout", "layers.?.linear2"),
        ("tanh",),
    ),
    Edit(
        "transformer",
        "places from the end",
        "the last places are taken, not the first",
        "self.place[:, : tokens.shape[1]]",
        "self.place[:, -tokens.shape[1] :]",
        ("(model)/add.0", "layers.0*"),
        ("place",),
    ),
    Edit(
        "transformer",
        "batch second",
        "attention runs over the batch",
        "batch_first=True",
        "batch_first=False",
        ("layers.?.self_attn",),
        ("batch_first=False",),
    ),
    Edit(
        "transformer",
        "value is not normed",
        "the second norm is missing",
        "return self.norm2(x + self.dropout2(inner))",
        "return x + self.dropout2(inner)",
        ("layers.?", "layers.?.norm2"),
        ("norm2.*(missing|skipped|left out)", "norm2#0:in", "add"),
    ),
)
RECURRENT = (
    Edit(
        "recurrent",
        "gates in another order",
        "the forget gate comes before the input gate",
        "class Recurrent(nn.Module):\n"
        "    def __init__(self, words=30, width=12):\n"
        "        super().__init__()\n"
        "        self.embed = nn.Embedding(words, width)\n"
        "        self.lstm = nn.LSTM(",
        """import jittor as jt


class LSTM(nn.LSTM):
    def call_rnn_cell(self, x, hidden, suffix):
        h, c = hidden
        y = jt.matmul(x, getattr(self, f"weight_ih_{suffix}").transpose())
        y = y + jt.matmul(h, getattr(self, f"weight_hh_{suffix}").transpose())
        y = y + getattr(self, f"bias_ih_{suffix}") + getattr(self, f"bias_hh_{suffix}")
        forget, enter, new, out = y.chunk(4, 1)
        c = forget.sigmoid() * c + enter.sigmoid() * new.tanh()
        h = out.sigmoid() * c.tanh()
        return h, (h, c)


class Recurrent(nn.Module):
    def __init__(self, words=30, width=12):
        super().__init__()
        self.embed = nn.Embedding(words, width)
        self.lstm = LSTM(""",
        ("lstm",),
        ("gate|blocks|quarters",),
    ),
    Edit(
        "recurrent",
        "state of another layer",
        "the GRU begins with the state of the LSTM",
        "self.gru(x)",
        "self.gru(x, hidden)",
        ("gru",),
        ("lstm#0:out|state|input",),
    ),
    Edit(
        "recurrent",
        "state not reset",
        "the GRU begins where the call before ended",
        "x, last = self.gru(x)",
        'x, last = self.gru(x, getattr(build, "kept", None))\n        build.kept = last',
        ("gru",),
        ("state|input|hx",),
    ),
    Edit(
        "recurrent",
        "padding masked",
        "word 3 counts as padding",
        "self.lstm(self.embed(tokens))",
        "self.lstm(self.embed(tokens) * (tokens != 3)[..., None].float32())",
        ("lstm", "embed", "(model)/mul.0", "(model)"),
        ("padding|zero|mul|mask",),
    ),
    Edit(
        "recurrent",
        "state exchanged",
        "the cell is returned in the place of the hidden state",
        '"state": (hidden, cell, last)',
        '"state": (cell, hidden, last)',
        ("output:*", "(model)"),
        ("exchanged|lstm#0:out|another order",),
    ),
    Edit(
        "recurrent",
        "forward direction alone",
        "the head sees the forward direction twice",
        "self.head(x)",
        "self.head(nn.jt.concat([x[..., :12], x[..., :12]], -1))",
        ("head", "(model)/cat.0"),
        ("half|halves|part|slice|forward",),
    ),
)
GENERATOR = (
    Edit(
        "generator",
        "shifted by one",
        "the transposed convolution is cut at one side alone",
        "return functional.tanh(self.up3(x))",
        "self.up3.padding = (0, 0)\n        return functional.tanh(self.up3(x)[:, :, 2:, 2:])",
        ("up3", "(model)/tanh.0"),
        ("padding|shifted|moved",),
    ),
    Edit(
        "generator",
        "clamp for tanh",
        "the output is clamped, not squashed",
        "functional.tanh(self.up3(x))",
        "self.up3(x).clamp(-1, 1)",
        ("(model)/tanh.0", "(model)", "output:0", "(model)/clamp.0"),
        ("clamp|hardtanh",),
    ),
    Edit(
        "generator",
        "channels last",
        "the noise is laid out with channels last",
        ".reshape(noise.shape[0], -1, 4, 4)",
        ".reshape(noise.shape[0], 4, 4, -1).permute(0, 3, 1, 2)",
        ("norm0", "(model)/reshape.0", "(model)"),
        ("permut|reshap|axes",),
    ),
    Edit(
        "generator",
        "leaky",
        "one activation leaks",
        "functional.relu(self.norm1(self.up1(x)))",
        "functional.leaky_relu(self.norm1(self.up1(x)), 0.2)",
        ("(model)/relu.1", "(model)/leaky_relu.0", "up2"),
        ("leaky|0\\.2",),
    ),
    Edit(
        "generator",
        "not affine",
        "a norm has neither scale nor shift",
        "self.norm1 = nn.BatchNorm2d(2 * width)",
        "self.norm1 = nn.BatchNorm2d(2 * width, affine=False)",
        ("norm1",),
        ("norm1.weight",),
    ),
)
DIFFUSION = (
    Edit(
        "diffusion",
        "scaled by the width",
        "scores are divided by the width, not by its root",
        "/ math.sqrt(width)",
        "/ width",
        ("attention/div.0",),
        ("16|times 0\\.25",),
    ),
    Edit(
        "diffusion",
        "bilinear",
        "the map is enlarged smoothly",
        'mode="nearest"',
        'mode="bilinear"',
        ("(model)/interpolate.0",),
        ("bilinear",),
    ),
    Edit(
        "diffusion",
        "skip first",
        "the skip is joined in front",
        "jt.concat([x, kept], 1)",
        "jt.concat([kept, x], 1)",
        ("(model)/cat.1",),
        ("order|exchanged|halves",),
    ),
    Edit(
        "diffusion",
        "time as it is",
        "time has no activation in the blocks",
        "self.time(nn.silu(time))",
        "self.time(time)",
        ("down1.time", "middle.time", "up1.time", "down1", "middle", "up1", "*/silu.1"),
        ("silu.*(missing|skipped|left out)", "silu", "time.2#0:out"),
    ),
    Edit(
        "diffusion",
        "other rates",
        "the base of the rates is 1000",
        "math.log(10000.0)",
        "math.log(1000.0)",
        ("(model)/mul.0", "(model)/div.0", "(model)/exp.0", "(model)"),
        ("1000\\b|0\\.75|1\\.727|6\\.9",),
    ),
    Edit(
        "diffusion",
        "keys and values exchanged",
        "keys and values are exchanged",
        "query, key, value = self.qkv",
        "query, value, key = self.qkv",
        ("attention/bmm.*", "attention/matmul.*", "attention"),
        ("exchanged|part|slice|order|bmm|unbind|matmul\\.[01]#0:in",),
    ),
)
SWIN = (
    Edit(
        "swin",
        "mask turned",
        "the mask allows what it should forbid",
        ".float32() * -100.0",
        ".float32() * 100.0",
        ("blocks.1/add.*", "blocks.1/softmax.0", "blocks.1"),
        ("sign|times -1|sub|minus|100|mask",),
    ),
    Edit(
        "swin",
        "not scaled",
        "scores are not scaled",
        "jt.matmul(query, key.transpose(-2, -1)) * (width // self.heads) ** -0.5",
        "jt.matmul(query, key.transpose(-2, -1))",
        ("blocks.?/mul.0", "blocks.?/add.0", "blocks.?"),
        ("mul.*(missing|skipped|left out)|times 2\\b",),
    ),
    Edit(
        "swin",
        "heads outside",
        "heads stand before the three parts",
        "(count, size, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)",
        "(count, size, self.heads, 3, width // self.heads).permute(3, 0, 2, 1, 4)",
        ("blocks.?/matmul.*", "blocks.?"),
        ("permut|reshap|axes",),
    ),
    Edit(
        "swin",
        "windows interleaved",
        "windows are cut without the permutation",
        "x = x.reshape(batch, high // WINDOW, WINDOW, wide // WINDOW, WINDOW, width)\n"
        "    return x.permute(0, 1, 3, 2, 4, 5).reshape(-1, WINDOW * WINDOW, width)",
        "return x.reshape(-1, WINDOW * WINDOW, width)",
        ("blocks.?.qkv", "blocks.?", "blocks.1/*"),
        ("permut|reshap|axes",),
    ),
    Edit(
        "swin",
        "table transposed",
        "the table of places is read transposed",
        "return down * (2 * WINDOW - 1) + across",
        "return across * (2 * WINDOW - 1) + down",
        ("blocks.?/add.0", "blocks.?", "blocks.?/getitem.0"),
        ("transposed|exchanged|axes|permut|table|bias",),
    ),
)
POINTS = (
    Edit(
        "points",
        "mean for the largest",
        "edges are averaged",
        "return self.outer(edges).max(2)",
        "return self.outer(edges).mean(2)",
        ("first", "second", "first/*", "second/*"),
        ("mean",),
    ),
    Edit(
        "points",
        "farthest",
        "the farthest points are neighbours",
        "jt.topk(-far, NEAR, -1)",
        "jt.topk(far, NEAR, -1)",
        ("(model)/topk.0", "(model)/neg.0", "(model)", "first*"),
        ("times -1|sign|neg|largest",),
    ),
    Edit(
        "points",
        "cells of the norm",
        "the normed points are added up, not the points",
        "return self.head(self.norm(x)), cells",
        "y = self.norm(x)\n"
        '        cells = jt.scatter(cells * 0, 1, index, y, reduce="add")\n'
        "        return self.head(y), cells",
        ("(model)/scatter_add.*", "(model)/scatter.*", "(model)", "output:1"),
        ("norm",),
    ),
    Edit(
        "points",
        "absolute places",
        "edges hold the neighbour itself, not the difference",
        "jt.concat([here, found - here], -1)",
        "jt.concat([here, found], -1)",
        ("first*", "second*"),
        ("sub.*(missing|skipped|left out)|gather",),
    ),
)
DETECTOR = (
    Edit(
        "detector",
        "nearest",
        "the image is read at the nearest pixel",
        'mode="bilinear"',
        'mode="nearest"',
        ("attention.?/grid_sample.0",),
        ("nearest",),
    ),
    Edit(
        "detector",
        "boxes not squashed",
        "boxes have no sigmoid",
        '"boxes": jt.sigmoid(self.box(query))',
        '"boxes": self.box(query)',
        ("(model)/sigmoid.*", "output:*", "(model)"),
        ("sigmoid.*(missing|skipped|left out)|box#\\d:out|sigmoid",),
    ),
    Edit(
        "detector",
        "places exchanged",
        "x and y are exchanged",
        "nn.grid_sample(value, grid,",
        "nn.grid_sample(value, jt.concat([grid[..., 1:], grid[..., :1]], -1),",
        ("attention.?/grid_sample.0", "attention.?"),
        ("exchanged|order|flip|halves|rolled",),
    ),
    Edit(
        "detector",
        "skip without the query",
        "the query is not added",
        "query = norm(query + attention(query, centre, features))",
        "query = norm(attention(query, centre, features))",
        ("(model)/add.*", "norm.?", "(model)"),
        ("add.*(missing|skipped|left out)|attention\\.\\d#0:out",),
    ),
)
MIXED = (
    Edit(
        "mixed",
        "added first",
        "one is added before the halving",
        "inner.multiply_(0.5).add_(1.0)",
        "inner.add_(1.0).multiply_(0.5)",
        ("(model)/mul*", "(model)/add*", "(model)", "outer"),
        ("order|before|plus|0\\.5",),
    ),
    Edit(
        "mixed",
        "mask turned",
        "what is absent is kept",
        "x *= present[..., None].float32()",
        "x *= 1 - present[..., None].float32()",
        ("(model)/mul*", "(model)", "inner"),
        ("1 -|turned|inverse|mask|sub",),
    ),
    Edit(
        "mixed",
        "written into the input",
        "the sum is made in the tensor that is read again",
        "inner = nn.relu(self.inner(x)) + x",
        "x.assign(nn.relu(self.inner(x)) + x)\n        inner = x + nn.relu(self.inner(x))",
        ("(model)*", "inner", "outer"),
        ("add|inner|relu",),
    ),
    Edit(
        "mixed",
        "divided by all",
        "the mean runs over absent ones too",
        "inner.sum(1) / present.sum(1, keepdims=True).float32()",
        "inner.sum(1) / float(x.shape[1])",
        ("(model)/div.0", "(model)", "output:*"),
        ("mean|number|div|in place of",),
    ),
)
DROPPING = (
    Edit(
        "dropping",
        "dilated",
        "a convolution is dilated",
        "self.inner = nn.Conv2d(width, width, 3, padding=1)",
        "self.inner = nn.Conv2d(width, width, 3, padding=2, dilation=2)",
        ("inner",),
        ("dilation",),
    ),
    Edit(
        "dropping",
        "skip from the start",
        "the skip comes from before the norm",
        "x = (x + self.path(self.inner(x))).mean((2, 3))",
        "x = (self.start(image) + self.path(self.inner(x))).mean((2, 3))",
        ("(model)/add.0", "(model)"),
        ("start#0:out|norm.*(missing|skipped|left out)",),
    ),
    Edit(
        "dropping",
        "drop path averages",
        "the path is scaled by its rate in evaluation",
        "            return x\n",
        "            return x * (1 - self.rate)\n",
        ("path",),
        ("0\\.7",),
        modes=("eval",),
    ),
)
TIED_LM = (
    Edit(
        "tied_lm",
        "no exponent",
        "the temperature is not its logarithm",
        "* self.logit_scale.exp()",
        "* self.logit_scale",
        ("(model)/mul.0", "(model)"),
        ("exp.*(missing|skipped|left out)|logit_scale|as it is",),
    ),
    Edit(
        "tied_lm",
        "summed over channels",
        "the past is summed over channels",
        "jt.cumsum(x, 1)",
        "jt.cumsum(x, 2)",
        ("mix.?/cumsum.0", "mix.?"),
        ("dim=|axis",),
    ),
    Edit(
        "tied_lm",
        "head frozen",
        "no gradient flows through the head's weight",
        "return self.head(self.norm(x)) * self.logit_scale.exp()",
        "out = jt.matmul(self.norm(x), self.embed.weight.detach().transpose())\n"
        "        return out * self.logit_scale.exp()",
        ("head", "embed", "(model)*"),
        ("detached|gradient",),
        modes=("train",),
    ),
    Edit(
        "tied_lm",
        "counted from zero",
        "the past is divided by one too little",
        "jt.arange(1, x.shape[1] + 1)",
        "jt.maximum(jt.arange(0, x.shape[1]), 1)",
        ("mix.?/div.0", "mix.?"),
        ("div|off by|shifted|plus 1|minus",),
    ),
)
SMALL_PAIRS = (
    *TRANSFORMER,
    *RECURRENT,
    *GENERATOR,
    *DIFFUSION,
    *SWIN,
    *POINTS,
    *DETECTOR,
    *MIXED,
    *DROPPING,
    *TIED_LM,
)
