"""PreActResNet18 of any width in PyTorch, to measure against; and a loop that does a piece of work each time it is told to."""
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    def __init__(self, channels, out, stride):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv1 = nn.Conv2d(channels, out, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        if stride != 1 or channels != out:
            self.shortcut = nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False))

    def forward(self, x):
        active = F.relu(self.bn1(x))
        short = self.shortcut(active) if hasattr(self, "shortcut") else x
        return self.conv2(F.relu(self.bn2(self.conv1(active)))) + short


class PreActResNet(nn.Module):
    def __init__(self, width=64, depths=(2, 2, 2, 2), classes=10, image_channels=3):
        super().__init__()
        self.conv1 = nn.Conv2d(image_channels, width, 3, 1, 1, bias=False)
        channels = width
        for stage, depth in enumerate(depths):
            out = width << stage
            blocks = []
            for block in range(depth):
                blocks.append(Block(channels, out, 2 if stage > 0 and block == 0 else 1))
                channels = out
            self.add_module(f"layer{stage + 1}", nn.Sequential(*blocks))
        self.stages = len(depths)
        self.linear = nn.Linear(channels, classes)

    def forward(self, x):
        x = self.conv1(x)
        for stage in range(self.stages):
            x = getattr(self, f"layer{stage + 1}")(x)
        return self.linear(F.adaptive_avg_pool2d(x, 1).flatten(1))


def serve(work):
    """Prints `ready`, then for each line on standard input does the work and prints the seconds that it took."""
    print("ready", flush=True)
    for _ in sys.stdin:
        started = time.perf_counter()
        work()
        print(time.perf_counter() - started, flush=True)


def set_threads(count):
    torch.set_num_threads(count)
