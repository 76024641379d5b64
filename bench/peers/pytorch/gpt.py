"""GPT-2 for characters: norms before the sublayers, exact GELU, learned positions, a tied head, no biases."""

import math

import torch
from torch import nn
from torch.nn import functional


class GPT(nn.Module):
    def __init__(self, vocab_size, context, num_layers, num_heads, channels):
        super().__init__()
        self.tokens = nn.Embedding(vocab_size, channels)
        self.positions = nn.Embedding(context, channels)
        self.blocks = nn.ModuleList(Block(num_heads, channels) for _ in range(num_layers))
        self.norm = nn.LayerNorm(channels, bias=False)
        self._initialize(num_layers)

    def _initialize(self, num_layers):
        """GPT-2's: 0.02, and what is added to the residual stream smaller, because 2 · num_layers of them add up."""
        for name, parameter in self.named_parameters():
            if parameter.dim() >= 2:
                scale = 1 / math.sqrt(2 * num_layers) if name.endswith("project.weight") else 1
                nn.init.normal_(parameter, std=0.02 * scale)

    def forward(self, ids, targets):
        """The mean loss of targets (batch, T), the tokens that follow ids (batch, T)."""
        x = self.tokens(ids) + self.positions.weight[: ids.shape[1]]  # (batch, T, C)
        for block in self.blocks:
            x = block(x)
        logits = functional.linear(self.norm(x), self.tokens.weight)  # (batch, T, V)
        return functional.cross_entropy(logits.flatten(0, 1), targets.flatten())


class Block(nn.Module):
    def __init__(self, num_heads, channels):
        super().__init__()
        self.attention_norm = nn.LayerNorm(channels, bias=False)
        self.attention = Attention(num_heads, channels)
        self.mlp_norm = nn.LayerNorm(channels, bias=False)
        self.mlp = MLP(channels)

    def forward(self, x):
        x = x + self.attention(self.attention_norm(x))
        return x + self.mlp(self.mlp_norm(x))


class Attention(nn.Module):
    def __init__(self, num_heads, channels):
        super().__init__()
        self.num_heads = num_heads
        self.queries_keys_values = nn.Linear(channels, 3 * channels, bias=False)
        self.project = nn.Linear(channels, channels, bias=False)

    def forward(self, x):
        split = self.queries_keys_values(x).unflatten(-1, (3, self.num_heads, -1))  # (batch, T, 3, H, D)
        queries, keys, values = split.permute(2, 0, 3, 1, 4)  # (batch, H, T, D) each
        mixed = functional.scaled_dot_product_attention(queries, keys, values, is_causal=True)
        return self.project(mixed.transpose(1, 2).flatten(2))


class MLP(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.expand = nn.Linear(channels, 4 * channels, bias=False)
        self.project = nn.Linear(4 * channels, channels, bias=False)

    def forward(self, x):
        return self.project(functional.gelu(self.expand(x)))
