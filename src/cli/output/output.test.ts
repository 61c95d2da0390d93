import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonOutput } from './json.js';
import { textOutput } from './text.js';

function sink(terminal?: { columns: number }) {
  const written: string[] = [];
  return { written, write: (text: string) => written.push(text), isTTY: terminal !== undefined, ...terminal };
}

const event = (done: number, phase = 'train', total = 100) => ({ phase, done, total, unit: 'step', figures: { loss: 0.123456 } });

test('without a terminal there is a line at the start, every five seconds, and at the end of a phase', () => {
  const [out, log] = [sink(), sink()];
  let now = 0;
  const output = textOutput(out, log, () => now);
  for (let done = 0; done <= 100; done += 5) {
    output.progress(event(done));
    now += 1000;
  }
  output.progress(event(1, 'measure', 2));
  output.result({}, 'table');
  assert.deepEqual(log.written, [
    'train: 0 of 100 steps, loss 0.123\n',
    'train: 25 of 100 steps, 5/s, 15.0 s left, loss 0.123\n',
    'train: 50 of 100 steps, 5/s, 10.0 s left, loss 0.123\n',
    'train: 75 of 100 steps, 5/s, 5.0 s left, loss 0.123\n',
    'train: 100 of 100 steps, 5/s, loss 0.123\n',
    'measure: 1 of 2 steps, loss 0.123\n',
  ]);
  assert.deepEqual(out.written, ['table\n']);
});

test('on a terminal one line is redrawn, within its width, and left whole at the end', () => {
  const log = sink({ columns: 60 });
  let now = 0;
  const output = textOutput(sink(), log, () => now);
  for (const done of [0, 1, 50, 100]) {
    output.progress(event(done));
    now += 60;
  }
  output.note('done');
  assert.equal(log.written.length, 5, 'the event that came too soon was not drawn');
  assert.ok(log.written[1].startsWith('\r\u001b[K█████░░░░░ train: 50 of 100 steps, '), JSON.stringify(log.written[1]));
  for (const line of log.written.slice(0, 3)) assert.ok(line.length - '\r\u001b[K'.length < 60);
  assert.deepEqual(log.written.slice(3), ['\n', 'done\n']);
});

test('rate and time left begin where a resumed run began', () => {
  const log = sink();
  let now = 0;
  const output = textOutput(sink(), log, () => now);
  output.progress(event(90));
  now = 6000;
  output.progress(event(96));
  assert.equal(log.written[1], 'train: 96 of 100 steps, 1/s, 4.0 s left, loss 0.123\n');
});

test('for programs every event is a line of JSON', () => {
  const out = sink();
  const output = jsonOutput(out);
  output.progress(event(5));
  output.note('a\nb');
  output.result({ files: ['x'] }, 'text');
  assert.deepEqual(
    out.written.map((line) => JSON.parse(line)),
    [
      { event: 'progress', ...event(5) },
      { event: 'note', text: 'a\nb' },
      { event: 'result', files: ['x'] },
    ],
  );
  assert.ok(out.written.every((line) => line.indexOf('\n') === line.length - 1));
});
