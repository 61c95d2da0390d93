"""The published scan of one feature map each time a line `layer channel images` arrives: clean forward, start forward, gradient to
the input, step, ranking forward, everything anew for each map, in inference form. Prints seconds and the number of right answers.

Arguments: state dictionary (.pt), folder with clean.f32, start.f32 and labels.i32, width, image side, eps, mean, std, threads.
"""
import sys
import time

import numpy
import torch
from torch import nn
from torch.nn import functional as F

from preactresnet import PreActResNet, set_threads

state, folder = sys.argv[1:3]
width, side = int(sys.argv[3]), int(sys.argv[4])
eps, mean, std = map(float, sys.argv[5:8])
set_threads(int(sys.argv[8]))

net = PreActResNet(width)
net.load_state_dict(torch.load(state), strict=False)
net.eval()
maps = []
for module in net.modules():
    if isinstance(module, nn.Conv2d):
        module.register_forward_hook(lambda _module, _input, output: maps.append(output))
for parameter in net.parameters():
    parameter.requires_grad_(False)


def read(name, kind):
    return torch.from_numpy(numpy.fromfile(f"{folder}/{name}", kind))


clean_all = read("clean.f32", "float32").reshape(-1, 3, side, side)
start_all = read("start.f32", "float32").reshape(-1, 3, side, side)
labels_all = read("labels.i32", "int32").long()


def features(images, layer):
    maps.clear()
    logits = net((images - mean) / std)
    return maps[layer], logits


def look(layer, channel, images):
    clean, start, labels = clean_all[:images], start_all[:images], labels_all[:images]
    with torch.no_grad():
        wanted = features(clean, layer)[0][:, channel]
    moved = start.clone().requires_grad_(True)
    found = features(moved, layer)[0][:, channel]
    (gradient,) = torch.autograd.grad(F.mse_loss(found, wanted), moved)
    with torch.no_grad():
        adversarial = (start + eps * gradient.sign() - clean).clamp(-eps, eps).add(clean).clamp(0, 1)
        return (features(adversarial, layer)[1].argmax(1) == labels).sum().item()


look(0, 0, len(clean_all))
print("ready", flush=True)
for line in sys.stdin:
    layer, channel, images = map(int, line.split())
    started = time.perf_counter()
    right = look(layer, channel, images)
    print(time.perf_counter() - started, right, flush=True)
