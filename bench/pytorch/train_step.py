"""One training step of PreActResNet18 each time a line arrives. Arguments: width, batch size, image side, threads."""
import sys

import torch
from torch.nn import functional as F

from preactresnet import PreActResNet, serve, set_threads

width, batch, side, threads = map(int, sys.argv[1:5])
set_threads(threads)
torch.manual_seed(0)
net = PreActResNet(width).train()
optimizer = torch.optim.SGD(net.parameters(), 0.01, momentum=0.9, weight_decay=5e-4)
images = torch.rand(batch, 3, side, side)
labels = torch.arange(batch) % 10


def step():
    optimizer.zero_grad(set_to_none=True)
    F.cross_entropy(net(images), labels).backward()
    optimizer.step()


step()
step()
serve(step)
