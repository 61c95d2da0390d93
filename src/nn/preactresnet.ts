export { type PreActResNetOptions, preActResNet } from './zoo/preactresnet.js';
