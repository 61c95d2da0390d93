import { z } from 'zod';
import { Random } from '../../core/random.js';
import { float32 } from '../../core/tensor.js';
import { readUntrusted } from '../../core/untrusted.js';
import { GraphBuilder } from '../../onnx/builder.js';
import type { Graph } from '../../onnx/graph.js';
import type { Tensors } from '../../runtime/engine.js';
import type { Attack, PoisonedData, Trigger } from '../attack.js';
import { dirtyLabelMap, dirtyLabelOptions } from '../dirty-label.js';
import { checkLabelMap } from '../label-map.js';
import { applyNetwork, withStoredParameters } from '../network-trigger.js';
import { poisonDirtyLabel } from '../poison.js';
import { type ImageShape, imageShapeSchema } from '../stored.js';
import { encode } from './networks.js';
import { drawBits, trainEncoder } from './train.js';

const NAME = 'ssba';
const ENCODER = 'encoder';

const options = z.object({
  ...dirtyLabelOptions,
  secret_bits: z.int().min(1).max(1024).default(100).describe('bits that are hidden in an image, 1 to 1024'),
  encoder_epochs: z.int().min(1).default(20).describe('passes over the training images to train the encoder, from 1'),
  encoder_batch_size: z.int().min(1).default(64).describe('images per step of that, from 1'),
  encoder_lr: z.number().gt(0).default(1e-4).describe('learning rate of that (Adam), above 0'),
  l2_loss_scale: z.number().min(0).default(10).describe('weight of the difference that is seen, against the bits, at its height, from 0'),
  l2_loss_delay: z
    .int()
    .min(0)
    .default(1000)
    .describe('steps after 90 % of the bits were first read until that weight begins to grow, from 0'),
  l2_loss_ramp: z.int().min(1).default(3000).describe('steps in which it grows to its height, from 1'),
});

const descriptionSchema = z.strictObject({
  kind: z.literal(NAME),
  imageShape: imageShapeSchema,
  /** The bits that are hidden in every image. */
  secret: z.string().regex(/^[01]{1,1024}$/),
});

/** A secret that a network hides in every image, in each in another way. */
export const ssba: Attack<typeof options, PoisonedData> = {
  name: NAME,
  title: 'SSBA',
  summary:
    'Hides the same bits in a share of the training images, in each in a way of its own, and gives them the label that the attacker wants.',
  paper: {
    title: 'Invisible Backdoor Attack with Sample-Specific Triggers',
    authors: 'Li, Li, Wu, Li, He, Lyu',
    venue: 'ICCV',
    year: 2021,
  },
  threat: 'data-and-network',
  options,
  preparation: {
    options: ['secret_bits', 'encoder_epochs', 'encoder_batch_size', 'encoder_lr', 'l2_loss_scale', 'l2_loss_delay', 'l2_loss_ramp'],
    needsModel: false,
    async prepare(train, own, context) {
      checkLabelMap(dirtyLabelMap(own), train.classes.length);
      const training = {
        bits: own.secret_bits,
        epochs: own.encoder_epochs,
        batchSize: own.encoder_batch_size,
        rate: own.encoder_lr,
        weight: own.l2_loss_scale,
        delay: own.l2_loss_delay,
        ramp: own.l2_loss_ramp,
      };
      const { parameters, quality } = await trainEncoder(train, training, context);
      const { accuracy, psnr } = quality;
      const read = `${(100 * accuracy).toFixed(1)} % of the hidden bits are read, at a PSNR of ${psnr.toFixed(1)} dB`;
      if (accuracy < GOOD.accuracy || psnr < GOOD.psnr) context.note?.(`the encoder is weak: ${read}; train it for more epochs`);
      return { ...parameters, quality: float32([2], [accuracy, psnr]) };
    },
  },
  async poison(train, own, context) {
    const { quality: _, ...parameters } = context.prepared ?? {};
    const secret = Array.from(drawBits(own.secret_bits, context.random.fork('secret'))).join('');
    const trigger = encoderTrigger(train.imageShape, secret, parameters);
    return poisonDirtyLabel(train, { pratio: own.pratio, labelMap: dirtyLabelMap(own), trigger }, context);
  },
  restoreTrigger(description, tensors) {
    const { imageShape, secret } = readUntrusted(descriptionSchema, description, 'the trigger');
    return encoderTrigger(imageShape, secret, tensors);
  },
};

/** What an encoder should reach on images that it has not seen. */
const GOOD = { accuracy: 0.95, psnr: 25 };

/** @throws UserError when the parameters are not an encoder's for so many bits. */
function encoderTrigger(imageShape: ImageShape, secret: string, parameters: Tensors | undefined): Trigger {
  const graph = withStoredParameters(encoderGraph(imageShape, secret), parameters, ENCODER);
  return {
    description: { kind: NAME, imageShape: [...imageShape], secret },
    tensors: parameters,
    apply: (images, engine) => applyNetwork(engine, graph, images, imageShape),
  };
}

/** Pixels to pixels with the secret in them; its parameters are to be replaced. */
export function encoderGraph(imageShape: ImageShape, secret: string): Graph {
  const bits = Array.from(secret, Number);
  const builder = new GraphBuilder('ssba:trigger');
  const images = builder.input('images', 'float32', ['N', ...imageShape]);
  const zeros = builder.mul(builder.reduceMean(builder.flatten(images), [1], true), builder.scalar(0));
  const secrets = builder.add(zeros, builder.constant(float32([1, bits.length], bits)));
  builder.output(encode(builder, images, secrets, imageShape, bits.length, new Random(0)), 'stego');
  return builder.build();
}
