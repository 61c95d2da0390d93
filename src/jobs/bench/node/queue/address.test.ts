import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../../../../core/errors.js';
import { parseAddress } from './address.js';

test('what is shown of an address names neither user nor password', () => {
  const cases = [
    ['postgres://me:secret@db:5433/work', 'db:5433/work'],
    ['postgresql://me@db.example/work?sslmode=require&password=secret', 'db.example/work'],
    ['postgres://me:s%2Fe%23c%40ret@db/work', 'db/work'],
    ['postgres://me:sec@ret@db/work', 'db/work'],
    ['postgres:///work', 'localhost/work'],
    ['postgres:///work?host=/run/postgresql', '/run/postgresql/work'],
    ['postgres://me:secret@%2Frun%2Fpostgresql/work', '/run/postgresql/work'],
  ];
  for (const [url, shown] of cases) assert.deepEqual(parseAddress(url), { url, shown });
});

test('what is no address is refused and not repeated', () => {
  const secrets = ['mysql://me:12secret@db/work', 'me:12secret@db/work', 'postgres:me:12secret@db'];
  const bare = ['/', '#', '?'].map((mark) => `postgres://me:12${mark}secret@db/work`);
  for (const url of [...secrets, ...bare, 'postgres://me:secret@db:port/work', '']) {
    assert.throws(
      () => parseAddress(url),
      (error) => error instanceof UserError && /write postgres:\/\/USER@/.test(error.message) && !/secret|12/.test(error.message),
      url,
    );
  }
});
