import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../../../../core/errors.js';
import { explainQuery, isOutage } from './query-errors.js';

const made = (message: string, more: object = {}) => Object.assign(new Error(message), more);
const address = { url: 'postgres://me:secret@db/work', shown: 'db/work' };

test('a server that is away is waited for, a refusal, a full disk here and a bug are not', () => {
  const away = [
    made('', { code: 'ECONNREFUSED' }),
    made('connect ENOENT /run/x', { code: 'ENOENT', syscall: 'connect' }),
    made('Connection terminated unexpectedly'),
    made('Query read timeout'),
    made('terminating connection due to administrator command', { code: '57P01' }),
    made('the database system is starting up', { code: '57P03' }),
    made('current transaction is aborted', { code: '25P02' }),
  ];
  const final = [
    made('password authentication failed for user "me"', { code: '28P01' }),
    made('relation does not exist', { code: '42P01' }),
    made('no space left on device', { code: 'ENOSPC', syscall: 'write' }),
    made('no such file', { code: 'ENOENT', syscall: 'open' }),
    new TypeError('x is not a function'),
    new UserError('connection'),
  ];
  assert.deepEqual([away.map(isOutage), final.map(isOutage)], [away.map(() => true), final.map(() => false)]);
});

test('errors of the server become a line that says what to do; others stay', () => {
  const line = (error: Error) => {
    const explained = explainQuery(error, address);
    assert.ok(explained instanceof UserError);
    return explained.message;
  };
  assert.match(line(made('', { code: 'ECONNREFUSED' })), /^cannot use the queue at db\/work: nothing listens there; start PostgreSQL/);
  assert.match(line(made('timeout exceeded when trying to connect')), /: it does not answer; check host, port and firewall$/);
  assert.match(line(made('relation "x" does not exist', { code: '42P01' })), /: relation "x" does not exist; try again/);
  for (const error of [new TypeError('x'), made('full', { code: 'ENOSPC', syscall: 'write' })])
    assert.equal(explainQuery(error, address), error);
});
