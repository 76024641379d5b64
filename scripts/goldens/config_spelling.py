"""Rewrites config.json the way older versions of Transformers spelled it, as most folders on the hub still do."""

import json

from writing import read_json


def respell(path, spelling):
    """`v5` leaves the file as it is. `v4`: `rope_theta` and `rope_scaling` apart, `torch_dtype`. `v4-type`: also `type`
    instead of `rope_type`, and no `head_dim`."""
    if spelling == "v5":
        return
    config = read_json(path)
    rope = config.pop("rope_parameters")
    config.pop("layer_types", None)
    if spelling == "v4-type":
        config.pop("head_dim", None)
    config["torch_dtype"] = config.pop("dtype")
    config["rope_theta"] = rope.pop("rope_theta")
    kind = rope.pop("rope_type")
    name = "type" if spelling == "v4-type" else "rope_type"
    config["rope_scaling"] = None if kind == "default" else {name: kind, **rope}
    if config.get("use_sliding_window") is False:
        config["sliding_window"] = 8  # hub folders of Qwen2 state a window and switch it off
    config["transformers_version"] = "4.46.0"
    path.write_text(json.dumps(dict(sorted(config.items())), indent=2) + "\n", encoding="utf-8")
