import { z } from 'zod';
import { findAttack } from '../../attacks/registry.js';
import { UserError } from '../../core/errors.js';
import { findDefense } from '../../defenses/registry.js';
import { cleanOptions } from '../clean.js';
import { dataOptions } from '../data-options.js';
import { readNetworkOptions } from '../network.js';
import { parseOptions } from '../options.js';
import { trainingOptions } from '../training-options.js';

/** Options as they stand in a grid; each method's own schema reads them. */
type Options = Readonly<Record<string, unknown>>;

/** One value of an axis of a grid, all defaults filled in. */
export interface Choice {
  /** What tables call it; unique on its axis. */
  readonly label: string;
  readonly name: string;
  readonly options: Options;
}

/** A data set, with how networks are trained on it. */
export interface DataChoice extends Choice {
  readonly training: Options;
  /** Where the files lie; no part of what a cell is. */
  readonly from?: string;
}

/** An attack; some start from a clean model. */
export interface AttackChoice extends Choice {
  readonly needsModel: boolean;
}

/** What is to be computed: every attack with every defence, data set, model and seed. */
export interface Grid {
  readonly name: string;
  readonly device: 'cpu' | 'webgpu' | 'cuda';
  readonly seeds: readonly number[];
  /** Share of the training images that a defence gets, clean. */
  readonly ratio: number;
  readonly attacks: readonly AttackChoice[];
  readonly defenses: readonly Choice[];
  readonly data: readonly DataChoice[];
  readonly models: readonly Choice[];
}

const options = z.record(z.string(), z.unknown()).default({});
const label = z.string().min(1).max(60).optional();
/** A name alone stands for the method with its defaults. */
const named = <Schema extends z.ZodType>(schema: Schema) =>
  z.preprocess((value) => (typeof value === 'string' ? { name: value } : value), schema);
const method = named(z.strictObject({ name: z.string(), label, options }));
const axis = <Schema extends z.ZodType>(schema: Schema) => z.array(schema).min(1);
const seed = z
  .int()
  .min(-(2 ** 31))
  .max(2 ** 32 - 1);

const gridSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[\w.-]{1,60}$/, { error: 'is not made of 1 to 60 letters, digits, points, hyphens and underscores' })
    .default('grid'),
  device: z.enum(['cpu', 'webgpu', 'cuda']).default('cpu'),
  seeds: axis(seed).default([0]),
  ratio: cleanOptions.shape.ratio,
  training: options,
  attacks: axis(method),
  defenses: axis(method),
  data: axis(named(z.strictObject({ name: z.string().min(1), label, options, training: options }))),
  models: axis(method).default([{ name: 'preactresnet18', options: {} }]),
});

/**
 * Reads a grid.
 * @param value what its YAML says.
 * @param file its name, for messages.
 * @throws UserError that names the place within the file, for anything that is not as it must be.
 */
export function readGrid(value: unknown, file: string): Grid {
  const parsed = gridSchema.safeParse(value);
  if (!parsed.success) {
    const [{ path, message }] = parsed.error.issues;
    throw new UserError(`${file}: ${place(path) || 'the grid'}: ${message.replace(/\s+/g, ' ')}; correct it there`);
  }
  const { attacks, defenses, data, models, training, ...rest } = parsed.data;
  const each = <In, Out extends Choice>(name: string, entries: readonly In[], read: (entry: In) => Out): Out[] =>
    distinct(
      entries.map((entry, i) => within(`${file}: ${name}[${i}]`, () => read(entry))),
      `${file}: ${name}`,
    );
  checkSeeds(rest.seeds, file);
  return {
    ...rest,
    attacks: each('attacks', attacks, (entry) => {
      const attack = findAttack(entry.name);
      const filled = parseOptions(attack.options, entry.options, attack.name);
      const needsModel = attack.preparation?.needsModel === true;
      return { label: entry.label ?? attack.title, name: attack.name, options: filled, needsModel };
    }),
    defenses: each('defenses', defenses, (entry) => {
      const defense = findDefense(entry.name);
      return {
        label: entry.label ?? defense.title,
        name: defense.name,
        options: parseOptions(defense.options, entry.options, defense.name),
      };
    }),
    data: each('data', data, (entry) => {
      const { data: name, from, ...own } = parseOptions(dataOptions, { ...entry.options, data: entry.name }, 'the data');
      const trained = parseOptions(trainingOptions, { ...training, ...entry.training }, 'training');
      return { label: entry.label ?? name, name, options: own, training: trained, ...(from !== undefined && { from }) };
    }),
    models: each('models', models, (entry) => {
      const { model: name, ...own } = readNetworkOptions({ ...entry.options, model: entry.name }, 'the model');
      return { label: entry.label ?? modelLabel(name, entry.options), name, options: own };
    }),
  };
}

/** The name with the options that were given: `preactresnet18, width 8, depths 1-1`. */
function modelLabel(name: string, given: Options): string {
  const parts = Object.entries(given).map(([key, value]) => `${key} ${Array.isArray(value) ? value.join('-') : value}`);
  return [name, ...parts].join(', ');
}

function checkSeeds(seeds: readonly number[], file: string): void {
  const twice = seeds.find((value, i) => seeds.indexOf(value) !== i);
  if (twice !== undefined) throw new UserError(`${file}: seeds: ${twice} stands there twice; keep one`);
}

/** Tables and files tell choices apart by their labels. */
function distinct<T extends Choice>(choices: T[], where: string): T[] {
  for (const [i, { label: own }] of choices.entries()) {
    const first = choices.findIndex((other) => other.label === own);
    if (first !== i)
      throw new UserError(`${where}[${i}] is called '${own}' as ${where.split(' ').pop()}[${first}] is; give it a label of its own`);
  }
  return choices;
}

function within<T>(where: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof UserError ? new UserError(`${where}: ${error.message}`) : error;
  }
}

/** `attacks[1].options.pratio`. */
function place(path: readonly PropertyKey[]): string {
  return path.map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i > 0 ? '.' : ''}${String(part)}`)).join('');
}
