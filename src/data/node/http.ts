import { get as getPlain, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { get as getSecure } from 'node:https';
import { UserError } from '../../core/errors.js';

const MOST_REDIRECTS = 5;

/**
 * Asks for a file by HTTP and returns the answer as it is, redirections followed. Node's `fetch` is no use here: many
 * servers mark a `.gz` file as an encoding of its content, which `fetch` would undo, so that neither bytes nor checksum were those
 * of the file.
 * @throws the system's error when there is no connection; UserError when a redirection leads nowhere or away from https.
 */
export async function httpGet(address: string, headers: IncomingHttpHeaders, signal: AbortSignal): Promise<IncomingMessage> {
  let url = new URL(address);
  for (let redirects = 0; ; redirects++) {
    const response = await getOnce(url, headers, signal);
    const { location } = response.headers;
    if (![301, 302, 303, 307, 308].includes(response.statusCode ?? 0) || location === undefined) return response;
    response.destroy();
    const next = URL.canParse(location, url) ? new URL(location, url) : undefined;
    if (
      redirects === MOST_REDIRECTS ||
      !next ||
      !/^https?:$/.test(next.protocol) ||
      (url.protocol === 'https:' && next.protocol !== 'https:')
    ) {
      throw new UserError(
        `${address} leads to '${location}', which is not followed; get the file in another way and give it with --from PATH`,
      );
    }
    url = next;
  }
}

function getOnce(url: URL, headers: IncomingHttpHeaders, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((done, failed) => {
    const get = url.protocol === 'https:' ? getSecure : getPlain;
    get(url, { headers, signal }, done).on('error', failed);
  });
}
