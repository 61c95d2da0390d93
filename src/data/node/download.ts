import { existsSync } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkInterrupted, UserError } from '../../core/errors.js';
import type { Control } from '../../core/progress.js';
import { explainWrite } from '../../runtime/node/files.js';
import { httpGet } from './http.js';
import { type PublishedFile, sumsOfFile } from './published.js';

/** How patient a download is; tests are less. */
export interface DownloadOptions extends Control {
  /** How often it goes on after the connection broke without a new byte; default 3. */
  readonly retries?: number;
  /** Milliseconds before the first retry, doubled before each next one; default 1000. */
  readonly pause?: number;
  /** Milliseconds without a byte after which a connection counts as broken; default 60,000. */
  readonly patience?: number;
}

/** Most bytes of a file whose length nobody published. */
const LARGEST = 2 ** 31;
const MEGABYTE = 1e6;

/**
 * Downloads a published file and checks it. What has arrived is kept in `<path>.part`, from which the next call goes on; the
 * file itself appears only when it is whole and right.
 * @param path for the file; when it is there and right, nothing is downloaded.
 * @throws UserError when the server cannot be reached or refuses, or sends something else; Interrupted when the signal fires.
 */
export async function download(published: PublishedFile, path: string, options: DownloadOptions = {}): Promise<void> {
  const { retries = 3, pause = 1000, signal } = options;
  if (existsSync(path)) {
    if ((await sumsOfFile(path)).md5 === published.md5) return;
    await rm(path);
  }
  const part = `${path}.part`;
  for (let failures = 0; ; ) {
    const before = await sizeOf(part);
    try {
      await receive(published, part, before, options);
      break;
    } catch (error) {
      checkInterrupted(signal, `while downloading ${published.file}`);
      if (!(error instanceof Broken)) throw error;
      failures = (await sizeOf(part)) > before ? 1 : failures + 1;
      if (failures > retries) throw unreachable(published, error.message, await sizeOf(part));
      await sleep(pause * 2 ** (failures - 1), undefined, { signal }).catch(() => {});
      checkInterrupted(signal, `while downloading ${published.file}`);
    }
  }
  const { md5 } = await sumsOfFile(part);
  if (md5 !== published.md5) {
    await rm(part);
    throw new UserError(
      `${published.url} sent another file than was published: its MD5 is ${md5}, expected ${published.md5}; ${elsewhere}`,
    );
  }
  await rename(part, path);
}

/** The connection could not be made or broke off; another try may go better. */
class Broken extends Error {}

const elsewhere = 'try again later, or get it in another way and give it with --from PATH';

/** Receives what is missing of a file and appends it to `part`, whose length is `have`. */
async function receive(published: PublishedFile, part: string, have: number, options: DownloadOptions): Promise<void> {
  const { patience = 60_000, progress, signal } = options;
  const { url, file, bytes: known } = published;
  if (have > 0 && have === known) return;
  const watch = watchdog(patience, signal);
  try {
    const response = await request(url, have, watch.signal);
    // A server that cannot go on sends all of it again.
    const { statusCode: status = 0, headers } = response;
    const start = status === 206 ? have : 0;
    if (status === 416 && have > 0) return;
    if (status !== 200 && status !== 206) throw refusal(published, response);
    if (start > 0 && !headers['content-range']?.startsWith(`bytes ${start}-`)) {
      throw new UserError(`${url} sent another part than was asked for; ${elsewhere}`);
    }
    const announced = Number(headers['content-length'] ?? Number.NaN);
    const total = known ?? (Number.isSafeInteger(announced) ? start + announced : undefined);
    const handle = await open(part, start > 0 ? 'a' : 'w').catch((error) => Promise.reject(explainWrite(error, part)));
    try {
      let done = start;
      for await (const piece of body(response, watch)) {
        done += piece.length;
        if (done > (total ?? LARGEST)) throw await tooMuch(published, part, total ?? LARGEST);
        await handle.appendFile(piece).catch((error) => Promise.reject(explainWrite(error, part)));
        const size = Math.ceil((total ?? done) / MEGABYTE);
        progress?.({ phase: `download ${file}`, done: Math.min(Math.floor(done / MEGABYTE), size), total: size, unit: 'megabyte' });
      }
      if (total !== undefined && done < total) throw new Broken(`it broke off after ${done} of ${total} bytes`);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } finally {
    watch.stop();
  }
}

async function request(url: string, have: number, signal: AbortSignal): Promise<IncomingMessage> {
  try {
    return await httpGet(url, have > 0 ? { range: `bytes=${have}-` } : {}, signal);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new Broken(reasonOf(error, signal));
  }
}

/** The pieces of a response, with whatever goes wrong on the way told apart from errors of whoever reads them. */
async function* body(response: IncomingMessage, watch: Watchdog): AsyncGenerator<Uint8Array> {
  const pieces = response[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await pieces.next().catch((error) => Promise.reject(new Broken(reasonOf(error, watch.signal))));
      if (done) return;
      watch.reset();
      yield value;
    }
  } finally {
    response.destroy();
  }
}

interface Watchdog {
  readonly signal: AbortSignal;
  reset(): void;
  stop(): void;
}

/** A signal that fires when the caller's does, or when nothing came for so many milliseconds. */
function watchdog(patience: number, outer: AbortSignal | undefined): Watchdog {
  const controller = new AbortController();
  const abort = () => controller.abort();
  outer?.addEventListener('abort', abort);
  if (outer?.aborted) abort();
  const timer = setTimeout(() => controller.abort(new Error(`nothing came for ${patience / 1000} s`)), patience);
  return {
    signal: controller.signal,
    reset: () => timer.refresh(),
    stop: () => {
      clearTimeout(timer);
      outer?.removeEventListener('abort', abort);
    },
  };
}

function reasonOf(error: unknown, { aborted, reason }: AbortSignal): string {
  if (aborted) return (reason as Error).message;
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}

function refusal({ url }: PublishedFile, response: IncomingMessage): Error {
  const { statusCode: status = 0, statusMessage } = response;
  response.destroy();
  const answer = `${status}${statusMessage && ` (${statusMessage})`}`;
  if (status >= 500 || status === 429) return new Broken(`it answers ${answer}`);
  return new UserError(`${url} answers ${answer}; ${elsewhere}`);
}

async function tooMuch({ url }: PublishedFile, part: string, limit: number): Promise<UserError> {
  await rm(part, { force: true });
  return new UserError(`${url} sends more than the ${limit} bytes that the file has; ${elsewhere}`);
}

function unreachable({ url }: PublishedFile, reason: string, have: number): UserError {
  const kept = have > 0 ? `; ${have} bytes are kept, and the same command goes on from there` : '';
  return new UserError(`cannot download ${url}: ${reason}${kept}; without a network give the file with --from PATH`);
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
