"""Gradients of the tiny models and ten steps of training, by PyTorch's autograd and optimizers in float64."""

import math

import torch
import transformers
from safetensors import safe_open

from float64 import float64
from models import MODELS
from writing import GOLDENS, VERSIONS, empty_folder, generator, relative_error, round_to, write_json, write_tensors

PREFIX = "gradients-"
LENGTHS = ((19, 11), (8, 14, 5))  # of the sequences of the two batches; longer than the sliding windows
NUM_STEPS = 10
MAX_GRADIENT_NORM = 1.0
ADAMW = dict(lr=1e-2, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1)
SGD = dict(lr=0.1, momentum=0.9)

LEFT_OUT = ("llama-sharded",)  # nothing in it but what llama2-mha and llama-gqa show
# Llamas but for attention, biases or the activation. Of their large matrices, embeddings and the layers' MLP, only the norms
# of the gradients are stored.
LLAMA_VARIANTS = (
    "llama3-rope", "llama-linear", "llama-dynamic", "llama-yarn", "llama-bias", "mistral", "qwen2", "qwen2-sliding", "qwen3",
)


def names():
    return [PREFIX + name for name in MODELS if name not in LEFT_OUT]


def make(full_name):
    name = full_name.removeprefix(PREFIX)
    saved = load(name)
    batches = random_batches(MODELS[name].seed, saved.config.vocab_size)
    with float64():
        loss, gradients = gradients_of(fresh(saved), batches[0])
        adamw = _steps(fresh(saved), batches, _adamw)
        sgd = _steps(fresh(saved), batches, _sgd) if name == "gpt2" else None
    _, rounded = gradients_of(fresh(saved), batches[0])
    rounded_adamw = _steps(fresh(saved), batches, _adamw)
    assert adamw["gradientNorms"][0] > MAX_GRADIENT_NORM, "clipping does not show"
    for steps in filter(None, (adamw, sgd)):
        assert all(steps["losses"][-2 + batch] < 0.95 * steps["losses"][batch] for batch in (0, 1)), steps["losses"]

    folder = empty_folder("gradients", name)
    stored = {key: value for key, value in gradients.items() if name not in LLAMA_VARIANTS or _is_telling(key)}
    write_tensors(folder / "gradients.safetensors", stored)
    golden = dict(
        computedIn="float64",
        batches=batches,
        loss=round_to(loss, 12),
        perplexity=round_to(math.exp(loss), 12),
        otherNorms={key: round_to(value.norm().item(), 9) for key, value in gradients.items() if key not in stored},
        maxGradientNorm=MAX_GRADIENT_NORM,
        adamw=dict(learningRate=ADAMW["lr"], betas=ADAMW["betas"], epsilon=ADAMW["eps"],
                   weightDecay=ADAMW["weight_decay"], **adamw),
        **({"sgd": dict(learningRate=SGD["lr"], momentum=SGD["momentum"], **sgd)} if sgd else {}),
        float32Errors=dict(
            gradients=max(relative_error(rounded[key], gradients[key]) for key in gradients),
            losses=relative_error(*(torch.tensor(steps["losses"]) for steps in (rounded_adamw, adamw))),
        ),
        versions=VERSIONS,
    )
    write_json(folder / "golden.json", golden)
    first, last = adamw["losses"][0], adamw["losses"][-2]
    print(f"{full_name}: float32 error {golden['float32Errors']['gradients']:.1e}, "
          f"AdamW {first:.3f} to {last:.3f} (float32 error {golden['float32Errors']['losses']:.1e})")


def _is_telling(name):
    return any(part in name for part in ("self_attn.", "norm", "bias"))


def _steps(model, batches, create_optimizer):
    """NUM_STEPS updates on the batches by turns: each step's loss and gradient norm, and the parameters' norms at the end."""
    optimizer = create_optimizer(model)
    losses, norms = [], []
    for step in range(NUM_STEPS):
        optimizer.zero_grad()
        loss = mean_nll(model, batches[step % len(batches)])
        loss.backward()
        norms.append(round_to(torch.nn.utils.clip_grad_norm_(model.parameters(), MAX_GRADIENT_NORM).item(), 12))
        losses.append(round_to(loss.item(), 12))
        optimizer.step()
    ends = {name: round_to(value.norm().item(), 9) for name, value in model.named_parameters()}
    return dict(losses=losses, gradientNorms=norms, parameterNorms=ends)


def _adamw(model):
    """Weights of matrices decay, embeddings among them; norms and biases do not."""
    matrices = [value for value in model.parameters() if value.dim() >= 2]
    vectors = [value for value in model.parameters() if value.dim() < 2]
    return torch.optim.AdamW([dict(params=matrices), dict(params=vectors, weight_decay=0.0)], **ADAMW)


def _sgd(model):
    return torch.optim.SGD(model.parameters(), **SGD)


# ---------------------------------------------------------------- also for lora.py


def load(name):
    """The committed model in float32. Tied matrices are one parameter, under the name that the file has."""
    folder = str(GOLDENS / "models" / name)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    with safe_open(f"{folder}/model.safetensors", "pt") as file:
        assert set(file.keys()) == {key for key, _ in model.named_parameters()}, name
    return model.eval()


def fresh(saved):
    """A copy of the committed weights, in float64 inside float64()."""
    model = type(saved)(saved.config).to(torch.float32).eval()
    model.load_state_dict(saved.state_dict())
    return model


def random_batches(seed, vocab_size):
    random = generator(seed + 400)
    return [[random.integers(4, vocab_size - 2, length).tolist() for length in lengths] for lengths in LENGTHS]


def gradients_of(model, batch):
    """The loss, and its gradient for each parameter that wants one."""
    loss = mean_nll(model, batch)
    loss.backward()
    return loss.item(), {name: value.grad for name, value in model.named_parameters() if value.requires_grad}


def mean_nll(model, batch):
    """Mean over all next tokens of the batch. Each sequence runs alone: nothing is padded."""
    sums = []
    for ids in batch:
        log_probs = torch.log_softmax(model(torch.tensor([ids]), use_cache=False).logits[0, :-1], dim=-1)
        sums.append(-log_probs.gather(1, torch.tensor(ids[1:])[:, None]).sum())
    return torch.stack(sums).sum() / sum(len(ids) - 1 for ids in batch)
