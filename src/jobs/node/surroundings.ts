import { cpus } from 'node:os';
import { version } from '../../core/version.js';
import type { Engine } from '../../runtime/engine.js';
import { onnxruntimeVersion } from '../../runtime/node/measured-forms.js';
import type { Surroundings } from '../assemble.js';

/** Software and machine, as `result.json` records them. */
export function surroundingsOf(engine: Engine): Surroundings {
  const cpu = cpus()[0]?.model.trim();
  return {
    device: { kind: engine.device, threads: engine.threads, ...(cpu && { cpu }), ...(engine.measuresForms && { forms: 'measured' }) },
    versions: { antidote: version, node: process.versions.node, onnxruntime: onnxruntimeVersion() },
  };
}

/** Bytes that the process takes of the machine's memory now. */
export function residentMemory(): number {
  return process.memoryUsage.rss();
}
