// PyTorch, where there is one, as a process that does a piece of work each time it is asked to.
import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../pytorch/', import.meta.url));

/** The first of `python3` and `/usr/bin/python3` that has PyTorch, with its version; undefined where neither has. */
export function findPyTorch() {
  for (const python of ['python3', '/usr/bin/python3']) {
    const { status, stdout } = spawnSync(python, ['-c', 'import torch; print(torch.__version__)'], { encoding: 'utf8' });
    if (status === 0) return { python, version: stdout.trim() };
  }
  return undefined;
}

/**
 * Starts a script of bench/pytorch.
 * @returns `ask(line)`, the numbers that it answers to a line; `run()`, the seconds of one piece of work; `stop()`.
 */
export async function startPyTorch({ python }, script, args) {
  const child = spawn(python, [`${folder}${script}`, ...args.map(String)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${script} ended early`);
    return value;
  };
  if ((await next()) !== 'ready') throw new Error(`${script} did not start`);
  const ask = async (line) => {
    child.stdin.write(`${line}\n`);
    return (await next()).split(' ').map(Number);
  };
  return {
    ask,
    run: async () => (await ask(''))[0],
    stop: () => child.kill(),
  };
}
