import { sha256 } from '../../core/hash.js';
import { canonicalJson } from './canonical.js';
import type { AttackChoice, Choice, DataChoice, Grid } from './grid.js';

/** Raised when the same inputs would come to something else, so that no old cell is taken for a new one. */
const FORMAT = 1;
/** Hexadecimal digits of a cell's name: 96 bits. */
const DIGITS = 24;

interface MethodInput {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
}

interface Common {
  readonly format: number;
  readonly device: Grid['device'];
  readonly data: MethodInput;
  readonly seed: number;
}

/** Everything that decides what a cell comes to. */
export type CellInputs =
  /** A clean model, for attacks that start from one. */
  | (Common & { readonly kind: 'clean'; readonly model: MethodInput; readonly training: MethodInput['options'] })
  /** A model with a backdoor; `clean` names the cell of the clean model that it starts from. */
  | (Common & {
      readonly kind: 'plant';
      readonly model: MethodInput;
      readonly training: MethodInput['options'];
      readonly attack: MethodInput;
      readonly clean?: string;
    })
  /** A repair of the model of the cell `plant`. */
  | (Common & { readonly kind: 'repair'; readonly plant: string; readonly ratio: number; readonly defense: MethodInput });

/** One piece of a grid's work. Its name is a hash of its inputs: same name, same outcome. */
export interface Cell {
  readonly name: string;
  readonly inputs: CellInputs;
  /** The cell whose outcome it starts from. */
  readonly needs?: Cell;
  /** In words, for people: `BadNets x FMP, mnist, preactresnet18, seed 0`. */
  readonly title: string;
  /** Where the files of the data lie; no part of what the cell is. */
  readonly from?: string;
}

/** A place in a grid, and the cells that fill it. */
export interface Place {
  readonly attack: AttackChoice;
  readonly data: DataChoice;
  readonly model: Choice;
  readonly seed: number;
  readonly plant: Cell;
  /** In the order of the grid's defences. */
  readonly repairs: readonly { readonly defense: Choice; readonly cell: Cell }[];
}

/** All places of a grid, in its order: data, model, attack, seed. */
export async function placesOf(grid: Grid): Promise<Place[]> {
  const places: Place[] = [];
  for (const data of grid.data) {
    for (const model of grid.models) {
      for (const attack of grid.attacks) {
        for (const seed of grid.seeds) places.push(await placeOf(grid, data, model, attack, seed));
      }
    }
  }
  return places;
}

async function placeOf(
  { device, ratio, defenses }: Grid,
  data: DataChoice,
  model: Choice,
  attack: AttackChoice,
  seed: number,
): Promise<Place> {
  const where = `${data.label}, ${model.label}, seed ${seed}`;
  const common = { format: FORMAT, device, data: inputOf(data), seed };
  const trained = { ...common, model: inputOf(model), training: data.training };
  const from = data.from;
  const clean = attack.needsModel ? await cellOf({ kind: 'clean', ...trained }, { title: `clean model, ${where}`, from }) : undefined;
  const plant = await cellOf(
    { kind: 'plant', ...trained, attack: inputOf(attack), clean: clean?.name },
    { title: `${attack.label}, ${where}`, needs: clean, from },
  );
  const repairs = defenses.map(async (defense) => ({
    defense,
    cell: await cellOf(
      { kind: 'repair', ...common, plant: plant.name, ratio, defense: inputOf(defense) },
      { title: `${attack.label} x ${defense.label}, ${where}`, needs: plant, from },
    ),
  }));
  return { attack, data, model, seed, plant, repairs: await Promise.all(repairs) };
}

function inputOf({ name, options }: Choice): MethodInput {
  return { name, options };
}

/** @returns the inputs as their canonical JSON says them, so that what is stored is what was hashed. */
async function cellOf(inputs: CellInputs, rest: Pick<Cell, 'title' | 'needs' | 'from'>): Promise<Cell> {
  const text = canonicalJson(inputs);
  const name = (await sha256(new TextEncoder().encode(text))).slice(0, DIGITS);
  return { name, inputs: JSON.parse(text) as CellInputs, ...rest };
}

/** One of several equal parts of a grid. */
export interface Shard {
  /** From 0. */
  readonly index: number;
  readonly count: number;
}

/**
 * The places of one shard. Those that share training stay together: the same backdoored model, or the same clean model
 * that attacks start from. The same for every run of the same grid.
 */
export function shardOf(places: readonly Place[], { index, count }: Shard): Place[] {
  const groups = [...new Set(places.map(groupOf))];
  return places.filter((place) => groups.indexOf(groupOf(place)) % count === index);
}

function groupOf({ plant }: Place): string {
  return plant.needs?.name ?? plant.name;
}

/** Every cell of the places once, each behind those that it needs. */
export function cellsOf(places: readonly Place[]): Cell[] {
  const cells = new Map<string, Cell>();
  const add = (cell: Cell) => {
    if (cell.needs) add(cell.needs);
    if (!cells.has(cell.name)) cells.set(cell.name, cell);
  };
  for (const { plant, repairs } of places) {
    add(plant);
    for (const { cell } of repairs) add(cell);
  }
  return [...cells.values()];
}
