import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { DeviceResult } from '../testing/device-child.js';
import type { Device } from './engine.js';

/** Debian's package `chromium` brings a Vulkan driver that computes on the CPU. */
const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json';
const TOLERANCE = 1e-3;

const folder = mkdtempSync(join(tmpdir(), 'antidote-webgpu-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** With the software driver where there is one, so that the test means the same everywhere; else whatever the machine has. */
const software = existsSync(SWIFTSHADER) ? { VK_DRIVER_FILES: SWIFTSHADER, VK_ICD_FILENAMES: SWIFTSHADER, XDG_RUNTIME_DIR: folder } : {};

async function compute(device: Device): Promise<DeviceResult | { problem: string }> {
  const script = fileURLToPath(new URL('../testing/device-child.js', import.meta.url));
  const child = spawn(process.execPath, [script, device], { env: { ...process.env, ...software }, stdio: ['ignore', 'pipe', 'ignore'] });
  let printed = '';
  child.stdout.on('data', (text) => {
    printed += text;
  });
  const end = await new Promise((resolve) => child.on('close', (code, signal) => resolve(signal ?? code)));
  assert.equal(end, 0, `computing on ${device} ended with ${end}`);
  return JSON.parse(printed);
}

const [cpu, webgpu] = [await compute('cpu'), await compute('webgpu')];
const noAdapter = 'problem' in webgpu && /no WebGPU adapter/.test(webgpu.problem);
const skip = noAdapter && `${webgpu.problem.split(';')[0]}; Debian's packages chromium and libvulkan1 bring one`;

function same(found: readonly number[], expected: readonly number[], what: string): void {
  assert.equal(found.length, expected.length, what);
  const scale = Math.max(...expected.map(Math.abs));
  const error = Math.max(...expected.map((value, i) => Math.abs(value - found[i])));
  assert.ok(error <= TOLERANCE * scale, `${what}: off by ${error} where the largest value is ${scale}`);
}

describe('WebGPU agrees with the CPU', { skip }, () => {
  const results = (): [DeviceResult, DeviceResult] => {
    for (const result of [cpu, webgpu]) if ('problem' in result) assert.fail(result.problem);
    return [webgpu as DeviceResult, cpu as DeviceResult];
  };

  test('on two training steps: losses, parameters, running statistics, optimiser state', () => {
    const [found, expected] = results();
    same(found.losses, expected.losses, 'losses');
    // 16 learned parameters, their momenta, and the running statistics of four normalisations.
    assert.equal(Object.keys(expected.state).length, 40);
    assert.deepEqual(Object.keys(found.state), Object.keys(expected.state));
    for (const [name, values] of Object.entries(expected.state)) same(found.state[name], values, name);
  });

  test('on two training steps in one run', () => {
    const [{ together: found }, { losses, state }] = results();
    same(found.losses, losses, 'losses');
    assert.deepEqual(Object.keys(found.state), Object.keys(state));
    for (const [name, values] of Object.entries(state)) same(found.state[name], values, name);
  });

  test('on the scan of every feature map', () => {
    const [found, expected] = results();
    assert.deepEqual(Object.keys(found.scan), Object.keys(expected.scan));
    assert.equal(Object.values(expected.scan).flat().length, 36);
    for (const [layer, losses] of Object.entries(expected.scan)) same(found.scan[layer], losses, layer);
    // Disturbing different maps comes to different losses, or the comparison would mean little.
    assert.ok(new Set(Object.values(expected.scan).flat()).size > 18);
  });
});
