import { z } from 'zod';
import { UserError } from '../core/errors.js';

/** Version of the result format; raised when a reader of the old one would misunderstand the new one. */
export const resultVersion = 1;

const fraction = z.number().min(0).max(1);
const count = z.int().min(0);
/** JSON has no infinity: a loss that is not finite, because training diverged, is written as null. */
const loss = z.number().nullable();
const options = z.record(z.string(), z.unknown());
const channels = z.array(count).readonly();

const scores = z.object({
  /** ACC: share of clean images classified as labelled, 0..1. */
  acc: fraction,
  /** ASR: share of triggered images classified as the attack wants, 0..1; absent where no trigger is known. */
  asr: fraction.optional(),
  /** RA: share of triggered images classified as what they are, 0..1; absent where no trigger is known. */
  ra: fraction.optional(),
  /** How many images each share is of: `clean` for ACC, `triggered` for ASR and RA. */
  images: z.object({ clean: count, triggered: count.optional() }).optional(),
});

const featureMap = z.object({
  /** Channel of the convolution's output, from 0. */
  channel: count,
  /** Share of the scan images still classified correctly when this map is disturbed, 0..1, if that was looked at. */
  accuracy: fraction.optional(),
  /** Mean cross-entropy on the same images, nats. */
  loss: loss.optional(),
  /** Images that it was seen on, where a race dropped it before it had seen all: then the accuracy is a forecast for all. */
  images: count.optional(),
  /** What maps are ranked by within their layer; the highest are pruned. */
  suspicion: loss,
  /** Chance of so low an accuracy in a map like the median of its layer, corrected for the number of maps, if that was asked. */
  chance: fraction.optional(),
  pruned: z.boolean(),
});

const epoch = z.object({
  /** From 1. */
  epoch: z.int().min(1),
  /** Learning rate of the epoch's first step. */
  learningRate: z.number(),
  /** Mean cross-entropy over the epoch's steps, nats. */
  loss,
  /** Share of training images classified as labelled, 0..1. */
  accuracy: fraction,
  seconds: z.number().min(0),
});

const method = z.object({
  /** As typed on the command line: `fmp`. */
  method: z.string(),
  /** As written in the literature: `FMP`. */
  title: z.string().optional(),
  options,
  /** In plain words: by what rule each choice was made, and on which data. */
  rule: z.string().optional(),
});

const attack = method.extend({
  /** What the attacker has power over, as a sentence. */
  threat: z.string().optional(),
  /** Everything that is needed to make the trigger again. */
  trigger: z.looseObject({ kind: z.string() }).optional(),
  labelMap: z
    .discriminatedUnion('kind', [
      z.object({ kind: z.literal('all-to-one'), target: count }),
      z.object({ kind: z.literal('all-to-all'), shift: z.int() }),
    ])
    .optional(),
  /** Number of poisoned training images; where every batch is poisoned anew, in each epoch. */
  poisoned: count.optional(),
  /** Whether the poisoned images kept their labels. */
  cleanLabel: z.boolean().optional(),
  /** How much the trigger changes test images: see `Visibility` in `metrics/visibility.ts`. */
  visibility: z
    .object({ psnr: z.number().nullable(), ssim: z.number(), linf: z.number().min(0).max(255), changed: fraction, images: count })
    .optional(),
  /** SHA-256 of `trigger.safetensors` beside this file, for triggers that networks make: 64 hexadecimal digits. */
  triggerTensors: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
});

const defense = method.extend({
  /** Every feature map by convolution name, in forward order. */
  maps: z.record(z.string(), z.array(featureMap).readonly()).optional(),
});

const level = z.enum(['likely', 'possible', 'clear']);

const finding = z.object({
  /** What was looked for: `a small patch`. */
  sought: z.string(),
  /** `clear` means that nothing was found. */
  level,
  /** The class that stands out most. */
  target: count,
  statistic: z.number(),
  threshold: z.number(),
  /** Chance that a class stands out so much if all were alike, where that is known. */
  chance: fraction.optional(),
  repeats: z.array(z.object({ target: count, statistic: z.number() })).readonly(),
  /** Number of repeats that name the same class. */
  agreeing: count,
  /** What was measured, class by class. */
  classes: z.array(z.number()).readonly(),
  /** What `classes` counts. */
  measure: z.string(),
  statement: z.string(),
});

const detection = z.object({
  /** The strongest level of a finding. */
  level,
  /** The suspected class, where there is one. */
  target: count.optional(),
  detectors: z.array(method.extend({ findings: z.array(finding).readonly() })).readonly(),
});

