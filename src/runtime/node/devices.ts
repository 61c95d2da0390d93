import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Device } from '../engine.js';

/** What a device does on this machine. */
export interface DeviceReport {
  readonly device: Device;
  /** Milliseconds that a product of two 1024 x 1024 matrices takes; undefined where the device does not work. */
  readonly milliseconds?: number;
  /** Why it does not work. */
  readonly problem?: string;
}

/** Longest time that trying a device may take, in milliseconds. */
const PATIENCE = 60_000;

/** Tries every device that ONNX Runtime may have here, each in a process of its own. */
export async function listDevices(threads = availableParallelism()): Promise<DeviceReport[]> {
  const reports: DeviceReport[] = [];
  for (const device of ['cpu', 'webgpu', 'cuda'] as const) reports.push(await tryDevice(device, threads));
  return reports;
}

/** The working device that multiplies matrices fastest. */
export async function fastestDevice(threads: number): Promise<Device> {
  const working = (await listDevices(threads)).filter((report) => report.milliseconds !== undefined);
  working.sort((a, b) => (a.milliseconds as number) - (b.milliseconds as number));
  return working[0]?.device ?? 'cpu';
}

/** Tries one device in a process of its own. */
export function tryDevice(device: Device, threads: number): Promise<DeviceReport> {
  if (device === 'cuda' && !hasCudaLibrary()) return Promise.resolve({ device, problem: "ONNX Runtime's CUDA library is not installed" });
  return new Promise((resolve) => {
    const script = fileURLToPath(new URL('./probe.js', import.meta.url));
    const child = fork(script, [device, String(threads)], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'], timeout: PATIENCE });
    child.on('message', (report: DeviceReport) => resolve(report));
    child.on('exit', (code, signal) => resolve({ device, problem: `trying it ended with ${signal ?? `exit code ${code}`}` }));
  });
}

/** Asking ONNX Runtime for CUDA where its library is missing costs time and prints errors, so look first. */
export function hasCudaLibrary(): boolean {
  const root = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
  const folder = join(root, 'bin/napi-v6', process.platform, process.arch);
  return ['libonnxruntime_providers_cuda.so', 'onnxruntime_providers_cuda.dll'].some((file) => existsSync(join(folder, file)));
}
