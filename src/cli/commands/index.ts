import { attacks } from '../../attacks/registry.js';
import { defenses } from '../../defenses/registry.js';
import type { Command } from '../command.js';
import { attackCommand } from './attack.js';
import { benchCommand } from './bench.js';
import { dataGetCommand, dataListCommand } from './data.js';
import { demoCommand } from './demo.js';
import { devicesCommand } from './devices.js';
import { evaluateCommand } from './evaluate.js';
import { inspectCommand } from './inspect.js';
import { repairCommand } from './repair.js';
import { reportCommand } from './report.js';
import { scanCommand } from './scan.js';
import { trainCommand } from './train.js';
import { zooListCommand } from './zoo.js';

/** Every command, in the order of the help. Attacks and defences come from their registries. */
export const commands: readonly Command[] = [
  demoCommand,
  trainCommand,
  ...attacks.map(attackCommand),
  ...defenses.map(repairCommand),
  scanCommand,
  evaluateCommand,
  inspectCommand,
  benchCommand,
  reportCommand,
  dataListCommand,
  dataGetCommand,
  zooListCommand,
  devicesCommand,
];
