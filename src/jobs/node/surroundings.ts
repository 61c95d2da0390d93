import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { version } from '../../core/version.js';
import type { Engine } from '../../runtime/engine.js';
import type { Surroundings } from '../assemble.js';

/** Software and machine, as `result.json` records them. */
export function surroundingsOf(engine: Engine): Surroundings {
  const { version: onnxruntime } = JSON.parse(
    readFileSync(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'), 'utf8'),
  ) as { version: string };
  const cpu = cpus()[0]?.model.trim();
  return {
    device: { kind: engine.device, threads: engine.threads, ...(cpu && { cpu }) },
    versions: { antidote: version, node: process.versions.node, onnxruntime },
  };
}

/** Bytes that the process takes of the machine's memory now. */
export function residentMemory(): number {
  return process.memoryUsage.rss();
}
