import { z } from 'zod';
import { UserError } from '../../core/errors.js';
import { type CheckpointInspection, inspectCheckpoint } from '../../jobs/node/inspect-checkpoint.js';
import { isCheckpointName } from '../../jobs/node/load-checkpoint.js';
import { runInspect } from '../../jobs/node/run-inspect.js';
import { pixelOptions } from '../../jobs/pixel-options.js';
import type { Inspection } from '../../nn/import/inspect.js';
import { shape } from '../../nn/import/layout.js';
import { integer } from '../../report/format.js';
import type { Command } from '../command.js';
import { modelOptions } from '../common.js';
import { table } from '../table.js';

const size = z.object({
  image_size: z.int().min(1).max(4096).optional().describe('height and width of the images, pixels, for a model that leaves them open'),
  arch: modelOptions.shape.arch,
});

/** `inspect FILE`: what a model is, and what can be done with it. */
export const inspectCommand: Command = {
  name: 'inspect',
  summary: "Print a model's inputs, layers, feature maps and operators, and what of them is not supported, by the nodes' names.",
  operands: ['FILE'],
  groups: [{ title: 'Pixels', schema: z.object({ ...pixelOptions.shape, ...size.shape }) }],
  async run(given, { output }) {
    const [file] = given.operands;
    const { arch, ...pixels } = { ...given.read(pixelOptions), ...given.read(size) };
    if (isCheckpointName(file)) {
      const found = inspectCheckpoint(file, pixels, arch);
      return output.result({ ...found }, checkpointText(found));
    }
    if (arch !== undefined) throw new UserError(`${file}: only a state dictionary needs --arch; leave it out`);
    const inspection = await runInspect(file, pixels);
    output.result({ ...inspection }, text(inspection));
  },
};

function text({ file, opset, inputs, outputs, parameters, layers, operators, problems, classifier }: Inspection): string {
  const maps = layers.reduce((sum, layer) => sum + layer.maps, 0);
  const facts = [
    ['Model', `${file}, ONNX operator set ${opset}`],
    ...inputs.map((input) => ['Input', `${input.name}: ${shape(input)}`]),
    ...outputs.map((output) => ['Output', `${output.name}: ${shape(output)}`]),
    ...(classifier
      ? [
          ['Images', `${classifier.imageShape.join(' x ')}; ${classifier.pixels}`],
          ['Classes', `${classifier.classes}; ${classifier.gives}`],
          ['Batch', classifier.batch === undefined ? 'any number of images' : `${classifier.batch} and no other number`],
        ]
      : []),
    ['Parameters', integer(parameters)],
    [
      'Feature maps',
      layers.length === 0
        ? 'none: the model has no convolution'
        : `${integer(maps)} in ${layers.length} convolution${layers.length === 1 ? '' : 's'}`,
    ],
  ];
  const convolutions = layers.map(({ name, maps: count, kernel, strides, groups, normalised }) => [
    name,
    String(count),
    kernel.join(' x '),
    strides.join(' x '),
    String(groups),
    normalised ? 'yes' : 'no',
  ]);
  const used = operators.map(({ operator, nodes, supported }) => [operator, String(nodes), supported ? 'yes' : 'NO']);
  const sections = [
    table(facts),
    ...(layers.length > 0 ? [table([['LAYER', 'MAPS', 'KERNEL', 'STRIDE', 'GROUPS', 'BATCH NORM'], ...convolutions])] : []),
    table([['OPERATOR', 'NODES', 'SUPPORTED'], ...used]),
    ...(classifier && classifier.notes.length > 0 ? [classifier.notes.join('\n')] : []),
    problems.length === 0 ? able(layers.length) : ['Not supported:', ...problems.map((problem) => `  ${problem}`)].join('\n'),
  ];
  return sections.join('\n\n');
}

function checkpointText({
  file,
  format,
  choice,
  tensors,
  parameters,
  network,
  imageShape,
  classes,
  layers,
  problems,
}: CheckpointInspection) {
  const maps = layers.reduce((sum, layer) => sum + layer.maps, 0);
  const facts = [
    ['File', `${file}, ${FORMATS[format] ?? format}`],
    ['Content', `${choice}; ${tensors} tensors`],
    ['Network', network ?? 'not known'],
    ...(imageShape ? [['Images', `${imageShape.join(' x ')}, where the network takes any size as it is usually built`]] : []),
    ...(classes === undefined ? [] : [['Classes', String(classes)]]),
    ['Parameters', integer(parameters)],
    ...(network === undefined ? [] : [['Feature maps', `${integer(maps)} in ${layers.length} convolutions`]]),
  ];
  const convolutions = layers.map(({ name, maps: count }) => [name, String(count)]);
  return [
    table(facts),
    ...(layers.length > 0 ? [table([['LAYER', 'MAPS'], ...convolutions])] : []),
    problems.length === 0
      ? 'Supported: every tensor has its place in the network.'
      : ['Not supported:', ...problems.map((line) => `  ${line}`)].join('\n'),
  ].join('\n\n');
}

const FORMATS: Readonly<Record<string, string>> = {
  'torch-zip': 'saved by PyTorch 1.6 or later',
  'torch-legacy': 'saved by PyTorch before 1.6',
  safetensors: 'safetensors',
};

function able(layers: number): string {
  const checked = 'Supported: it was run, its results compared with those of the file as it is, and its gradient built.';
  return layers > 0 ? checked : `${checked} Without feature maps fmp has nothing to look at; ft works.`;
}
