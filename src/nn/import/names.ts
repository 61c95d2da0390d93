/** What stands before the name of everything that comes from a file of somebody else's. */
export const PREFIX = 'file:';

/** The name that a value has in the file. */
export function withoutPrefix(name: string): string {
  return name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name;
}
