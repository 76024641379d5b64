"""Trains a GPT on the characters of a text in PyTorch, on the CPU in float32: nanoGPT's model and hyperparameters.

    python train_shakespeare.py TEXT --config small --threads 2

Prints lines of JSON: one "start", a "step" for every few iterations, one "end" with the validation loss and the speed.
"""

import argparse
import json
import math
import statistics
import time
from dataclasses import dataclass

import torch

from gpt import GPT


@dataclass(frozen=True)
class Config:
    num_layers: int
    num_heads: int
    channels: int
    context: int
    batch: int
    iterations: int
    warmup: int = 100
    learning_rate: float = 1e-3
    least_learning_rate: float = 1e-4
    betas: tuple = (0.9, 0.99)
    weight_decay: float = 0.1
    max_gradient_norm: float = 1.0


CONFIGS = {
    "small": Config(num_layers=4, num_heads=4, channels=128, context=64, batch=12, iterations=2000),
    "large": Config(num_layers=6, num_heads=6, channels=384, context=256, batch=64, iterations=5000),
}


def main():
    options = parse_options()
    config = CONFIGS[options.config]
    batch = options.batch or config.batch
    iterations = options.iterations or config.iterations
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)

    ids, vocab_size = read_characters(options.text)
    train, validation = ids[: len(ids) * 9 // 10], ids[len(ids) * 9 // 10:]
    model = GPT(vocab_size, config.context, config.num_layers, config.num_heads, config.channels)
    num_parameters = sum(parameter.numel() for parameter in model.parameters())
    tokens = batch * config.context
    report("start", name="PyTorch", version=torch.__version__, config=options.config, threads=torch.get_num_threads(),
           compiled=options.compile, numParameters=num_parameters, vocabSize=vocab_size, batch=batch, context=config.context)

    optimizer = create_optimizer(model, config)
    run = torch.compile(model) if options.compile else model
    seconds = []
    for iteration in range(iterations):
        start = time.perf_counter()
        rate = learning_rate(iteration, config)
        loss = step(run, optimizer, random_windows(train, batch, config.context), rate, config.max_gradient_norm)
        seconds.append(time.perf_counter() - start)
        if (iteration + 1) % options.log_every == 0 or iteration in (0, iterations - 1):
            report("step", step=iteration + 1, loss=loss, learningRate=rate, seconds=sum(seconds),
                   tokensPerSecond=tokens / statistics.median(seconds[-options.log_every:]))

    start = time.perf_counter()
    validation_loss = evaluate(model, validation, batch, config.context) if options.evaluate else None
    # The first step allocates, and compiles: median and minimum leave it out.
    median = statistics.median(seconds)
    report("end", steps=iterations, trainLoss=loss, validationLoss=validation_loss, seconds=sum(seconds),
           evaluationSeconds=time.perf_counter() - start, medianStepSeconds=median, leastStepSeconds=min(seconds),
           tokensPerSecond=tokens / median)


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", help="the file to learn, UTF-8")
    parser.add_argument("--config", choices=CONFIGS, default="small")
    parser.add_argument("--iterations", type=positive, help="fewer cut the schedule off (default: the config's)")
    parser.add_argument("--batch", type=positive, help="windows in an iteration (default: the config's)")
    parser.add_argument("--threads", type=positive, default=2)
    parser.add_argument("--seed", type=int, default=1337)
    parser.add_argument("--log-every", type=positive, default=100)
    parser.add_argument("--compile", action="store_true", help="torch.compile, which needs a C++ compiler")
    parser.add_argument("--no-evaluate", dest="evaluate", action="store_false", help="leave the validation loss out")
    return parser.parse_args()


def positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return value


def read_characters(path):
    """The text as indices into its own characters in their order, and how many different ones there are."""
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    index = {character: number for number, character in enumerate(sorted(set(text)))}
    return torch.tensor([index[character] for character in text]), len(index)


def create_optimizer(model, config):
    """Weights of matrices decay, those of norms do not."""
    matrices = [parameter for parameter in model.parameters() if parameter.dim() >= 2]
    vectors = [parameter for parameter in model.parameters() if parameter.dim() < 2]
    groups = [dict(params=matrices, weight_decay=config.weight_decay), dict(params=vectors, weight_decay=0.0)]
    return torch.optim.AdamW(groups, betas=config.betas, fused=True)


def learning_rate(iteration, config):
    """Warm-up, then half a cosine down to the least rate."""
    if iteration < config.warmup:
        return config.learning_rate * (iteration + 1) / (config.warmup + 1)
    progress = min((iteration - config.warmup) / (config.iterations - config.warmup), 1)
    fall = config.learning_rate - config.least_learning_rate
    return config.least_learning_rate + fall * (1 + math.cos(math.pi * progress)) / 2


def random_windows(ids, batch, context):
    starts = torch.randint(len(ids) - context, (batch,)).tolist()
    windows = torch.stack([ids[start : start + context + 1] for start in starts])
    return windows[:, :-1], windows[:, 1:]


def step(model, optimizer, windows, rate, max_gradient_norm):
    for group in optimizer.param_groups:
        group["lr"] = rate
    loss = model(*windows)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_gradient_norm)
    optimizer.step()
    optimizer.zero_grad()
    return loss.item()


@torch.no_grad()
def evaluate(model, ids, batch, context):
    """Mean loss over all windows that fit into the split side by side."""
    count = (len(ids) - 1) // context
    inputs = ids[: count * context].view(count, context)
    targets = ids[1 : count * context + 1].view(count, context)
    parts = zip(inputs.split(batch), targets.split(batch), strict=True)
    return sum(model(part, wanted).item() * len(part) for part, wanted in parts) / count


def report(event, **values):
    print(json.dumps(dict(event=event, **values)), flush=True)


if __name__ == "__main__":
    main()
