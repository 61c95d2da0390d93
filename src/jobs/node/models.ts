import { basename, dirname, join } from 'node:path';
import { UserError } from '../../core/errors.js';
import type { Control } from '../../core/progress.js';
import { floats } from '../../core/tensor.js';
import type { Classifier } from '../../nn/classifier.js';
import type { PixelOptions } from '../../nn/import/convention.js';
import { squash } from '../../nn/import/head.js';
import { importClassifier } from '../../nn/import/import.js';
import { notesOn } from '../../nn/import/notes.js';
import { encodeLikeOrigin, type ModelFile } from '../../nn/import/origin.js';
import { agree, refusable, runFile, testImages } from '../../nn/import/reference.js';
import { classifierOf, decodeClassifier, encodeClassifier, isOwn } from '../../nn/onnx-file.js';
import { unitPixels } from '../../nn/pixels.js';
import { readModel } from '../../onnx/read.js';
import { type Engine, runOnce } from '../../runtime/engine.js';
import { readFileBounded, writeFileAtomic } from '../../runtime/node/files.js';
import { besideFile } from './beside.js';

/** An ONNX file cannot be larger: it is a protobuf message. */
const LIMIT = 2 ** 31;

/**
 * Reads a classifier that was written here, or that is just like one: operator set 18, pixels [N, C, H, W] in [0, 1], logits.
 * {@link loadRunnableModel} reads all others.
 * @throws UserError when the file is missing or damaged, or holds no such classifier.
 */
export async function loadModel(path: string): Promise<Classifier> {
  return decodeClassifier(await readFileBounded(path, LIMIT), path);
}

/**
 * Reads an image classifier from an ONNX file, whoever wrote it, and makes sure that the engine can run it. One that was
 * written elsewhere is compared with what is made of it on made-up images, and what was guessed about it is said in notes.
 * @param pixels what the model wants of its images; default: what the file tells.
 * @throws UserError when the file is missing or damaged, holds no image classifier, or something that is not supported.
 */
export async function loadRunnableModel(
  engine: Engine,
  path: string,
  pixels: PixelOptions = {},
  { note }: Control = {},
): Promise<Classifier> {
  const file = await openModelFile(path);
  const model = readModel(file.bytes, path, file.external);
  if (!isOwn(model)) {
    const imported = await importClassifier(engine, file, pixels, model);
    for (const line of notesOn(imported)) note?.(line);
    return imported.classifier;
  }
  const { image_size: _, open_size: __, ...others } = pixels;
  const [given] = Object.entries(others).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  if (given) throw new UserError(`${path}: was written by Antidote and says itself which pixels it takes; leave out ${given}`);
  const classifier = classifierOf(model, path);
  await refusable(file, async () => (await engine.compile(classifier.graph)).release());
  return classifier;
}

/** A model file with its bytes. */
export async function openModelFile(path: string): Promise<ModelFile> {
  return { name: path, bytes: await readFileBounded(path, LIMIT), external: besideFile(path) };
}

/**
 * Writes a classifier as an ONNX file, whole or not at all. One that came from somebody else's file becomes that file again,
 * with the classifier's weights and else unchanged; tensors that it kept beside it go to `<path>.data`.
 * @param metadata for a classifier that was built here.
 * @throws UserError when the file cannot be written.
 */
export async function saveModel(path: string, model: Classifier, metadata: Readonly<Record<string, string>> = {}): Promise<void> {
  if (!model.origin) {
    await writeFileAtomic(path, encodeClassifier(model, metadata));
    return;
  }
  const location = `${basename(path)}.data`;
  const { model: bytes, data } = encodeLikeOrigin(model, model.origin, location);
  if (data) await writeFileAtomic(join(dirname(path), location), data);
  await writeFileAtomic(path, bytes);
}

/**
 * Compares a file that {@link saveModel} wrote with the classifier, by running both on made-up images, the file as it is.
 * @throws UserError when it cannot be read any more; Error when the results differ.
 */
export async function checkSaved(engine: Engine, path: string, { origin, imageShape, classes, graph, batch }: Classifier): Promise<void> {
  if (!origin) return;
  const images = testImages(batch ?? origin.batch * Math.ceil(3 / origin.batch), imageShape);
  const stored = await runFile(engine, await openModelFile(path), origin, images);
  const [{ name: output }] = graph.outputs;
  const outputs = await runOnce(engine, graph, { [graph.inputs[0].name]: unitPixels(images, imageShape) });
  const expected = squash(floats(outputs[output]), classes, origin.squashing);
  if (!agree(expected, stored, origin.tolerance)) throw new Error(`${path}: gives other results than the model that was written to it`);
}
