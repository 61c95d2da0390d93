import { UserError } from '../../../../core/errors.js';

/** Where a queue is. */
export interface QueueAddress {
  /** With user and password. */
  readonly url: string;
  /** Without them, for messages: `host:5432/database`. */
  readonly shown: string;
}

const FORM = 'write postgres://USER@HOST:PORT/DATABASE, with % codes for special characters, and the password in the variable PGPASSWORD';

/**
 * Reads the address of a queue.
 * @throws UserError when it is none. The message does not repeat what was given, as that may hold a password.
 */
export function parseAddress(url: string): QueueAddress {
  if (!/^postgres(ql)?:\/\//.test(url)) throw new UserError(`the queue's address is not that of a PostgreSQL database; ${FORM}`);
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  // A password with a bare /, ? or # would put its rest into what is shown.
  if (parsed?.hash !== '' || /[@:]/.test(parsed.pathname) || parsed.search.includes('@'))
    throw new UserError(`the queue's address cannot be read; ${FORM}`);
  const host = parsed.searchParams.get('host') ?? parsed.hostname.replace(/%2f/gi, '/');
  return { url, shown: `${host || 'localhost'}${parsed.port && `:${parsed.port}`}${parsed.pathname}` };
}
