import { z } from 'zod';
import { sizeOfDataset } from '../../data/dataset.js';
import { dataSources, findDataSource } from '../../data/node/registry.js';
import type { DataSource } from '../../data/source.js';
import { integer } from '../../report/format.js';
import type { Command } from '../command.js';
import { table } from '../table.js';

/** `data list`: which data sets there are, and which of them load at once. */
export const dataListCommand: Command = {
  name: 'data list',
  summary: 'List the data sets that can be used by name, and which of them are on this machine.',
  groups: [],
  async run(_given, { output }) {
    const describe = async ({ name, title, classes, imageShape, images, origin, location }: DataSource) => {
      return { name, title, classes, imageShape, images, origin, location: await location() };
    };
    const list = await Promise.all(dataSources.map(describe));
    const rows = list.map(({ name, classes, imageShape, images, origin, location }) => {
      return [name, String(classes), imageShape.join(' x '), integer(images.train), integer(images.test), location ? 'yes' : 'no', origin];
    });
    output.result({ data: list }, table([['NAME', 'CLASSES', 'IMAGE', 'TRAIN', 'TEST', 'HERE', 'FROM'], ...rows]));
  },
};

const from = z.object({
  from: z.string().min(1).optional().describe("archive or folder that holds the data set's files; default: download them"),
});

/** `data get NAME`: obtains a data set, so that it loads by its name from then on. */
export const dataGetCommand: Command = {
  name: 'data get',
  summary: 'Download a data set or take its files from a path, check them, and keep the images for use by name.',
  operands: ['NAME'],
  groups: [{ title: 'Data', schema: from }],
  async run(given, { output, ...control }) {
    const source = findDataSource(given.operands[0]);
    const { train, test } = await source.get({ ...given.read(from), ...control });
    const checksums = { ...train.checksums, ...test.checksums };
    const counts = { train: sizeOfDataset(train), test: sizeOfDataset(test) };
    const origin = train.origin === undefined ? '' : `, from ${train.origin}`;
    const lines = Object.entries(checksums).map(([file, sum]) => [file, sum]);
    output.result(
      { name: source.name, ...counts, checksums, ...(train.origin !== undefined && { origin: train.origin }) },
      `${source.title} is ready: ${integer(counts.train)} training and ${integer(counts.test)} test images${origin}.\n${table([['FILE', 'SHA-256'], ...lines])}`,
    );
  },
};
