import { UserError } from '../../core/errors.js';
import { float32 } from '../../core/tensor.js';
import { string } from '../../onnx/builder.js';
import { gelu } from '../activations.js';
import { constant, glorotUniform, type Initialisation, lecunNormal, normal, uniformByInputs } from '../init.js';
import type { Layers, Maps } from '../layers.js';
import { addTokens, applyEach, firstToken, layerNorm, linearEach, type Tokens, tokensOf } from '../tokens.js';
import { type Architecture, assembleNetwork, type Shapes, sized } from './architecture.js';
import { readSizes } from './read-sizes.js';

/** Width of one attention head, in all published sizes but the largest. */
const HEAD = 64;
const PATCH = 16;
/** Side of the images that the network itself takes; others are resized to it. */
const SIDE = 224;

const initialisation: Initialisation = {
  conv: lecunNormal,
  convBias: constant(0),
  linear: glorotUniform,
  linearBias: normal(1e-6),
};

/** softmax(q kᵀ / √head) v for each head. */
function attend(layers: Layers, x: Tokens, path: string): Tokens {
  const { builder } = layers;
  const { count, width } = x;
  const heads = width / HEAD;
  const fans = { in: width, out: 3 * width };
  const weight = layers.parameter(`${path}.in_proj_weight`, [3 * width, width], glorotUniform, fans);
  const bias = layers.parameter(`${path}.in_proj_bias`, [3 * width], constant(0));
  const projected = linearEach(layers, x, `${path}.in_proj`, 3 * width, [weight, bias]);
  const parts = builder.transpose(builder.reshape(projected.value, [-1, count, 3, heads, HEAD]), [2, 0, 3, 1, 4]);
  const [queries, keys, values] = [0, 1, 2].map((part) => builder.squeeze(builder.slice(parts, [part], [part + 1], [0]), [0]));
  const scores = builder.mul(builder.matmul(queries, builder.transpose(keys, [0, 1, 3, 2])), builder.scalar(1 / Math.sqrt(HEAD)));
  const mixed = builder.transpose(builder.matmul(builder.softmax(scores), values), [0, 2, 1, 3]);
  const out = layers.parameter(`${path}.out_proj.weight`, [width, width], uniformByInputs, { in: width, out: width });
  const shift = layers.parameter(`${path}.out_proj.bias`, [width], constant(0));
  return linearEach(layers, { ...x, value: builder.reshape(mixed, [-1, count, width]) }, `${path}.out_proj`, width, [out, shift]);
}

function encoderLayer(layers: Layers, x: Tokens, path: string): Tokens {
  const attended = addTokens(layers, attend(layers, layerNorm(layers, x, `${path}.ln_1`), `${path}.self_attention`), x);
  const inner = layerNorm(layers, attended, `${path}.ln_2`);
  const hidden = applyEach(layers, linearEach(layers, inner, `${path}.mlp.0`, 4 * x.width), gelu);
  return addTokens(layers, attended, linearEach(layers, hidden, `${path}.mlp.3`, x.width));
}

/** A learned token in front of those of the patches, and to each the vector that says where it is. */
function withPositions(layers: Layers, patches: Tokens, token: string): Tokens {
  const { builder } = layers;
  const { width, count } = patches;
  const position = layers.parameter('encoder.pos_embedding', [1, count + 1, width], normal(0.02));
  // Both parts padded to all tokens and added up: the token need not be repeated for each image of a batch.
  const behind = builder.pad(patches.value, [0, 1, 0, 0, 0, 0]);
  const value = builder.add(builder.add(behind, builder.pad(token, [0, 0, 0, 0, count, 0])), position);
  return { value, count: count + 1, width };
}

/** Bilinear, without aligned corners and without smoothing, as PyTorch resizes a tensor. */
function resized({ builder }: Layers, { value, shape: [channels, height, width] }: Maps, side: number): Maps {
  if (height === side && width === side) return { value, shape: [channels, height, width] };
  const attributes = { mode: string('linear'), coordinate_transformation_mode: string('half_pixel') };
  const scales = builder.constant(float32([4], [1, 1, side / height, side / width]));
  return { value: builder.op('Resize', [value, '', scales], attributes)[0], shape: [channels, side, side] };
}

const architecture = { name: 'vit_b_16', width: 768, depths: [12] };

export const vitB16: Architecture = {
  ...architecture,
  title: 'ViT-B/16',
  summary: 'Vision transformer on patches of 16 x 16 pixels; images of other sizes are resized to 224 x 224 inside.',
  paper: {
    title: 'An Image Is Worth 16x16 Words: Transformers for Image Recognition at Scale',
    authors: 'Dosovitskiy, Beyer, Kolesnikov et al.',
    venue: 'ICLR',
    year: 2021,
  },
  source: 'torchvision',
  imageShape: [3, 224, 224],
  build(options) {
    const { name, width, depths } = sized(architecture, options, { least: 1, most: 1 });
    if (width % HEAD !== 0)
      throw new UserError(`'${architecture.name}' has a width that is a multiple of ${HEAD}, not ${width}; choose another`);
    const side = Number(options.details?.side ?? SIDE);
    return assembleNetwork(name, options, initialisation, (layers, image) => {
      const token = layers.parameter('class_token', [1, 1, width], constant(0));
      const whole = resized(layers, image, side);
      const patches = layers.conv(whole, 'conv_proj', { to: width, kernel: PATCH, stride: PATCH, pad: 0, bias: true });
      let x = withPositions(layers, tokensOf(layers, patches), token);
      for (let layer = 0; layer < depths[0]; layer++) x = encoderLayer(layers, x, `encoder.layers.encoder_layer_${layer}`);
      const features = firstToken(layers, layerNorm(layers, x, 'encoder.ln'));
      return layers.linear(features, 'heads.head', options.classes);
    });
  },
  read(shapes) {
    const sizes = readSizes(shapes, {
      stem: 'conv_proj.weight',
      head: 'heads.head.weight',
      block: /^encoder\.layers\.encoder_layer_(\d+)\./,
    });
    const side = sideOf(shapes);
    return { ...sizes, ...(side !== undefined && side !== SIDE && { details: { side } }) };
  },
  // Published weights are from before the layers of the MLP were counted.
  rename: (name) => name.replace(/\.mlp\.linear_([12])\./, (_, layer) => `.mlp.${layer === '1' ? 0 : 3}.`),
};

/** From the number of positions, one of which is that of the class token. */
function sideOf(shapes: Shapes): number | undefined {
  const positions = shapes.get('encoder.pos_embedding')?.[1];
  return positions === undefined ? undefined : Math.round(Math.sqrt(positions - 1)) * PATCH;
}
