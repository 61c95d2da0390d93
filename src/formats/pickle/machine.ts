import { Ledger, type Limits } from './ledger.js';
import { utf8 } from './literals.js';
import { type Global, GlobalReference, type Globals, keyOf, kindOf, quoted, Refusal, type Value } from './values.js';

/** What a pickle is read with. */
export interface Setting {
  readonly globals: Globals;
  /** What stands for an object that is stored outside the pickle. Without it, such objects are refused. */
  readonly persistentLoad?: (id: Value) => Value;
  /** What to do when a name is not on the allow-list. */
  readonly remedyFor: (name: string) => string;
  readonly limits: Limits & {
    /** Most values that all calls together may be given, counted as often as they are given. */
    readonly work: number;
    /** Most bytes that all calls together may make. */
    readonly bytes: number;
  };
}

/** Modules that were called otherwise. */
const renamed: readonly (readonly [RegExp, string])[] = [
  [/^__builtin__\./, 'builtins.'],
  [/^copy_reg\./, 'copyreg.'],
  [/^numpy\._core\./, 'numpy.core.'],
];

/** The stack machine that a pickle is a program for. It makes values, looks names up in the allow-list, and does nothing else. */
export class Machine {
  readonly #stack: Value[] = [];
  readonly #marks: number[] = [];
  readonly #memo: Value[] = [];
  /** What was stored under a number that is not the next one; picklers do not do that. */
  readonly #sparse = new Map<number, Value>();
  readonly #ledger: Ledger;
  readonly #setting: Setting;
  #work = 0;
  #bytes = 0;

  constructor(setting: Setting) {
    this.#setting = setting;
    this.#ledger = new Ledger(setting.limits);
  }

  push(value: Value): void {
    this.#stack.push(value);
  }

  pop(): Value {
    if (this.#stack.length <= this.#floor()) throw new Refusal('it takes a value where there is none');
    return this.#stack.pop() as Value;
  }

  top(): Value {
    const value = this.pop();
    this.#stack.push(value);
    return value;
  }

  mark(): void {
    this.#marks.push(this.#stack.length);
  }

  /** What stands above the last mark, which is taken away. */
  popMark(): Value[] {
    const mark = this.#marks.pop();
    if (mark === undefined) throw new Refusal('it needs a mark where there is none');
    return this.#stack.splice(mark);
  }

  /** Takes away a mark if that is what lies on top, else a value. */
  discard(): void {
    if (this.#marks.at(-1) === this.#stack.length) this.#marks.pop();
    else this.pop();
  }

  duplicate(): void {
    const value = this.top();
    this.#ledger.seal(value);
    this.push(value);
  }

  remember(index = this.#memo.length + this.#sparse.size): void {
    const value = this.top();
    if (index < 0) throw new Refusal(`it stores a value under the number ${index}`);
    if (index > this.#memo.length) {
      this.#sparse.set(index, value);
    } else {
      this.#memo[index] = value;
      this.#sparse.delete(index);
    }
  }

  recall(index: number | bigint): void {
    const value = index < this.#memo.length ? this.#memo[index as number] : this.#sparse.get(index as number);
    if (value === undefined) throw new Refusal(`it fetches value ${index}, which was never stored`);
    this.#ledger.seal(value);
    this.push(value);
  }

  list(items: readonly Value[]): void {
    const list: Value[] = this.#ledger.open([]);
    this.push(list);
    this.#extend(list, items);
  }

  tuple(items: readonly Value[]): void {
    this.list(items);
    this.#ledger.seal(this.top());
  }

  /** The last values as a tuple. */
  tupleOf(count: number): void {
    this.tuple(Array.from({ length: count }, () => this.pop()).reverse());
  }

  append(items: readonly Value[]): void {
    const list = this.top();
    if (!Array.isArray(list)) throw new Refusal(`it appends to ${kindOf(list)}`);
    this.#extend(list, items);
  }

  dictionary(pairs: readonly Value[]): void {
    this.push(this.#ledger.open(new Map()));
    this.setItems(pairs);
  }

  setItems(pairs: readonly Value[]): void {
    const map = this.top();
    if (!(map instanceof Map)) throw new Refusal(`it sets items of ${kindOf(map)}`);
    if (pairs.length % 2 !== 0) throw new Refusal('it sets a key without a value');
    this.#ledger.put(map, pairs);
    for (let i = 0; i < pairs.length; i += 2) map.set(keyOf(pairs[i]), pairs[i + 1]);
  }

  global(module: Value, name: Value): void {
    if (typeof module !== 'string' || typeof name !== 'string') throw new Refusal('it asks for a name that is no text');
    this.push(this.#lookUp(module, name));
  }

  globalFromLines(module: Uint8Array, name: Uint8Array): GlobalReference {
    return this.#lookUp(utf8(module), utf8(name));
  }

  /** Calls a global of the allow-list, as it allows. */
  call(callee: Value, args: Value): void {
    if (!(callee instanceof GlobalReference)) throw new Refusal(`it calls ${kindOf(callee)}`);
    if (!Array.isArray(args)) throw new Refusal(`it calls ${quoted(callee.name)} with ${kindOf(args)}`);
    const { call } = callee.global;
    if (!call) throw new Refusal(`it calls ${quoted(callee.name)}, which may only be mentioned`);
    this.#charge(args);
    const result = call(args);
    if (result instanceof Uint8Array) this.#bytes += result.length;
    if (this.#bytes > this.#setting.limits.bytes) throw new Refusal('it makes more bytes than the pickle has');
    this.#ledger.made(result, args, callee.global);
    this.push(result);
  }

  build(): void {
    const state = this.pop();
    const object = this.top();
    const maker: Global | undefined = this.#ledger.makerOf(object);
    if (!maker?.build) throw new Refusal(`it gives a state to ${kindOf(object)}`);
    this.#charge(state);
    this.#ledger.put(object as object, [state]);
    maker.build(object, state);
  }

  persistent(id: Value): void {
    const { persistentLoad } = this.#setting;
    if (!persistentLoad) throw new Refusal('it asks for an object outside the pickle');
    this.#ledger.seal(id);
    this.push(persistentLoad(id));
  }

  result(): Value {
    const value = this.pop();
    if (this.#stack.length + this.#marks.length > 0) throw new Refusal('it leaves more than one value');
    return value;
  }

  /** A pickler writes anew most of what it calls something with, so that honest work grows with the pickle's length. */
  #charge(given: Value): void {
    this.#work += this.#ledger.seal(given).weight;
    if (this.#work > this.#setting.limits.work) throw new Refusal('it repeats work far more often than it has bytes');
  }

  #extend(list: Value[], items: readonly Value[]): void {
    this.#ledger.put(list, items);
    for (const item of items) list.push(item);
  }

  #lookUp(module: string, name: string): GlobalReference {
    const full = renamed.reduce((text, [pattern, current]) => text.replace(pattern, current), `${module}.${name}`);
    const global = this.#setting.globals.get(full);
    if (!global) throw new Refusal(`it asks for ${quoted(full)}, which is not among what may be built`, this.#setting.remedyFor(full));
    return new GlobalReference(full, global);
  }

  #floor(): number {
    return this.#marks.at(-1) ?? 0;
  }
}
