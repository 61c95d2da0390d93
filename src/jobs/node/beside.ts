import { dirname, join } from 'node:path';
import { UserError } from '../../core/errors.js';
import { openFileSource } from '../../formats/node/file-source.js';
import type { ExternalData } from '../../onnx/external.js';

/** The files beside a model, each opened only while it is read. */
export function besideFile(model: string): ExternalData {
  return (location) => {
    const path = join(dirname(model), location);
    return {
      size: reading(model, path, ({ size }) => size),
      read: (offset, length) => reading(model, path, (source) => source.read(offset, length)),
    };
  };
}

function reading<T>(model: string, path: string, work: (source: ReturnType<typeof openFileSource>) => T): T {
  let source: ReturnType<typeof openFileSource>;
  try {
    source = openFileSource(path);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`${model}: keeps tensors in another file, but ${error.message}; it belongs beside the model`);
  }
  try {
    return work(source);
  } finally {
    source.close();
  }
}
