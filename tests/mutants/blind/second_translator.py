"""More mistakes of whoever ports the small transformer."""

from __future__ import annotations

from functools import partial

from tests.mutants.blind.mistake import SMALL, Blind

TRANSLATOR = partial(Blind, pair="translator", file=f"{SMALL}.translator_jittor")
ATTENTION = "layers.*.attention"

SECOND_TRANSLATOR = (
    TRANSLATOR(
        name="b2_tr_dropped_always",
        kind="dropout in evaluation",
        old="shares = self.drop(functional.softmax(scores, dim=-1))",
        new="shares = functional.dropout(functional.softmax(scores, dim=-1), 0.1)",
        truth="the shares are dropped in evaluation, too: the function is not told the mode",
        places=(f"{ATTENTION}/dropout.?", f"{ATTENTION}.drop", f"{ATTENTION}/matmul.1", ATTENTION),
        why="a call stands in the place of the layer: either, who takes its result, or their module",
        says=("drop", "random", "training", "evaluation", r"1\.11"),
    ),
    TRANSLATOR(
        name="b2_tr_padding_hides_rows",
        kind="axis of a broadcast",
        old="(tokens != 0).float32().reshape(-1, 1, 1, count)",
        new="(tokens != 0).float32().reshape(-1, 1, count, 1)",
        truth="padding hides the rows of the queries, not the columns of the keys",
        places=("(model)/mul.?", f"{ATTENTION}/*", ATTENTION),
        why="the mask is made in the model's forward: where it is made or where it is taken first",
        says=("mask", r"\brows?\b", "column", "transpos", "permut", "reshape", "broadcast", r"\bax[ei]s\b"),
    ),
    TRANSLATOR(
        name="b2_tr_filling_lost",
        kind="result not kept",
        old="        scores = scores.masked_fill(mask == 0, -1e9)",
        new="        scores.masked_fill(mask == 0, -1e9)",
        truth="nothing is hidden: what the filling returns is not kept",
        places=(f"{ATTENTION}/softmax.0", f"{ATTENTION}/masked_fill.0", ATTENTION),
        why="the softmax takes the scores as they are divided, not as they are filled",
        says=("mask", "fill", "without", "skip(ped|ping)", "missing", r"-1e\+?0?9", r"\bdiv\.0"),
    ),
    TRANSLATOR(
        name="b2_tr_query_and_key",
        kind="operands exchanged",
        old="for layer in (self.query, self.key, self.value)",
        new="for layer in (self.key, self.query, self.value)",
        truth="queries and keys are exchanged, so that the scores are transposed",
        places=(f"{ATTENTION}/matmul.0", f"{ATTENTION}.query", f"{ATTENTION}.key", ATTENTION),
        why="the first product takes both the other way round; the layers run in another order",
        says=("exchang", "swap", "order", "transpos", r"\bkey\b", r"\bquery\b"),
    ),
    TRANSLATOR(
        name="b2_tr_norm_by_hand",
        kind="another form of a norm",
        old="        self.norm = nn.LayerNorm(WIDTH)",
        new="        self.norm = Norm(WIDTH)",
        more=(
            (
                "from ports_jittor.torchlike import functional, nn\n",
                "from ports_jittor.torchlike import functional, nn, reduce\n",
            ),
            (
                "class Translator(nn.Module):",
                "class Norm(nn.LayerNorm):\n"
                "    def forward(self, x: Tensor) -> Tensor:\n"
                "        mean = reduce.mean(x, -1, keepdim=True)\n"
                "        deviation = reduce.std(x, -1, keepdim=True)\n"
                "        return self.weight * (x - mean) / (deviation + 1e-6) + self.bias\n\n\n"
                "class Translator(nn.Module):",
            ),
        ),
        truth="the last norm divides by the unbiased deviation (23 for 24), as some texts write it",
        places=("norm", "norm/*"),
        why="the norm is written out: it, or the operations in it",
        says=(
            "unbiased",
            "correction",
            "varianc",
            "deviation",
            r"\bstd\b",
            r"n ?- ?1\b",
            r"0\.97",
            r"\b23\b",
        ),
    ),
    TRANSLATOR(
        name="b2_tr_places_scaled_too",
        kind="brackets",
        old="self.embed(tokens) * math.sqrt(WIDTH) + self.place(jt.arange(count))",
        new="(self.embed(tokens) + self.place(jt.arange(count))) * math.sqrt(WIDTH)",
        truth="the sum of words and places is scaled, not the words alone",
        places=("(model)/mul.?", "(model)/add.0", "(model)"),
        why="sum and product have changed places",
        says=("order", "before", "after", "exchang", "swap", r"\bplace\b"),
    ),
    TRANSLATOR(
        name="b2_tr_targets_shifted",
        kind="labels shifted",
        old='outputs.reshape(-1, WORDS), inputs["wanted"].reshape(-1)',
        new='outputs[:, :-1].reshape(-1, WORDS), inputs["wanted"][:, 1:].reshape(-1)',
        truth="each word is compared with the label of the next one: they are shifted once more",
        places=("(loss)",),
        says=("shift", "off by one", r"\bnext\b", "slice", "offset", "roll"),
        mode="train",
    ),
    TRANSLATOR(
        name="b2_tr_scores_dropped",
        kind="dropout before a softmax",
        old="shares = self.drop(functional.softmax(scores, dim=-1))",
        new="shares = functional.softmax(self.drop(scores), dim=-1)",
        truth="the scores are dropped before the softmax, not the shares after it",
        places=(f"{ATTENTION}/softmax.0", f"{ATTENTION}.drop", f"{ATTENTION}/matmul.1", ATTENTION),
        why="dropout and softmax have changed places: either, who takes the result, or the module",
        says=("order", "before", "after", "exchang", "swap"),
        mode="train",
    ),
)
