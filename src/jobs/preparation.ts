import type { Attack, AttackContext } from '../attacks/attack.js';
import { UserError } from '../core/errors.js';
import { sha256 } from '../core/hash.js';
import { type Dataset, sizeOfDataset } from '../data/dataset.js';
import { readSafetensors, writeSafetensors } from '../formats/safetensors.js';
import type { Classifier } from '../nn/classifier.js';
import { encodeClassifier } from '../nn/onnx-file.js';
import type { Tensors } from '../runtime/engine.js';
import { checkFit } from './repair.js';

/** Where what attacks prepare is kept, so that it is made once. Saving must replace the old one whole or not at all. */
export interface PreparationCache {
  /** How a person finds what is kept under a key: a file name. */
  nameOf(key: string): string;
  load(key: string): Promise<Uint8Array | undefined>;
  save(key: string, bytes: Uint8Array): Promise<void>;
}

/** What an attack prepared, and what it all depended on. */
export interface Prepared {
  readonly tensors: Tensors;
  /** SHA-256 of attack, options, data, seed, clean model and device. */
  readonly key: string;
}

/**
 * Makes what an attack needs before it can poison, or takes it from the cache.
 * @returns undefined for an attack that needs nothing.
 * @throws UserError when the attack needs a clean model and there is none, or it does not fit the images; as the attack does.
 */
export async function prepareAttack(
  attack: Attack,
  train: Dataset,
  options: Readonly<Record<string, unknown>>,
  { model, cache, seed, ...context }: AttackContext & { model?: Classifier; cache?: PreparationCache; seed: number },
): Promise<Prepared | undefined> {
  const { preparation } = attack;
  if (!preparation) return undefined;
  if (preparation.needsModel && !model) {
    throw new UserError(
      `${attack.title} starts from a clean model of the same images; train one with 'antidote train', and give it with --clean-model`,
    );
  }
  if (model) checkFit(model, train);
  const { name, split, checksums } = train;
  const made = {
    attack: attack.name,
    options: Object.fromEntries(preparation.options.map((option) => [option, options[option]])),
    data: { name, split, images: sizeOfDataset(train), shape: train.imageShape, checksums },
    model: model && (await sha256(Uint8Array.from(encodeClassifier(model)))),
    device: context.engine.device,
    seed,
  };
  const key = await sha256(new TextEncoder().encode(JSON.stringify(made)));
  const kept = await cache?.load(key);
  if (kept) return { tensors: Object.fromEntries(readSafetensors(kept, cache?.nameOf(key) ?? key).tensors), key };
  const tensors = await preparation.prepare(train, options, { ...context, model });
  await cache?.save(key, writeSafetensors({ tensors: new Map(Object.entries(tensors)), metadata: { made: JSON.stringify(made) } }));
  return { tensors, key };
}
