/** Names that Windows takes for devices, whatever their ending. */
const DEVICE = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?$/i;

/**
 * The name of an entry as a relative path with `/` between its parts, safe to be joined to a folder on any system; undefined when the
 * name is anything else: absolute, with a drive or a stream, with `..`, with characters that a system forbids or ignores.
 */
export function safePath(name: string): string | undefined {
  const parts = name.split('/');
  if (parts.at(-1) === '') parts.pop();
  return parts.length > 0 && parts.every(isSafe) ? parts.join('/') : undefined;
}

function isSafe(part: string): boolean {
  // Windows drops dots and spaces at the end of a name, so that '.. ' would be '..'.
  return part !== '' && !/[. ]$/.test(part) && !hasForbidden(part) && !DEVICE.test(part);
}

function hasForbidden(part: string): boolean {
  return [...part].some((character) => character < ' ' || '<>:"|?*\\\u007f'.includes(character));
}
