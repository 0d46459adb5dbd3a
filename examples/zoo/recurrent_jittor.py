from jittor import nn


class Recurrent(nn.Module):
    def __init__(self, words=30, width=12):
        super().__init__()
        self.embed = nn.Embedding(words, width)
        self.lstm = nn.LSTM(width, width, num_layers=2, dropout=0.2)
        self.gru = nn.GRU(width, width, bidirectional=True)
        self.head = nn.Linear(2 * width, words)

    def execute(self, tokens):
        x, (hidden, cell) = self.lstm(self.embed(tokens))
        x, last = self.gru(x)
        return {"words": self.head(x), "state": (hidden, cell, last)}


def build(variant):
    return Recurrent()


def losses(outputs, inputs):
    words = outputs["words"]
    found = nn.cross_entropy_loss(words.reshape(-1, words.shape[-1]), inputs["next"].reshape(-1))
    return {"next": found + sum((part**2).mean() for part in outputs["state"])}
