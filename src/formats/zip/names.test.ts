import assert from 'node:assert/strict';
import { resolve, sep } from 'node:path';
import { test } from 'node:test';
import { Random } from '../../core/random.js';
import { safePath } from './names.js';

test('ordinary names are paths', () => {
  for (const name of ['a', 'a/b.ppm', 'Train/00042/GT-00042.csv', '.hidden/x', '..a/b', 'über/ä b', 'a...b', 'console'])
    assert.equal(safePath(name), name);
  assert.equal(safePath('folder/'), 'folder');
});

test('hostile names are not', () => {
  const hostile = [
    '',
    '/',
    '/etc/passwd',
    '..',
    '../a',
    'a/../../b',
    'a/..',
    '.',
    './a',
    'a//b',
    'C:/x',
    'C:x',
    '\\\\server\\x',
    'a\\..\\b',
  ];
  for (const name of [...hostile, 'a\0b', 'a\nb', '.. /a', 'a./b', 'a ', 'nul', 'a/COM1.txt', 'x:stream', 'a?', 'a*'])
    assert.equal(safePath(name), undefined, name);
});

test('whatever is accepted stays inside the folder', () => {
  const random = new Random(5);
  const pieces = ['..', '.', '/', '\\', 'a', ' ', ':', '\0', 'nul', '%2e%2e', '\u2024', 'é', '~'];
  let accepted = 0;
  for (let i = 0; i < 20_000; i++) {
    const path = safePath(Array.from({ length: 1 + random.below(6) }, () => pieces[random.below(pieces.length)]).join(''));
    if (path === undefined) continue;
    accepted++;
    assert.ok(resolve('/out', path).startsWith(`${sep}out${sep}`), path);
  }
  assert.ok(accepted > 500);
});
