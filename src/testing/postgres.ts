import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A PostgreSQL server of a test's own. */
export interface TestServer {
  /** Address of an empty database of it, user and password included. */
  readonly url: string;
  readonly password: string;
  /** Ends it as a machine that loses power would. */
  kill(): Promise<void>;
  /** Starts it again after that, with what it had kept. */
  start(): Promise<void>;
  /** Ends it and removes its files. */
  remove(): Promise<void>;
}

const PASSWORD = 's3cret%21';
const USER = 'tester';

/** Why no server can be started here; undefined where one can. */
export async function whyNoPostgres(): Promise<string | undefined> {
  if ((await programs()) === undefined) return "PostgreSQL is not installed; install Debian's package postgresql";
  if (process.getuid?.() === 0 && (await serviceUser()) === undefined)
    return 'PostgreSQL does not run as root, and there is no user postgres';
  return undefined;
}

/** Starts a server in a new folder. It ends with this process, at the latest. */
export async function startPostgres(): Promise<TestServer> {
  const bin = (await programs()) ?? '';
  const user = process.getuid?.() === 0 ? await serviceUser() : undefined;
  const folder = await mkdtemp(join(tmpdir(), 'antidote-postgres-'));
  const [data, secret] = [join(folder, 'data'), join(folder, 'password')];
  await writeFile(secret, decodeURIComponent(PASSWORD));
  if (user) for (const path of [folder, secret]) await chown(path, user.uid, user.gid);
  const settings = ['-D', data, '-U', USER, '-A', 'scram-sha-256', `--pwfile=${secret}`, '--no-sync', '-E', 'UTF8', '--locale=C'];
  const made = spawnSync(join(bin, 'initdb'), settings, { ...user, cwd: folder, encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`);
  let server: ChildProcess | undefined;
  const end = () => server?.kill('SIGQUIT');
  const start = async () => {
    // On a socket in its folder, so that no port can be taken.
    const options = ['-D', data, '-k', folder, '-h', '', '-c', 'shared_buffers=8MB', '-c', 'max_connections=20', '-c', 'fsync=off'];
    server = spawn(join(bin, 'postgres'), options, { ...user, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
    await ready(server);
  };
  const kill = async () => {
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const ended = new Promise((resolve) => server?.once('exit', resolve));
    end();
    await ended;
  };
  process.on('exit', end);
  const remove = async () => {
    await kill();
    process.off('exit', end);
    await rm(folder, { recursive: true });
  };
  await start();
  return { url: `postgres://${USER}:${PASSWORD}@${encodeURIComponent(folder)}/postgres`, password: PASSWORD, kill, start, remove };
}

function ready(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let printed = '';
    server.stderr?.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      if (printed.includes('ready to accept connections')) resolve();
    });
    server.once('error', reject);
    server.once('exit', () => reject(new Error(`postgres ended: ${printed}`)));
  });
}

/** Debian keeps them out of the path, by version. */
async function programs(): Promise<string | undefined> {
  const debian = '/usr/lib/postgresql';
  const versions = (await readdir(debian).catch((): string[] => []))
    .filter((name) => /^\d+$/.test(name))
    .sort((a, b) => Number(b) - Number(a));
  const folders = [...versions.map((version) => join(debian, version, 'bin')), ...(process.env.PATH ?? '').split(':')];
  return folders.find((folder) => existsSync(join(folder, 'initdb')));
}

async function serviceUser(): Promise<{ readonly uid: number; readonly gid: number } | undefined> {
  const users = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const [, uid, gid] = /^postgres:[^:]*:(\d+):(\d+):/m.exec(users) ?? [];
  return uid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}