const data = z.object({
  /** `mnist`. */
  name: z.string(),
  /** What it was read from, where that is not the published archive. */
  origin: z.string().optional(),
  /** Names of the classes; a label is an index into it. */
  classes: z.array(z.string()).readonly().optional(),
  /** SHA-256 of what it was read from: file name to 64 hexadecimal digits. */
  checksums: z.record(z.string(), z.string()).optional(),
  /** Number of training images. */
  train: count.optional(),
  /** Number of test images. */
  test: count.optional(),
  /** Number of clean images the defence was given. */
  clean: count.optional(),
});

const phase = z.object({ name: z.string(), seconds: z.number().min(0), peakMemoryMB: z.number().min(0).optional() });

/** What `result.json` holds. */
export const resultSchema = z
  .object({
    version: z.literal(resultVersion, { error: `is not ${resultVersion}, the only result format that this version of Antidote reads` }),
    kind: z.enum(['demo', 'attack', 'repair', 'evaluate', 'scan', 'train']),
    /** When the work was finished, ISO 8601 in UTC. */
    created: z.iso.datetime(),
    seed: z.int().optional(),
    device: z
      .object({ kind: z.string(), threads: count.optional(), cpu: z.string().optional(), forms: z.literal('measured').optional() })
      .optional(),
    data: data.optional(),
    attack: attack.optional(),
    /** The model as it was given, or as the attack left it. */
    before: scores.optional(),
    /** After the defence. */
    after: scores.optional(),
    /** After plain fine-tuning on the same clean images, for comparison. */
    ft: scores.optional(),
    defense: defense.optional(),
    /** Whether the model is backdoored, as far as can be told without a trigger. */
    detection: detection.optional(),
    /** How the model of `ft` came about. */
    baseline: method.optional(),
    /** How a clean model came about. */
    training: method.optional(),
    /** Pruned channels by convolution name, ascending. */
    pruned: z.record(z.string(), channels).optional(),
    /** Epochs of training: under `attack` the backdoored model's, under `train` a clean one's, under a defence's name (`fmp`, `ft`) its fine-tuning. */
    history: z.record(z.string(), z.array(epoch).readonly()).optional(),
    /** What took how long, in order; memory is the resident set's peak within the phase, in 10^6 bytes. */
    phases: z.array(phase).readonly().optional(),
    /** Software by name: `antidote`, `node`, `onnxruntime`. */
    versions: z.record(z.string(), z.string()).optional(),
    /** The command line, as typed. */
    command: z.string().optional(),
  })
  .check((context) => {
    // The report draws one of the two and lists the other: they must not contradict each other.
    for (const [layer, maps] of Object.entries(context.value.defense?.maps ?? {})) {
      const marked = maps.filter((map) => map.pruned).map((map) => map.channel);
      const listed = context.value.pruned?.[layer] ?? [];
      if (ascending(marked) === ascending(listed)) continue;
      const message = `is [${listed}], but the feature maps marked as pruned there are [${marked}]`;
      context.issues.push({ code: 'custom', message, path: ['pruned', layer], input: listed });
    }
  });

/** What one run of an attack, a defence or an evaluation came to; see {@link resultSchema} for units and ranges. */
export type Result = z.infer<typeof resultSchema>;
/** ACC, ASR and RA of one model, 0..1. */
export type Scores = z.infer<typeof scores>;
/** One feature map as a defence saw it; like the defence's own, but its numbers are null where not finite. */
export type MapRecord = z.infer<typeof featureMap>;
/** What a scan came to. */
export type DetectionRecord = z.infer<typeof detection>;
/** One look of a detector. */
export type FindingRecord = z.infer<typeof finding>;
/** One epoch of training; like the training loop's own, but its loss is null where not finite. */
export type HistoryRecord = z.infer<typeof epoch>;

/**
 * Reads `result.json`.
 *
 * @param text the file's text.
 * @param file its name, for the message when it is malformed: a {@link UserError} of one line.
 */
export function readResult(text: string, file: string): Result {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw malformed(file, 'the file', `is not JSON: ${(error as Error).message}`);
  }
  const parsed = resultSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [{ path, message }] = parsed.error.issues;
  throw malformed(file, path.map(String).join('.') || 'the file', message);
}

function malformed(file: string, where: string, message: string): UserError {
  const line = message.replace(/\s+/g, ' ');
  return new UserError(`${file} is not a usable result: ${where}: ${line}; run the command that wrote it again`);
}

function ascending(list: readonly number[]): string {
  return [...list].sort((a, b) => a - b).join();
}
