import type { Output, Sink } from './output.js';

/** Output for programs: one JSON object a line, told apart by `event`: `progress`, `note`, `result`, `error`. */
export function jsonOutput(out: Sink): Output {
  const line = (event: string, value: object) => out.write(`${JSON.stringify({ event, ...value })}\n`);
  return {
    progress: (event) => line('progress', event),
    note: (text) => line('note', { text }),
    result: (value) => line('result', value),
    failed: (text) => line('error', { text }),
    end: () => {},
  };
}
