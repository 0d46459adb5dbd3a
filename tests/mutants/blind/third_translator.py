"""Yet more mistakes of whoever ports the small transformer."""

from __future__ import annotations

from functools import partial

from tests.mutants.blind.mistake import SMALL, Blind

TRANSLATOR = partial(Blind, pair="translator", file=f"{SMALL}.translator_jittor")
ATTENTION = "layers.*.attention"

THIRD_TRANSLATOR = (
    TRANSLATOR(
        name="b3_tr_gelu_by_tanh",
        kind="approximation",
        old="self.act = nn.GELU()",
        new='self.act = nn.GELU("tanh")',
        truth="GELU is approximated by tanh, where the exact one is wanted",
        places=("layers.*.act",),
        says=("tanh", "approximate|approximation"),
    ),
    TRANSLATOR(
        name="b3_tr_itself_hidden",
        kind="off by one",
        old="np.tril(np.ones((count, count), np.float32))",
        new="np.tril(np.ones((count, count), np.float32), -1)",
        truth="a word does not look at itself: the mask has no diagonal",
        places=("(model)/mul.?", f"{ATTENTION}/*", ATTENTION, "(model)"),
        why="the mask is made in the model's forward: where it is made or where it is taken first",
        says=("diagonal", "tril", "triang", "causal", r"\bmasks?\b", "off by one", "itself"),
    ),
    TRANSLATOR(
        name="b3_tr_filled_with_nothing",
        kind="slip in a constant",
        old="scores = scores.masked_fill(mask == 0, -1e9)",
        new="scores = scores.masked_fill(mask == 0, -1e-9)",
        truth="what is hidden gets the score -1e-9, next to 0, not -1e9",
        places=(f"{ATTENTION}/masked_fill.0", f"{ATTENTION}/softmax.0", ATTENTION),
        why="the filling itself, what takes the scores, or their module",
        says=(r"-1(\.0)?e-0?9", r"-1(\.0)?e\+?0?9", "-1000000000", r"\bvalue\b", "constant", r"with -?0\b"),
    ),
    TRANSLATOR(
        name="b3_tr_first_norm_again",
        kind="copied name",
        old="self.narrow(self.act(self.wide(self.norm2(x))))",
        new="self.narrow(self.act(self.wide(self.norm1(x))))",
        truth="the norm before the linear layers is the attention's, norm1, not norm2",
        places=("layers.*.norm1", "layers.*.norm2", "layers.*.wide", "layers.?"),
        why="norm2 does not run and norm1 runs twice: either, who takes the result, or the module",
        says=(r"\bnorm1\b", "twice", "second call", "never", "not called", "skip(ped|ping)"),
    ),
    TRANSLATOR(
        name="b3_tr_shortcut_normed",
        kind="shortcut taken elsewhere",
        old="        x = x + self.drop(self.attention(self.norm1(x), mask))",
        new="        x = self.norm1(x)\n        x = x + self.drop(self.attention(x, mask))",
        truth="the shortcut beside the attention is what norm1 returns, not what it is given",
        places=("layers.*/add.0", "layers.?"),
        why="the sum is given another operand by the module",
        says=(r"\bnorm1\b", "normali[sz]ed", "normed"),
    ),
    TRANSLATOR(
        name="b3_tr_head_scaled",
        kind="scale of another model",
        old="return functional.linear(self.norm(x), self.embed.weight)",
        new="return functional.linear(self.norm(x) / math.sqrt(WIDTH), self.embed.weight)",
        truth="the scores of the words are divided by the root of the width, as elsewhere for a tied head",
        places=("(model)/linear.0", "(model)/div.?", "(model)"),
        why="the call is given something smaller: it, the division, or the model",
        says=(r"0\.204", r"4\.89|\b4\.9\b", "sqrt", r"\broot\b", "scaled?", r"\bdiv\b", "divi", r"\b24\b"),
    ),
    TRANSLATOR(
        name="b3_tr_second_drop_forgotten",
        kind="dropout left out",
        old="return x + self.drop(self.narrow(self.act(self.wide(self.norm2(x)))))",
        new="return x + self.narrow(self.act(self.wide(self.norm2(x))))",
        truth="nothing is dropped of what the linear layers add: the second dropout is missing",
        places=("layers.*.drop", "layers.*/add.1", "layers.?"),
        why="the layer is called once less: it, the sum that takes the result, or the module",
        says=("drop", "skip(ped|ping)", "without", "missing", "never", "fewer", "once less", r"\bnarrow\b"),
        mode="train",
    ),
    TRANSLATOR(
        name="b3_tr_compared_with_itself",
        kind="another target",
        old='inputs["wanted"].reshape(-1)',
        new='inputs["tokens"].reshape(-1)',
        truth="the words that went in are the labels, not those that are wanted",
        places=("(loss)",),
        says=(r"\btokens\b", "label", "target", r"\bwanted\b"),
        mode="train",
    ),
)
