import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { Interrupted, UserError } from '../../core/errors.js';
import type { ProgressEvent } from '../../core/progress.js';
import { type DownloadOptions, download } from './download.js';

/** 2.5 megabytes, so that a connection can break in the middle of them. */
const content = Uint8Array.from({ length: 2_500_000 }, (_, i) => Math.imul(i + 1, 2654435761) >>> 24);
const md5 = createHash('md5').update(content).digest('hex');

let folder: string;
let server: Server;
let address: string;
let path: string;
/** What the server does with the next requests, one each; the last one stays. */
let answers: ((request: IncomingMessage, response: ServerResponse) => void)[];
let ranges: (string | undefined)[];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antidote-download-'));
  server = createServer((request, response) => {
    ranges.push(request.headers.range);
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    answer?.(request, response);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/file.tar.gz`;
});
beforeEach(async () => {
  path = join(await mkdtemp(join(folder, 'to-')), 'file');
  answers = [];
  ranges = [];
});
after(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

const startOf = ({ headers: { range } }: IncomingMessage) => Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);

/** Sends what was asked for, up to a byte where the connection breaks. */
const send =
  (until = content.length, bytes = content) =>
  (request: IncomingMessage, response: ServerResponse) => {
    const start = startOf(request);
    // Some servers name the packing of a file as an encoding of the content; it must arrive as it is.
    const headers = { 'content-length': bytes.length - start, 'content-encoding': 'x-gzip' };
    const range = { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` };
    response.writeHead(start > 0 ? 206 : 200, { ...headers, ...(start > 0 && range) });
    if (until === bytes.length) response.end(bytes.subarray(start));
    else response.write(bytes.subarray(start, until), () => setTimeout(() => response.destroy(), 20));
  };

const get = (options: DownloadOptions = {}, known: number | undefined = content.length) =>
  download({ file: 'file', url: address, md5, bytes: known }, path, { pause: 1, patience: 2000, ...options });

const refused = (problem: RegExp, options: DownloadOptions = {}, known?: number) =>
  assert.rejects(get(options, known), (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, problem);
    return true;
  });

const part = () => readFile(`${path}.part`);

test('a file arrives whole, with progress, and is not downloaded again', async () => {
  answers = [send()];
  const events: ProgressEvent[] = [];
  await get({ progress: (event) => events.push(event) });
  assert.deepEqual(new Uint8Array(await readFile(path)), content);
  assert.ok(!existsSync(`${path}.part`));
  assert.deepEqual(events.at(-1), { phase: 'download file', done: 2, total: 3, unit: 'megabyte' });
  await get();
  assert.equal(ranges.length, 1);
  await writeFile(path, 'damaged since');
  await get();
  assert.deepEqual(new Uint8Array(await readFile(path)), content);
});

test('after an interruption it goes on from where it was', async () => {
  answers = [send(1_000_000), send(2_000_000), send()];
  await get();
  assert.deepEqual(new Uint8Array(await readFile(path)), content);
  assert.equal(ranges[0], undefined);
  assert.match(ranges[1] ?? '', /^bytes=[1-9]\d*-$/);
  assert.equal(ranges.length, 3);
});

test('so it does in another process, and when the server knows no ranges it starts over', async () => {
  await writeFile(`${path}.part`, content.subarray(0, 700_000));
  answers = [send()];
  await get();
  assert.deepEqual(ranges, ['bytes=700000-']);
  await rm(path);
  await writeFile(`${path}.part`, content.subarray(0, 700_000));
  answers = [(_request, response) => response.end(content)];
  await get();
  assert.deepEqual(new Uint8Array(await readFile(path)), content);
});

test('a part that is whole already is only checked', async () => {
  await writeFile(`${path}.part`, content);
  await get();
  assert.deepEqual(ranges, []);
  await rm(path);
  await writeFile(`${path}.part`, content);
  answers = [(_request, response) => response.writeHead(416).end()];
  await get({}, undefined);
  assert.deepEqual(new Uint8Array(await readFile(path)), content);
});

test('a connection that keeps breaking is a user error; what has arrived stays', async () => {
  answers = [send(1_000_000), (_request, response) => response.destroy()];
  await refused(/cannot download http.*: (ECONNRESET|.*hang up).*; \d+ bytes are kept, .* without a network give the file with --from/, {
    retries: 1,
  });
  assert.ok((await part()).length > 0);
});

test('a server that falls silent counts as broken', async () => {
  answers = [() => {}];
  await refused(/nothing came for 0\.1 s/, { retries: 0, patience: 100 });
});

test('a server that is not there, or refuses, is a user error', async () => {
  answers = [(_request, response) => response.writeHead(404).end('nothing here')];
  await refused(/answers 404 \(Not Found\); try again later, or get it in another way and give it with --from PATH/);
  assert.equal(ranges.length, 1, 'a refusal is final');
  answers = [(_request, response) => response.writeHead(503).end()];
  await refused(/it answers 503 \(Service Unavailable\)/, { retries: 2 });
  assert.equal(ranges.length, 4);
  const closed = { file: 'file', url: 'http://127.0.0.1:1/file', md5 };
  await assert.rejects(
    download(closed, path, { retries: 0 }),
    /cannot download http:\/\/127\.0\.0\.1:1\/file: ECONNREFUSED; without a network/,
  );
  assert.ok(!existsSync(path) && !existsSync(`${path}.part`));
});

test('another file than was published is refused and removed', async () => {
  const other = Uint8Array.from(content);
  other[1_234_567] ^= 1;
  answers = [send(other.length, other)];
  await refused(new RegExp(`sent another file than was published: its MD5 is [0-9a-f]{32}, expected ${md5}`));
  assert.ok(!existsSync(path) && !existsSync(`${path}.part`));
});

test('no more bytes are taken than the file has', async () => {
  const endless = (_request: IncomingMessage, response: ServerResponse) => {
    response.writeHead(200);
    const more = () => {
      while (!response.destroyed && response.write(content));
    };
    response.on('drain', more);
    more();
  };
  answers = [endless];
  await refused(/sends more than the 2500000 bytes that the file has/, {}, content.length);
  assert.ok(!existsSync(path) && !existsSync(`${path}.part`));
});

test('redirections are followed, but not for ever', async () => {
  const away = (_request: IncomingMessage, response: ServerResponse) => response.writeHead(302, { location: '/elsewhere' }).end();
  answers = [away, away, send()];
  await get();
  assert.deepEqual(new Uint8Array(await readFile(path)), content);
  await rm(path);
  answers = [away];
  await refused(/leads to '\/elsewhere', which is not followed/);
  answers = [(_request, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end()];
  await refused(/leads to 'file:\/\/\/etc\/passwd', which is not followed/);
});

test('it ends when the signal fires, and keeps what it has', async () => {
  const controller = new AbortController();
  answers = [
    (_request, response) => {
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 1_000_000));
    },
  ];
  await assert.rejects(get({ signal: controller.signal, progress: () => controller.abort() }), Interrupted);
  assert.ok((await part()).length > 0);
});
