import { UserError } from '../../core/errors.js';
import { type Key, quoted, type Value } from '../pickle/values.js';
import { withoutPrefix, wrapperPrefix } from './prefix.js';
import { TorchTensor } from './tensor.js';

/** Where training programs put the model's numbers, the likeliest first. */
const LIKELY = [
  'state_dict',
  'model_state_dict',
  'model_state',
  'model',
  'net',
  'network',
  'weights',
  'params',
  'student',
  'backbone',
  'ema',
];
/** What training programs keep beside the model; its tensors are no model's. */
const BESIDE = /optim|sched|scaler/i;
/** How many entries a message lists. */
const LISTED = 6;

/** A state dictionary that was found in a checkpoint. */
export interface FoundState {
  readonly tensors: ReadonlyMap<string, TorchTensor>;
  /** Where: `state_dict`, `model.state_dict`; undefined when the checkpoint is the dictionary. */
  readonly foundUnder?: string;
  /** What was taken off every name. */
  readonly strippedPrefix?: string;
  /** The checkpoint's other entries. */
  readonly others: ReadonlyMap<Key, Value>;
}

/**
 * Finds the state dictionary in what a file holds: the file itself if it has nothing but tensors, else a dictionary of tensors at
 * its top or one below, else those entries of the file that are tensors.
 * @param key takes the dictionary under this name.
 * @throws UserError when there is none, or several and no way to tell which.
 */
export function findState(value: Value, file: string, key?: string): FoundState {
  if (!(value instanceof Map))
    throw new UserError(`${file}: holds no dictionary; in Python, save torch.save(model.state_dict(), "model.pt")`);
  const own = tensorsIn(value);
  if (key === undefined && own.size === value.size && own.size > 0) return stripped(own, new Map());
  const candidates = candidatesIn(value);
  const chosen = key === undefined ? choose([...candidates.keys()], file) : key;
  if (chosen !== undefined) {
    const tensors = candidates.get(chosen);
    if (!tensors) throw new UserError(`${file}: holds no state dictionary under ${quoted(chosen)}; ${offer([...candidates.keys()])}`);
    const [top] = topOf(value, chosen);
    return stripped(tensors, new Map([...value].filter(([name]) => name !== top)), chosen);
  }
  if (own.size > 0) return stripped(own, new Map([...value].filter(([name]) => !own.has(name as string))));
  const names = [...value.keys()].slice(0, LISTED).map((name) => quoted(String(name)));
  throw new UserError(
    `${file}: holds no tensors by name (it holds ${names.join(', ') || 'nothing'}); give the file that holds the model's state`,
  );
}

/** Dictionaries of nothing but tensors, by where they are. */
function candidatesIn(value: ReadonlyMap<Key, Value>): Map<string, ReadonlyMap<string, TorchTensor>> {
  const found = new Map<string, ReadonlyMap<string, TorchTensor>>();
  const visit = (map: ReadonlyMap<Key, Value>, path: string, further: boolean) => {
    for (const [name, item] of map) {
      if (typeof name !== 'string' || BESIDE.test(name) || !(item instanceof Map)) continue;
      const tensors = tensorsIn(item);
      if (tensors.size > 0 && tensors.size === item.size) found.set(path + name, tensors);
      else if (further) visit(item, `${path}${name}.`, false);
    }
  };
  visit(value, '', true);
  return found;
}

function tensorsIn(map: ReadonlyMap<Key, Value>): Map<string, TorchTensor> {
  const entries = [...map].filter(
    (entry): entry is [string, TorchTensor] => typeof entry[0] === 'string' && entry[1] instanceof TorchTensor,
  );
  return new Map(entries);
}

function choose(paths: readonly string[], file: string): string | undefined {
  for (const likely of LIKELY) {
    const found =
      paths.find((path) => path === likely) ?? paths.find((path) => path.endsWith(`.${likely}`) || path.startsWith(`${likely}.`));
    if (found !== undefined) return found;
  }
  if (paths.length > 1) throw new UserError(`${file}: holds several state dictionaries; ${offer(paths)}`);
  return paths[0];
}

function offer(paths: readonly string[]): string {
  return paths.length > 0 ? `choose one of ${paths.slice(0, LISTED).map(quoted).join(', ')}` : 'it holds none';
}

/** The checkpoint's entry that a path begins with; names may have dots in them themselves. */
function topOf(value: ReadonlyMap<Key, Value>, path: string): Key[] {
  return [...value.keys()].filter((name) => path === name || path.startsWith(`${name}.`));
}

function stripped(tensors: ReadonlyMap<string, TorchTensor>, others: ReadonlyMap<Key, Value>, foundUnder?: string): FoundState {
  const prefix = wrapperPrefix([...tensors.keys()]);
  return {
    tensors: withoutPrefix(tensors, prefix),
    others,
    ...(foundUnder !== undefined && { foundUnder }),
    ...(prefix !== '' && { strippedPrefix: prefix }),
  };
}
