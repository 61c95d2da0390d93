import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What a run of the command line came to. */
export interface CliRun {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface CliOptions {
  /** Default: this process's. */
  readonly cwd?: string;
  /** Called with what was printed so far, on both streams, and a way to send a signal. */
  readonly watch?: (printed: string, kill: (signal: NodeJS.Signals) => void) => void;
}

/** Runs the command line as a process of its own, as a user would. */
export function runCli(args: readonly string[], { cwd, watch }: CliOptions = {}): Promise<CliRun> {
  const main = fileURLToPath(new URL('../cli/main.js', import.meta.url));
  const child = spawn(process.execPath, [main, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  const heard = () => watch?.(out + err, (signal) => child.kill(signal));
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    heard();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
    heard();
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
}
