import jittor as jt
from jittor import nn
from jittor.attention import MultiheadAttention


class EncoderLayer(nn.Module):
    def __init__(self, width, heads, inner, dropout):
        super().__init__()
        self.self_attn = MultiheadAttention(width, heads, dropout=dropout, batch_first=True)
        self.linear1 = nn.Linear(width, inner)
        self.dropout = nn.Dropout(dropout)
        self.linear2 = nn.Linear(inner, width)
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)
        self.dropout1 = nn.Dropout(dropout)
        self.dropout2 = nn.Dropout(dropout)

    def execute(self, x):
        attended = self.self_attn(x, x, x, need_weights=False)[0]
        x = self.norm1(x + self.dropout1(attended))
        inner = self.linear2(self.dropout(nn.gelu(self.linear1(x))))
        return self.norm2(x + self.dropout2(inner))


class Encoder(nn.Module):
    def __init__(self, words=50, width=16, heads=4, depth=2):
        super().__init__()
        self.embed = nn.Embedding(words, width)
        self.place = nn.Parameter(jt.zeros((1, 32, width)))
        self.layers = nn.ModuleList([EncoderLayer(width, heads, 2 * width, 0.1) for _ in range(depth)])
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 5)

    def execute(self, tokens):
        x = self.embed(tokens) + self.place[:, : tokens.shape[1]]
        for layer in self.layers:
            x = layer(x)
        return self.head(self.norm(x).mean(1))


def build(variant):
    return Encoder()


def losses(outputs, inputs):
    return {"cross_entropy": nn.cross_entropy_loss(outputs, inputs["label"])}
