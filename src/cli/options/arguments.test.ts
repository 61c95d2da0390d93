import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { UserError } from '../../core/errors.js';
import { parseArguments } from './arguments.js';
import { coerce } from './coerce.js';
import { fieldsOf } from './fields.js';

const schema = z.object({
  attack_target: z.int().default(0),
  lr: z.number().default(0.1),
  flip: z.boolean().default(false),
  depths: z.array(z.int()).default([1]),
  lr_scheduler: z.enum(['CosineAnnealingLR', 'ConstantLR']).default('ConstantLR'),
  out: z.string().optional(),
});
const fields = fieldsOf(schema);
const parse = (...args: string[]) => {
  const { operands, values } = parseArguments(args, fields, 'antidote x');
  return [operands, Object.fromEntries(values)];
};

test('options are known with dashes and with underscores, words are kept in order', () => {
  assert.deepEqual(parse('a', '--attack-target', '3', 'b', '--lr=0.5'), [['a', 'b'], { attack_target: '3', lr: '0.5' }]);
  assert.deepEqual(parse('--attack_target', '3'), [[], { attack_target: '3' }]);
  assert.deepEqual(parse('--lr', '-1'), [[], { lr: '-1' }]);
  assert.deepEqual(parse('--lr', '1', '--lr', '2'), [[], { lr: '2' }]);
});

test('switches are turned on and off', () => {
  assert.deepEqual(parse('--flip'), [[], { flip: true }]);
  assert.deepEqual(parse('--no-flip', 'a'), [['a'], { flip: false }]);
  assert.deepEqual(parse('--flip', '--no-flip'), [[], { flip: false }]);
  assert.deepEqual(parse('--flip=True'), [[], { flip: true }]);
});

test('what is not known or lacks its value is a user error', () => {
  const cases: [string[], string][] = [
    [['--attack-targe', '1'], 'antidote x has no option --attack-targe; did you mean --attack-target?'],
    [['--attack_targe=1'], 'antidote x has no option --attack_targe; did you mean --attack-target?'],
    [['--unheard-of'], "antidote x has no option --unheard-of; 'antidote x --help' lists all"],
    [['-z'], "antidote x has no option -z; 'antidote x --help' lists all"],
    [['--lr'], '--lr needs a value; write --lr VALUE'],
    [['--lr', '--flip'], '--lr needs a value; write --lr VALUE'],
    [['--no-flip=1'], '--no-flip takes no value; write --no-flip alone'],
    [['--flip=maybe'], '--flip takes no value; write --flip alone'],
  ];
  for (const [args, message] of cases) assert.throws(() => parse(...args), new UserError(message));
});

test('text becomes what the option is, or is left for the schema to refuse', () => {
  const as = (key: string, value: unknown) => coerce(value, fields.find((field) => field.key === key) as (typeof fields)[number]);
  assert.deepEqual(
    ['1e-4', '.5', '8/255', '-2', 'ten', '1/0', ''].map((text) => as('lr', text)),
    [1e-4, 0.5, 8 / 255, -2, 'ten', '1/0', ''],
  );
  assert.equal(as('lr', 3), 3);
  assert.deepEqual(as('depths', '1, 2,3'), [1, 2, 3]);
  assert.deepEqual(as('depths', 2), [2]);
  assert.deepEqual(as('depths', ['1', 2]), [1, 2]);
  assert.deepEqual(
    ['cosineannealing', 'CONSTANTLR', 'Step'].map((text) => as('lr_scheduler', text)),
    ['CosineAnnealingLR', 'ConstantLR', 'Step'],
  );
  assert.deepEqual(
    [true, 'False', 'maybe'].map((value) => as('flip', value)),
    [true, false, 'maybe'],
  );
  assert.equal(as('out', 7), '7');
});
