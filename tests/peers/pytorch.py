"""Models that go from here to PyTorch and back.

    python3 pytorch.py make FOLDER
        Writes models that PyTorch made, NAME.safetensors each, and what they say,
        pytorch_exchange.json.
    python3 pytorch.py check PLAN
        Loads models from here, two ways each, and prints their logits for token ids.
        PLAN is a file of JSON: a list of {checkpoint, config, exported, lines, ids}.
        The checkpoint, less its tensors "train.…", is loaded into modules of the
        config (a ModelConfig); the exported file by the lines of Python that say
        how.

Needs torch and numpy; the safetensors format is read and written here.
"""

import json
import struct
import sys
import types

import numpy
import torch
from torch import nn

DTYPES = {"F32": numpy.float32, "F64": numpy.float64}


def load_file(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        payload = file.read()
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            values = numpy.frombuffer(payload[begin:end], DTYPES[entry["dtype"]])
            shaped = values.reshape(entry["shape"]).copy()
            tensors[name] = torch.from_numpy(shaped)
    return tensors


def save_file(tensors, path, metadata):
    header, payload = {"__metadata__": metadata}, b""
    for name, tensor in tensors.items():
        values = tensor.detach().numpy()
        dtype = next(key for key, kind in DTYPES.items() if kind == values.dtype)
        data = values.tobytes()
        offsets = [len(payload), len(payload) + len(data)]
        header[name] = {
            "dtype": dtype,
            "shape": list(values.shape),
            "data_offsets": offsets,
        }
        payload += data
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + payload)


def modules(config):
    V, H = config["vocabularySize"], config["hiddenSize"]
    E, L = config.get("embeddingSize", 0), config["numLayers"]
    kind = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[config["cell"]]
    relu = config.get("activation") == "relu"
    settings = {"nonlinearity": "relu"} if relu else {}
    made = {"rnn": kind(E or V, H, L, **settings), "linear": nn.Linear(H, V)}
    if E:
        made["embedding"] = nn.Embedding(V, E)
    return nn.ModuleDict(made)


@torch.no_grad()
def logits_of(model, ids, state=None):
    """Logits (T, V) of token ids (T), and the state behind them."""
    V = model["linear"].out_features
    dtype = model["linear"].weight.dtype
    inputs = torch.tensor(ids).view(-1, 1)
    if "embedding" in model:
        rows = model["embedding"](inputs)
    else:
        rows = nn.functional.one_hot(inputs, V).to(dtype)
    output, state = model["rnn"](rows, state)
    return model["linear"](output)[:, 0], state


# The seeds and scales are such that what is said is not one token over and over.
CASES = [
    ("rnn_unk_in_the_middle", "rnn", 1, 0, ["a", "b", "<unk>", " ", "é"],
     {"seed": 44, "scale": 6}),
    ("rnn_relu", "rnn", 1, 0, ["<unk>", "a", "b", "c", "d", "\n"],
     {"seed": 14, "scale": 1.5, "activation": "relu"}),
    ("gru_embedding_no_unk", "gru", 2, 3, list("abcde 🦕"),
     {"seed": 12, "scale": 3}),
    ("lstm_float64", "lstm", 2, 0, ["<unk>", *"tea m"],
     {"seed": 53, "scale": 6, "dtype": torch.float64}),
]


def make(folder):
    cases = []
    for name, cell, layers, E, tokens, more in CASES:
        torch.manual_seed(more["seed"])
        config = {"cell": cell, "vocabularySize": len(tokens), "hiddenSize": 6,
                  "embeddingSize": E, "numLayers": layers}
        if "activation" in more:
            config["activation"] = more["activation"]
        model = modules(config).to(more.get("dtype", torch.float32))
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.mul_(more["scale"])
        save_file(model.state_dict(), f"{folder}/pytorch_{name}.safetensors",
                  {"format": "pt"})
        known = [id for id, token in enumerate(tokens) if token != "<unk>"]
        ids = [known[(i * i + i // 2) % len(known)] for i in range(9)]
        logits, state = logits_of(model, ids)
        greedy, last = [], logits[-1]
        for _ in range(20):
            likeliest = max(known, key=lambda id: last[id])
            greedy.append(tokens[likeliest])
            following, state = logits_of(model, [likeliest], state)
            last = following[-1]
        cases.append({"name": name, "config": config, "tokens": tokens, "ids": ids,
                      "logits": logits.tolist(), "greedy": "".join(greedy)})
    with open(f"{folder}/pytorch_exchange.json", "w") as file:
        json.dump(cases, file, ensure_ascii=False)
        file.write("\n")


def check(plan):
    with open(plan) as file:
        models = json.load(file)
    library = types.ModuleType("safetensors.torch")
    library.load_file = load_file
    sys.modules["safetensors"] = types.ModuleType("safetensors")
    sys.modules["safetensors.torch"] = library
    results = []
    for one in models:
        tensors = load_file(one["checkpoint"])
        weights = {k: v for k, v in tensors.items() if not k.startswith("train.")}
        model = modules(one["config"])
        model.load_state_dict(weights, strict=True)
        names = {}
        exec("\n".join(one["lines"]), names)
        both = [model, names["model"]]
        results.append([logits_of(m, one["ids"])[0].tolist() for m in both])
    print(json.dumps(results))


{"make": make, "check": check}[sys.argv[1]](*sys.argv[2:])
