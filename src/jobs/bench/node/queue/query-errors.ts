import { UserError } from '../../../../core/errors.js';
import type { QueueAddress } from './address.js';

const remedies: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there; start PostgreSQL, or correct host and port',
  ENOTFOUND: 'there is no such host; correct it',
  ENOENT: 'there is no such socket; start PostgreSQL, or correct the folder',
  ETIMEDOUT: 'it does not answer; check host, port and firewall',
  '28000': 'it refuses the user; check user, host and pg_hba.conf',
  '28P01': 'it refuses the password; set PGPASSWORD, or correct it in the address',
  '3D000': 'there is no such database; create it, or correct the name',
  '42501': 'the user may not do this; grant it CREATE on the database',
  '53300': 'it has too many connections; end some, or raise max_connections',
  '53100': 'its disk is full; make room there',
  '57P03': 'it is starting up or shutting down; try again later',
};

/** Classes of SQLSTATE that pass: connection, aborted transaction, rollback, resources, object in use, shutdown. */
const PASSING = ['08', '25', '40', '53', '55', '57'];

/** Errors of sockets that pass. The same codes come of files, but not from `connect`. */
const AWAY = ['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'];

/** Whether the same statement may well succeed a while later. */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof UserError) return false;
  const { code, syscall } = error as NodeJS.ErrnoException;
  // What pg itself finds has no code: connections that ended, and time that ran out.
  if (code === undefined) return /connection|timeout/i.test(error.message);
  if (isState(code)) return PASSING.includes(code.slice(0, 2));
  return AWAY.includes(code) || syscall === 'connect';
}

/** An error of the database as a line that says what to do; it names neither user nor password. Other errors stay as they are. */
export function explainQuery(error: unknown, { shown }: QueueAddress): unknown {
  if (!(error instanceof Error) || error instanceof UserError) return error;
  const code = (error as NodeJS.ErrnoException).code ?? (/timeout/i.test(error.message) ? 'ETIMEDOUT' : '');
  if (!isOutage(error) && !isState(code)) return error;
  const reason = remedies[code] ?? `${error.message || code}; try again, or use another server`;
  return new UserError(`cannot use the queue at ${shown}: ${reason}`);
}

/** Whether a code is an SQLSTATE. */
function isState(code: string): boolean {
  return /^[0-9A-Z]{5}$/.test(code) && /\d/.test(code);
}
