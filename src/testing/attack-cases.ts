import { tensor } from '../core/tensor.js';
import type { Tensors } from '../runtime/engine.js';

/** What the conformance test needs to know of an attack: options that each make a case of its own, and options that it must refuse. */
export interface AttackCase {
  readonly accepted: readonly Readonly<Record<string, unknown>>[];
  /** By the schema. */
  readonly refused: readonly Readonly<Record<string, unknown>>[];
  /** What stands for what the attack would prepare when the digest is taken, as that may differ in its last digits from one processor to another. */
  readonly prepared?: Tensors;
  /** SHA-256 of what the trigger of the first case makes of a known image, seed 7; absent where a network makes it. */
  readonly digest?: string;
}

const wrongRatios = [{ pratio: 0 }, { pratio: 1.1 }, { pratio: 'all' }, { attack_target: -1 }, { attack_target: 1.5 }];
const wrongLabels = [...wrongRatios, { attack_label_trans: 'one2all' }];

/** A pattern for images of 3 x 32 x 32. */
const ramp = tensor(
  'uint8',
  [3, 32, 32],
  Uint8Array.from({ length: 3072 }, (_, i) => i % 52),
);

/** By name; the conformance test fails for an attack without a case. */
export const attackCases: Readonly<Record<string, AttackCase>> = {
  badnets: {
    accepted: [{}, { attack_label_trans: 'all2all' }, { pattern: 'grid', patch_position: 'top-left' }],
    refused: [...wrongLabels, { patch_size: 0 }, { patch_value: 256 }],
    digest: 'eebc49a0f541c7e037015929db17f81e978e582054a225bee7d89dac1f401938',
  },
  blended: {
    accepted: [{}, { attack_label_trans: 'all2all', trigger_picture: 'noise' }, { attack_test_blended_alpha: 0.3 }],
    refused: [...wrongLabels, { attack_train_blended_alpha: 0 }, { attack_test_blended_alpha: 1.1 }, { trigger_picture: 'cat' }],
    digest: 'c798eaeab88b5967d2fd144361947383d9e427cd95445860e3aed7ef7e5b4a19',
  },
  sig: {
    accepted: [{}, { clean_label: false, pratio: 0.3 }, { sig_delta: 10, sig_f: 2 }],
    refused: [...wrongRatios, { clean_label: 1 }, { sig_delta: 0 }, { sig_delta: 256 }, { sig_f: 0 }],
    digest: '970470bac7adfaca60d18b81547f7bc6b3dfc7242dab662928b7fa2e72c183d9',
  },
  ftrojan: {
    accepted: [{}, { attack_label_trans: 'all2all', magnitude: 100 }, { window_size: 16 }],
    refused: [...wrongLabels, { magnitude: 0 }, { window_size: 1 }],
    digest: 'b2fa2326b2826aab0e47c1b13acfb87a246984b767032682a2aaffda702f4f3b',
  },
  lf: {
    accepted: [
      { lf_images: 8, lf_passes: 2 },
      { lf_images: 4, lf_passes: 1, lf_strength: 0.1, attack_label_trans: 'all2all' },
    ],
    refused: [...wrongLabels, { lf_strength: 0 }, { lf_images: 0 }, { lf_passes: 0 }, { lf_fooling_rate: 0 }],
    prepared: { pattern: ramp },
    digest: 'a2c2dc759a2a9bedc021213f91b75deba999edbe061b9779190416d77f60d735',
  },
  trojannn: {
    accepted: [{ mask_update_iters: 3 }, { mask_update_iters: 2, num_neuron: 1, overflow: 'clip', attack_label_trans: 'all2all' }],
    refused: [...wrongLabels, { num_neuron: 0 }, { neuron_target_values: 0 }, { mask_update_iters: 0 }, { overflow: 'saturate' }],
    prepared: { pattern: ramp },
    digest: '2b83ae9e66be854d3947f182c85e0799b28d796c61dc4cf2134b56ac9f057267',
  },
  lc: {
    accepted: [{ lc_steps: 2 }, { lc_steps: 1, pratio: 0.2, reduced_amplitude: 0.5, lc_eps: 16, attack_target: 3 }],
    refused: [...wrongRatios, { reduced_amplitude: 0 }, { reduced_amplitude: 1.1 }, { lc_eps: -1 }, { lc_alpha: 0 }, { lc_steps: 0 }],
    prepared: { images: tensor('uint8', [4, 3, 32, 32], new Uint8Array(4 * 3072)) },
    digest: '08e87b0fe42f8a4b6b662bca14aaa37c019cac3a47b301a602cbdabf116e387f',
  },
  ssba: {
    accepted: [{ encoder_epochs: 1, encoder_batch_size: 18, secret_bits: 4 }],
    refused: [...wrongLabels, { secret_bits: 0 }, { encoder_epochs: 0 }, { encoder_batch_size: 0 }, { encoder_lr: 0 }, { l2_loss_ramp: 0 }],
  },
  inputaware: {
    accepted: [{ clean_train_epochs: 1, mask_batch_size: 20 }],
    refused: [...wrongLabels, { lr_G: 0 }, { lr_M: 0 }, { lambda_norm: -1 }, { mask_density: 1.1 }, { clean_train_epochs: 0 }],
  },
  bpp: {
    accepted: [{}, { attack_label_trans: 'all2all', dithering: true }, { squeeze_num: 16, neg_ratio: 0 }],
    refused: [...wrongLabels, { squeeze_num: 1 }, { squeeze_num: 256 }, { neg_ratio: 1.1 }],
    digest: '807ddc284323009909f2f95aa867b51d8b01aa8b4dc1d35e8e5ae058ce23ef24',
  },
  wanet: {
    accepted: [{}, { attack_label_trans: 'all2all', k: 6 }, { cross_ratio: 0, s: 1 }],
    refused: [...wrongLabels, { k: 1 }, { s: 0 }, { grid_rescale: 0 }, { cross_ratio: -1 }],
    digest: 'd6f9814ca1422918a75ffb0d6d37082c5652d27be6e848619ca18be6ad071ba5',
  },
};
