import { UserError } from '../../core/errors.js';
import { Cursor } from './cursor.js';
import { Machine, type Setting } from './machine.js';
import { opcodes, STOP } from './opcodes.js';
import { Refusal, type Value } from './values.js';

/** How a pickle is read. */
export interface UnpickleOptions extends Partial<Omit<Setting, 'limits'>> {
  /** What to do with a pickle that is refused; the end of the message. */
  readonly remedy?: string;
  readonly limits?: Partial<ReturnType<typeof limitsFor>>;
  /** Where the pickle begins in the bytes; positions in messages count from the bytes' beginning. */
  readonly start?: number;
}

/** Bytes of a pickle beyond which the limits do not grow; what is longer is so by its arrays, which nobody walks through. */
const MOST_WALKED = 2 ** 24;
const DEFAULT_REMEDY = 'get the file from a source that you trust';

/**
 * Bounds that no honest file comes near, most of them relative to the pickle's length. A whole record of an attack takes some
 * hundred thousand steps; the deepest nesting in a checkpoint is about ten.
 */
function limitsFor(length: number) {
  const walked = Math.min(length, MOST_WALKED);
  return { steps: 5_000_000, containers: 1_000_000, depth: 100, weight: 1_000_000 + 32 * walked, work: 1000 + 16 * walked, bytes: length };
}

/**
 * Reads a pickle of any protocol without running any of it: what a pickle may ask for by name is what the allow-list holds, and
 * whatever else it asks for is named and refused. There is no recursion; no value contains itself; depth and size are bounded.
 * @param file names the source in errors.
 * @returns the value, and where the pickle ends.
 * @throws UserError with the opcode and the position, in one line.
 */
export function readPickle(
  bytes: Uint8Array,
  file: string,
  {
    start = 0,
    limits: given,
    globals = new Map(),
    persistentLoad,
    remedy = DEFAULT_REMEDY,
    remedyFor = () => remedy,
  }: UnpickleOptions = {},
): { value: Value; end: number } {
  const limits = { ...limitsFor(bytes.length - start), ...given };
  const machine = new Machine({ globals, remedyFor, persistentLoad, limits });
  const cursor = new Cursor(bytes, start);
  let position = start;
  let name = '';
  try {
    for (let steps = 0; ; steps++) {
      position = cursor.position;
      name = 'its end';
      if (cursor.remaining === 0) throw new Refusal('it is cut short', 'get the file again');
      const code = cursor.uint8();
      if (code === STOP) return { value: machine.result(), end: cursor.position };
      const opcode = opcodes[code];
      name = opcode?.name ?? `0x${code.toString(16).padStart(2, '0')}`;
      if (steps > limits.steps) throw new Refusal(`it takes more than ${limits.steps} steps`);
      if (!opcode) throw new Refusal('there is no such opcode');
      opcode.run(machine, cursor);
    }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new UserError(`${file}: the pickle is refused at byte ${position} (${name}): ${error.message}; ${error.remedy ?? remedy}`);
  }
}

/**
 * Reads a pickle that fills the bytes; see {@link readPickle}.
 * @throws UserError also when something follows the pickle.
 */
export function unpickle(bytes: Uint8Array, file: string, options: UnpickleOptions = {}): Value {
  const { value, end } = readPickle(bytes, file, options);
  if (end !== bytes.length)
    throw new UserError(`${file}: ${bytes.length - end} bytes follow the pickle; the file is damaged, get it again`);
  return value;
}
