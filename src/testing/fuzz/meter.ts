/** Counts the bytes of every typed array and buffer that is made while something runs. */
export interface Meter {
  /** Bytes since the last {@link reset}. */
  readonly bytes: number;
  reset(): void;
}

const names = [
  'ArrayBuffer',
  'Uint8Array',
  'Int8Array',
  'Uint16Array',
  'Int16Array',
  'Uint32Array',
  'Int32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
] as const;

/**
 * Puts counters in place of the constructors of typed arrays, for good. Modules that keep a constructor in a variable must be
 * loaded after this; views of memory that is there already count nothing.
 */
export function installMeter(): Meter {
  const meter = {
    bytes: 0,
    reset() {
      meter.bytes = 0;
    },
  };
  const count = (made: { byteLength: number }, source: unknown) => {
    if (!(source instanceof ArrayBuffer)) meter.bytes += made.byteLength;
  };
  const scope = globalThis as unknown as Record<string, abstract new (...args: unknown[]) => { byteLength: number }>;
  for (const name of names) {
    const original = scope[name];
    const counting = new Proxy(original, {
      construct(target, args, newTarget) {
        const made = Reflect.construct(target, args, newTarget === counting ? target : newTarget) as { byteLength: number };
        count(made, args[0]);
        return made;
      },
    });
    scope[name] = counting;
    // `slice`, `map` and `filter` make an array by way of the prototype.
    Object.defineProperty(original.prototype, 'constructor', { value: counting, configurable: true, writable: true });
  }
  return meter;
}
