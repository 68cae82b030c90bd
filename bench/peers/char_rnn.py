"""char-rnn (Karpathy 2015, github.com/karpathy/char-rnn): an LSTM over one-hot characters, with its defaults."""

from typing import NamedTuple

import numpy as np
import torch
from bench.peers.corpus import Alphabet, Corpus
from torch import nn
from torch.nn import functional

from friendbot import dataset
from friendbot.progress import Progress

ROWS, CHUNK = 50, 500
"""How the validation part is laid out, and how many characters of one stream are read at once."""

State = tuple[torch.Tensor, torch.Tensor] | None


class Settings(NamedTuple):
    """What `train.lua` takes; `units` is its `rnn_size`."""

    units: int = 128
    layers: int = 2
    learning_rate: float = 2e-3
    learning_rate_decay: float = 0.97
    learning_rate_decay_after: int = 10
    decay_rate: float = 0.95
    sequence_length: int = 50
    batch_size: int = 50
    max_epochs: int = 50
    clip: float = 5.0
    initial: float = 0.08


class Network(nn.Module):
    """Stacked LSTM layers between one-hot characters and logits."""

    def __init__(self, symbols: int, units: int, layers: int) -> None:
        super().__init__()
        self.symbols = symbols
        self.lstm = nn.LSTM(symbols, units, layers, batch_first=True)
        self.decoder = nn.Linear(units, symbols)

    def forward(self, ids: torch.Tensor, state: State) -> tuple[torch.Tensor, State]:
        """From int64 `(batch, length)` to logits with one more axis."""
        outputs, state = self.lstm(functional.one_hot(ids, self.symbols).float(), state)
        return self.decoder(outputs), state

    @torch.no_grad()
    def nats(self, ids: np.ndarray, exact: bool) -> np.ndarray:
        """Of each symbol but the first, float64; exact: as one stream, its state carried, in order, telling how far."""
        if exact:
            with Progress("scoring", unit="characters", total=len(ids) - 1) as progress:
                return self._nats(ids, 1, progress)
        return self._nats(ids, ROWS, None)

    def _nats(self, ids: np.ndarray, rows: int, progress: Progress | None) -> np.ndarray:
        laid = dataset.batches(ids.astype(np.int32), rows, CHUNK)
        inputs, targets = (torch.from_numpy(part.astype(np.int64)) for part in (laid.inputs, laid.targets))
        state: State = None
        found = []
        for start in range(0, len(inputs), rows):
            logits, state = self(inputs[start : start + rows], state)
            wanted = targets[start : start + rows]
            found.append(functional.cross_entropy(logits.flatten(0, 1), wanted.flatten(), reduction="none").numpy())
            if progress:
                progress.advance(len(found[-1]))
        return np.concatenate(found)[laid.weights.flatten() > 0].astype(np.float64)


class CharRNN:
    """The recipe: RMSProp, gradients clipped one by one, the state carried from batch to batch and epoch to epoch."""

    def __init__(self, corpus: Corpus, seed: int, threads: int, settings: Settings) -> None:
        torch.set_num_threads(threads)
        torch.manual_seed(seed)
        self.settings = settings
        self._alphabet = Alphabet(corpus.train)
        batch, length = settings.batch_size, settings.sequence_length
        ids = self._alphabet.encode(corpus.train)
        whole = (len(ids) - 1) // (batch * length) * batch * length
        laid = dataset.batches(ids[: whole + 1].astype(np.int32), batch, length)
        self._inputs, self._targets = (torch.from_numpy(part.astype(np.int64)) for part in (laid.inputs, laid.targets))
        self._steps_of_epoch, self._steps = laid.steps, 0
        self._network = Network(len(self._alphabet), settings.units, settings.layers)
        with torch.no_grad():
            for name, parameter in self._network.named_parameters():
                parameter.uniform_(-settings.initial, settings.initial)
                if name.startswith("lstm.bias_ih"):
                    parameter[settings.units : 2 * settings.units] = 1.0  # forget gates
        self._optimizer = torch.optim.RMSprop(
            self._network.parameters(), settings.learning_rate, alpha=settings.decay_rate, eps=1e-8
        )
        self._state: State = None

    @property
    def done(self) -> bool:
        """Whether all epochs are through."""
        return self._steps >= self.settings.max_epochs * self._steps_of_epoch

    def step(self, share: float) -> float:
        """One update; `share` is of no concern to its schedule, which goes by epochs."""
        start = self._steps % self._steps_of_epoch * self.settings.batch_size
        end = start + self.settings.batch_size
        logits, state = self._network(self._inputs[start:end], self._state)
        assert state is not None
        self._state = state[0].detach(), state[1].detach()
        loss = functional.cross_entropy(logits.flatten(0, 1), self._targets[start:end].flatten())
        self._optimizer.zero_grad()
        # char-rnn's gradient is summed over the time steps, which matters where it is clipped.
        (loss * self.settings.sequence_length).backward()
        nn.utils.clip_grad_value_(self._network.parameters(), self.settings.clip)
        self._optimizer.step()
        self._steps += 1
        epochs, rest = divmod(self._steps, self._steps_of_epoch)
        if not rest and epochs >= self.settings.learning_rate_decay_after:
            self._optimizer.param_groups[0]["lr"] *= self.settings.learning_rate_decay
        return loss.item()

    def nats(self, text: str, exact: bool) -> np.ndarray:
        """Nats of each character but the first, float64."""
        found = self._network.nats(self._alphabet.encode(text), exact)
        return found + self._alphabet.escapes(text)[1:] if exact else found

    def weights(self) -> dict[str, torch.Tensor]:
        """A copy of what is learned."""
        return {name: value.clone() for name, value in self._network.state_dict().items()}

    def restore(self, weights: dict[str, torch.Tensor]) -> None:
        """Take up what `weights` gave."""
        self._network.load_state_dict(weights)
