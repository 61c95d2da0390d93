import assert from 'node:assert/strict';
import { test } from 'node:test';
import { everyCommand } from '../common.js';
import { commandHelp, overview } from '../help.js';
import { fieldsOf } from '../options/fields.js';
import { commands } from './index.js';

test('every option of every command has one meaning and says what it is', () => {
  assert.ok(commands.length >= 9);
  for (const command of commands) {
    const fields = [...command.groups, everyCommand].flatMap(({ schema }) => fieldsOf(schema));
    const keys = fields.map(({ key }) => key);
    assert.deepEqual(
      keys.filter((key, i) => keys.indexOf(key) !== i),
      [],
      `${command.name} has an option twice`,
    );
    for (const { key, description } of fields) assert.ok(description.length > 5, `${command.name}: ${key}`);
  }
});

test('help fits a page of 100 columns and shows every option with its default', () => {
  for (const command of commands) {
    const help = commandHelp(command);
    assert.ok(
      help.split('\n').every((line) => line.length <= 100),
      command.name,
    );
    for (const { schema } of command.groups) for (const { flag } of fieldsOf(schema)) assert.ok(help.includes(`  --${flag}`), flag);
  }
  assert.match(overview(commands), /attack badnets +Plant BadNets/);
  const attack = commandHelp(commands.find(({ name }) => name === 'attack badnets') as (typeof commands)[number]).replace(/\s+/g, ' ');
  assert.match(attack, /--pratio NUMBER poison ratio: .* above 0 up to 1 \(default 0\.1\)/);
  assert.match(attack, /--client-optimizer NAME optimiser \(one of sgd, adam; default sgd\)/);
});
