"""How fast PyTorch trains the model of `deno task bench` on a CUDA device.

    python3 pytorch.py CELL NUM_STEPS SECONDS HIDDENxBATCH ...

Prints a line of JSON for each size and variant:

    nn     nn.RNN, nn.GRU or nn.LSTM with nn.Linear, called as usual
    graph  the same, with the whole minibatch replayed from a CUDA graph

A minibatch is random tokens of 28 as one-hot rows, forward, the mean cross-entropy,
backward, gradients clipped to norm 1 and a step of gradient descent; the state is
carried on. All is float32, without TF32. Where torch or CUDA is missing, the only line
says so: {"missing": "torch"}.
"""

import json
import statistics
import sys
import time

VOCABULARY_SIZE = 28
WARM_UP = 11  # minibatches; a capture needs some as well
ROUNDS = 5


class Training:
    """A model with its minibatch, whose tensors stay where they are."""

    def __init__(self, cell, hidden_size, batch_size, num_steps):
        layer = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[cell]
        self.layer = layer(VOCABULARY_SIZE, hidden_size).cuda()
        self.head = nn.Linear(hidden_size, VOCABULARY_SIZE).cuda()
        self.parameters = [*self.layer.parameters(), *self.head.parameters()]
        shape = (num_steps, batch_size)
        self.inputs = torch.randint(VOCABULARY_SIZE, shape, device="cuda")
        self.targets = torch.randint(VOCABULARY_SIZE, shape, device="cuda")
        count = 2 if cell == "lstm" else 1
        self.states = [
            torch.zeros(1, batch_size, hidden_size, device="cuda")
            for _ in range(count)
        ]

    def minibatch(self):
        for parameter in self.parameters:
            parameter.grad = None
        rows = functional.one_hot(self.inputs, VOCABULARY_SIZE).float()
        given = self.states[0] if len(self.states) == 1 else tuple(self.states)
        outputs, last = self.layer(rows, given)
        logits = self.head(outputs).flatten(0, 1)
        functional.cross_entropy(logits, self.targets.flatten()).backward()
        with torch.no_grad():
            norms = [parameter.grad.norm() for parameter in self.parameters]
            clip = (1 / torch.stack(norms).norm()).clamp(max=1)
            for parameter in self.parameters:
                parameter.sub_(clip * parameter.grad)
            carried = [last] if len(self.states) == 1 else last
            for state, new in zip(self.states, carried):
                state.copy_(new)


def captured(training):
    """A function that replays the minibatch from a CUDA graph."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(WARM_UP):
            training.minibatch()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        training.minibatch()
    return graph.replay


def seconds_each(run, seconds):
    """The median of some rounds, each ended by a wait for the device."""

    def timed(count):
        start = time.perf_counter()
        for _ in range(count):
            run()
        torch.cuda.synchronize()
        return (time.perf_counter() - start) / count

    timed(WARM_UP)
    count = max(1, round(seconds / ROUNDS / timed(WARM_UP)))
    return statistics.median(timed(count) for _ in range(ROUNDS))


def main(cell, num_steps, seconds, *sizes):
    for size in sizes:
        hidden_size, batch_size = map(int, size.split("x"))
        training = Training(cell, hidden_size, batch_size, int(num_steps))
        tokens = int(num_steps) * batch_size
        for variant in ["nn", "graph"]:
            run = training.minibatch
            if variant == "graph":
                run = captured(training)
            each = seconds_each(run, float(seconds))
            line = {
                "variant": variant,
                "hidden_size": hidden_size,
                "batch_size": batch_size,
                "tokens_per_second": tokens / each,
                "version": torch.__version__,
                "device": torch.cuda.get_device_name(),
            }
            print(json.dumps(line), flush=True)


try:
    import torch
    from torch import nn
    from torch.nn import functional
except ImportError:
    print(json.dumps({"missing": "torch"}))
    sys.exit()
if not torch.cuda.is_available():
    print(json.dumps({"missing": "CUDA in torch " + torch.__version__}))
    sys.exit()
torch.backends.cuda.matmul.allow_tf32 = False
torch.backends.cudnn.allow_tf32 = False
main(*sys.argv[1:])
