import { findAttack } from '../attacks/registry.js';
import type { ZooEntry } from '../jobs/zoo-entry.js';
import { integer, percent } from '../report/format.js';
import { markdownTable, withTable } from './page-table.js';

/** Backdoors with a lower ASR work poorly. */
const WORKS = 0.9;

/** `docs/zoo.md` with its table made anew from the models. Throws where the page has no place for one. */
export function withZooTable(page: string, models: readonly (ZooEntry & { readonly bytes: number })[]): string {
  return withTable(page, zooTable(models));
}

function zooTable(models: readonly (ZooEntry & { readonly bytes: number })[]): string {
  const head = ['Name', 'Attack', 'Options', 'PSNR', 'ACC', 'ASR', 'RA', 'Bytes'];
  const rows = models.map(({ name, result: { attack, before }, bytes }) => {
    const scores = [before?.acc, before?.asr, before?.ra].map((share) => (share === undefined ? '–' : percent(share)));
    const psnr = attack?.visibility?.psnr;
    return [`\`${name}\``, attack?.title ?? 'none', optionsOf(attack), psnr ? `${psnr.toFixed(1)} dB` : '–', ...scores, integer(bytes)];
  });
  const failed = models.filter(({ result }) => (result.before?.asr ?? 1) < WORKS).map(({ name }) => `\`${name}\``);
  const total = integer(models.reduce((sum, { bytes }) => sum + bytes, 0));
  const note = failed.length > 0 ? `\nThe backdoor works poorly, with an ASR below ${percent(WORKS, 0)}, in ${failed.join(', ')}.` : '';
  return `${markdownTable(head, rows)}\n${models.length} models, ${total} bytes in all.${note}\n`;
}

/** An attack's own options where they are not its defaults. */
function optionsOf(attack: ZooEntry['result']['attack']): string {
  if (!attack) return '–';
  const defaults: Readonly<Record<string, unknown>> = findAttack(attack.method).options.parse({});
  const changed = Object.entries(defaults).filter(([key, value]) => JSON.stringify(attack.options[key]) !== JSON.stringify(value));
  return changed.map(([key]) => `\`${key}\` ${attack.options[key]}`).join(', ') || 'as they are';
}
