import { findNamed } from '../../core/lookup.js';
import type { Architecture } from './architecture.js';
import { convNextTiny } from './convnext.js';
import { denseNets } from './densenet.js';
import { efficientNets } from './efficientnet.js';
import { mobileNetV2 } from './mobilenet-v2.js';
import { mobileNetV3Large } from './mobilenet-v3.js';
import { preActResNets } from './preactresnet.js';
import { resNets } from './resnet.js';
import { cnn2Conv, cnn5Conv } from './small-cnns.js';
import { vggs } from './vgg.js';
import { vitB16 } from './vit.js';
import { wideResNet, wideResNets } from './wide-resnet.js';

/** Every network of the zoo. A new one is a file of its own and a line here. */
export const architectures: readonly Architecture[] = [
  ...preActResNets,
  ...resNets,
  ...wideResNets,
  ...vggs,
  ...denseNets,
  mobileNetV2,
  mobileNetV3Large,
  ...efficientNets,
  convNextTiny,
  vitB16,
  cnn2Conv,
  cnn5Conv,
];

/**
 * The network with the given name; wide residual networks may have any depth and width (`wrn-22-4`).
 * @throws UserError when there is none, with a suggestion.
 */
export function findArchitecture(name: string): Architecture {
  return wideResNetNamed(name) ?? findNamed(architectures, name, 'network');
}

/** Whether {@link findArchitecture} knows a name. */
export function isArchitecture(name: string): boolean {
  return wideResNetNamed(name) !== undefined || architectures.some((architecture) => architecture.name === name);
}

/** WRN-d-k with d = 6 n + 4. */
function wideResNetNamed(name: string): Architecture | undefined {
  const [depth, widening] = (/^wrn-(\d{2,3})-(\d{1,2})$/.exec(name) ?? []).slice(1).map(Number);
  return depth >= 10 && widening >= 1 && (depth - 4) % 6 === 0 ? wideResNet(depth, widening) : undefined;
}
