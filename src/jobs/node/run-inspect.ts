import type { PixelOptions } from '../../nn/import/convention.js';
import { type Inspection, inspectModel } from '../../nn/import/inspect.js';
import { readModel } from '../../onnx/read.js';
import { createEngine } from '../../runtime/node/engine.js';
import { openModelFile } from './models.js';

/**
 * Looks at a model file, on the CPU; see {@link inspectModel}.
 * @throws UserError when the file is missing or damaged, or no ONNX model.
 */
export async function runInspect(path: string, pixels: PixelOptions = {}): Promise<Inspection> {
  const file = await openModelFile(path);
  const model = readModel(file.bytes, path, file.external);
  const engine = await createEngine({ device: 'cpu' });
  try {
    return await inspectModel(engine, file, model, pixels);
  } finally {
    await engine.close();
  }
}
