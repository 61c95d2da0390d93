/**
 * What wrappers put before every name of a state dictionary: training on several GPUs and compilation, then the attribute under which
 * Lightning modules and the like keep the network.
 */
const PREFIXES = ['module.', '_orig_mod.', 'model.', '_model.', 'net.', 'network.', 'backbone.'];

/** The prefixes of wrappers that every name begins with, one after the other; empty where there are none. */
export function wrapperPrefix(names: readonly string[]): string {
  let prefix = '';
  for (;;) {
    const next = names.length > 0 && PREFIXES.find((item) => names.every((name) => name.startsWith(prefix + item)));
    if (!next) return prefix;
    prefix += next;
  }
}

/** Entries under their names without a prefix that all have. */
export function withoutPrefix<T>(entries: ReadonlyMap<string, T>, prefix: string): Map<string, T> {
  return new Map([...entries].map(([name, value]) => [name.slice(prefix.length), value]));
}
