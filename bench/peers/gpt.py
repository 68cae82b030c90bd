"""A small GPT as nanoGPT's README sets it for a computer without a GPU (Karpathy 2022, github.com/karpathy/nanoGPT)."""

import math
from typing import NamedTuple

import numpy as np
import torch
from bench.peers.corpus import Alphabet, Corpus
from torch import nn
from torch.nn import functional

from friendbot.progress import Progress

BATCH = 64
"""Windows that are scored at once."""


class Settings(NamedTuple):
    """The README's line for a macbook; below it, what `train_shakespeare_char.py` and `train.py` set.

    Its 2,000 iterations become as many as the time holds: the learning rate falls over the time.
    """

    block_size: int = 64
    batch_size: int = 12
    layers: int = 4
    heads: int = 4
    width: int = 128
    dropout: float = 0.0
    learning_rate: float = 1e-3
    least_learning_rate: float = 1e-4
    warmup_iterations: int = 100
    beta1: float = 0.9
    beta2: float = 0.99
    weight_decay: float = 0.1
    clip_norm: float = 1.0
    valid_stride: int = 32
    test_stride: int = 8


class Block(nn.Module):
    """Attention to what came before, and two dense layers, each added to its input."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before_attention, self.before_dense = nn.LayerNorm(width, bias=False), nn.LayerNorm(width, bias=False)
        self.attention = nn.Linear(width, 3 * width, bias=False)
        self.attended = nn.Linear(width, width, bias=False)
        self.widened = nn.Linear(width, 4 * width, bias=False)
        self.narrowed = nn.Linear(4 * width, width, bias=False)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """From and to float32 `(batch, length, width)`."""
        split = self.attention(self.before_attention(hidden)).unflatten(2, (3, self.heads, -1))
        query, key, value = split.permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        hidden = hidden + self.attended(seen.transpose(1, 2).flatten(2))
        return hidden + self.narrowed(functional.gelu(self.widened(self.before_dense(hidden))))


class Network(nn.Module):
    """The transformer; the embedding of the symbols is also the output's matrix."""

    def __init__(self, symbols: int, settings: Settings) -> None:
        super().__init__()
        self.symbol = nn.Embedding(symbols, settings.width)
        self.place = nn.Embedding(settings.block_size, settings.width)
        self.blocks = nn.Sequential(*(Block(settings.width, settings.heads) for _ in range(settings.layers)))
        self.last = nn.LayerNorm(settings.width, bias=False)
        for name, parameter in self.named_parameters():
            if parameter.dim() > 1:
                onto_residual = name.endswith(("attended.weight", "narrowed.weight"))
                nn.init.normal_(parameter, std=0.02 / (math.sqrt(2 * settings.layers) if onto_residual else 1))

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """From int64 `(batch, length)` to logits with one more axis."""
        hidden = self.symbol(ids) + self.place(torch.arange(ids.shape[1]))
        return self.last(self.blocks(hidden)) @ self.symbol.weight.T


class GPT:
    """The recipe: AdamW on windows from anywhere in the text, warm-up, then a cosine."""

    def __init__(self, corpus: Corpus, seed: int, threads: int, settings: Settings) -> None:
        assert not settings.dropout, "the recipe has none"
        torch.set_num_threads(threads)
        torch.manual_seed(seed)
        self.settings = settings
        self._alphabet = Alphabet(corpus.train)
        self._ids = torch.from_numpy(self._alphabet.encode(corpus.train))
        self._network = Network(len(self._alphabet), settings)
        matrices = [parameter for parameter in self._network.parameters() if parameter.dim() > 1]
        vectors = [parameter for parameter in self._network.parameters() if parameter.dim() == 1]
        self._optimizer = torch.optim.AdamW(
            [{"params": matrices, "weight_decay": settings.weight_decay}, {"params": vectors, "weight_decay": 0.0}],
            betas=(settings.beta1, settings.beta2),
        )
        self._steps = 0

    @property
    def done(self) -> bool:
        """Never: it takes the time it is given."""
        return False

    def learning_rate(self, share: float) -> float:
        """When `share` of the time is gone."""
        most, least = self.settings.learning_rate, self.settings.least_learning_rate
        if self._steps < self.settings.warmup_iterations:
            return most * (self._steps + 1) / (self.settings.warmup_iterations + 1)
        return least + (most - least) * 0.5 * (1 + math.cos(math.pi * share))

    def step(self, share: float) -> float:
        """One update."""
        for group in self._optimizer.param_groups:
            group["lr"] = self.learning_rate(share)
        starts = torch.randint(len(self._ids) - self.settings.block_size, (self.settings.batch_size, 1))
        windows = self._ids[starts + torch.arange(self.settings.block_size + 1)]
        logits = self._network(windows[:, :-1])
        loss = functional.cross_entropy(logits.flatten(0, 1), windows[:, 1:].flatten())
        self._optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self._network.parameters(), self.settings.clip_norm)
        self._optimizer.step()
        self._steps += 1
        return loss.item()

    def nats(self, text: str, exact: bool) -> np.ndarray:
        """Nats of each character but the first, float64.

        It has no state to carry: windows overlap, so that each character but the first few has at least
        `block_size - stride` before it.
        """
        ids = torch.from_numpy(self._alphabet.encode(text))
        if exact:
            with Progress("scoring", unit="characters", total=len(text)) as progress:
                return self._nats(ids, self.settings.test_stride, progress) + self._alphabet.escapes(text)[1:]
        return self._nats(ids, self.settings.valid_stride, None)

    @torch.no_grad()
    def _nats(self, ids: torch.Tensor, stride: int, progress: Progress | None) -> np.ndarray:
        block = self.settings.block_size
        inputs, targets = ids[:-1], ids[1:]
        found = np.zeros(len(targets))
        starts = [*range(0, max(len(inputs) - block, 0), stride), max(len(inputs) - block, 0)]
        size = min(block, len(inputs))
        # From the last window to the first: what a window writes first, the one before it overwrites with more context.
        for end in range(len(starts), 0, -BATCH):
            places = torch.tensor(starts[max(end - BATCH, 0) : end])[:, None] + torch.arange(size)
            logits = self._network(inputs[places])
            costs = functional.cross_entropy(logits.flatten(0, 1), targets[places].flatten(), reduction="none")
            for row, own in reversed([*zip(places.numpy(), costs.view(places.shape).numpy(), strict=True)]):
                found[row] = own
            if progress:
                progress.advance(len(places) * stride)
        return found

    def weights(self) -> dict[str, torch.Tensor]:
        """A copy of what is learned."""
        return {name: value.clone() for name, value in self._network.state_dict().items()}

    def restore(self, weights: dict[str, torch.Tensor]) -> None:
        """Take up what `weights` gave."""
        self._network.load_state_dict(weights)
