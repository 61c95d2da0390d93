import { listZoo } from '../../jobs/node/zoo.js';
import { percent } from '../../report/format.js';
import type { Command } from '../command.js';
import { table } from '../table.js';

/** `zoo list`: the ready models. */
export const zooListCommand: Command = {
  name: 'zoo list',
  summary: 'List the ready models, backdoored and clean, that repair, scan and evaluate take as --model zoo:NAME.',
  groups: [],
  async run(_given, { output }) {
    const models = await listZoo();
    const rows = models.map(({ name, result, bytes }) => {
      const { acc, asr, ra } = result.before ?? {};
      const scores = [acc, asr, ra].map((share) => (share === undefined ? '–' : percent(share)));
      return [name, result.data?.name ?? '–', result.attack?.title ?? 'none', ...scores, `${(bytes / 1e6).toFixed(2)} MB`];
    });
    const zoo = models.map(({ name, result: { data, attack, before, seed, command }, network, bytes }) => {
      return { name, data: data?.name, attack: attack?.method, scores: before, network, seed, command, bytes };
    });
    const text = table([['NAME', 'DATA', 'ATTACK', 'ACC', 'ASR', 'RA', 'SIZE'], ...rows]);
    output.result({ zoo }, text.replaceAll('\u00a0', ' '));
  },
};
