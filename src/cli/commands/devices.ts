import { listDevices } from '../../runtime/node/devices.js';
import type { Command } from '../command.js';
import { table } from '../table.js';

/** `devices`: what this machine can compute on, and how fast. */
export const devicesCommand: Command = {
  name: 'devices',
  summary: 'Try every device that this machine may have, and time a product of two 1024 x 1024 matrices on each.',
  groups: [],
  async run(_given, { output }) {
    const devices = await listDevices();
    const rows = devices.map(({ device, milliseconds, problem }) => {
      return [device, milliseconds === undefined ? (problem ?? 'does not work') : `${milliseconds.toFixed(1)} ms`];
    });
    output.result({ devices }, table([['DEVICE', 'MATRIX PRODUCT'], ...rows]));
  },
};
