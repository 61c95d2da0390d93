import { z } from 'zod';
import { sizeOfDataset } from '../../data/dataset.js';
import { dataSources, findDataSource } from '../../data/node/registry.js';
import { integer } from '../../report/format.js';
import type { Command } from '../command.js';
import { table } from '../table.js';

/** `data list`: which data sets there are. */
export const dataListCommand: Command = {
  name: 'data list',
  summary: 'List the data sets that can be used by name.',
  groups: [],
  async run(_given, { output }) {
    const list = dataSources.map(({ name, title, classes, imageShape, images, origin }) => {
      return { name, title, classes, imageShape, images, origin };
    });
    const rows = list.map(({ name, classes, imageShape, images, origin }) => {
      return [name, String(classes), imageShape.join(' x '), integer(images.train), integer(images.test), origin];
    });
    output.result({ data: list }, table([['NAME', 'CLASSES', 'IMAGE', 'TRAIN', 'TEST', 'FROM'], ...rows]));
  },
};

const from = z.object({
  from: z.string().min(1).optional().describe("folder that holds the data set's files; default: where it comes from"),
});

/** `data get NAME`: finds a data set's files and checks that they are the published ones. */
export const dataGetCommand: Command = {
  name: 'data get',
  summary: 'Find the files of a data set and check that they are the published ones.',
  operands: ['NAME'],
  groups: [{ title: 'Data', schema: from }],
  async run(given, { output, ...control }) {
    const source = findDataSource(given.operands[0]);
    const { train, test } = await source.get({ ...given.read(from), ...control });
    const checksums = { ...train.checksums, ...test.checksums };
    const counts = { train: sizeOfDataset(train), test: sizeOfDataset(test) };
    const lines = Object.entries(checksums).map(([file, sum]) => [file, sum]);
    output.result(
      { name: source.name, ...counts, checksums },
      `${source.title} is complete: ${integer(counts.train)} training and ${integer(counts.test)} test images.\n${table([['FILE', 'SHA-256'], ...lines])}`,
    );
  },
};
