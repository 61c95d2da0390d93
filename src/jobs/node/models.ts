import { UserError } from '../../core/errors.js';
import type { Classifier } from '../../nn/classifier.js';
import { decodeClassifier, encodeClassifier } from '../../nn/onnx-file.js';
import type { Engine } from '../../runtime/engine.js';
import { readFileBounded, writeFileAtomic } from '../../runtime/node/files.js';

/** An ONNX file cannot be larger: it is a protobuf message. */
const LIMIT = 2 ** 31;

/**
 * Reads a classifier from an ONNX file.
 * @throws UserError when the file is missing or damaged, or holds no image classifier.
 */
export async function loadModel(path: string): Promise<Classifier> {
  return decodeClassifier(await readFileBounded(path, LIMIT), path);
}

/**
 * Reads a classifier from an ONNX file and makes sure that the engine can run it.
 * @throws UserError as {@link loadModel} does, and when ONNX Runtime refuses the graph.
 */
export async function loadRunnableModel(engine: Engine, path: string): Promise<Classifier> {
  const model = await loadModel(path);
  try {
    await (await engine.compile(model.graph)).release();
  } catch (error) {
    if (error instanceof UserError) throw error;
    const [line] = (error as Error).message.split('\n');
    throw new UserError(`${path}: ONNX Runtime refuses the model (${line}); export it again`);
  }
  return model;
}

/**
 * Writes a classifier as an ONNX file, whole or not at all.
 * @throws UserError when the file cannot be written.
 */
export async function saveModel(path: string, model: Classifier, metadata: Readonly<Record<string, string>> = {}): Promise<void> {
  await writeFileAtomic(path, encodeClassifier(model, metadata));
}
