import { checkpointFile } from '../jobs/node/checkpoint-file.js';
import { encodeClassifier } from '../nn/onnx-file.js';
import { createEngine } from '../runtime/node/engine.js';
import { writeFileAtomic } from '../runtime/node/files.js';
import { train } from '../train/loop.js';
import { adam } from '../train/optimizers/adam.js';
import { oneCycle } from '../train/schedules.js';
import { madeUpBatches, tinyNetwork } from './batches.js';

// A process of its own that trains a tiny network, for tests that kill it: node train-child.js <checkpoint> <result>.
// Prints a line before and after each checkpoint is written.

const [checkpoint, result] = process.argv.slice(2);
const engine = await createEngine({ device: 'cpu', threads: 1 });
const network = tinyNetwork();
const epochs = 8;
const source = madeUpBatches(network, { batchSize: 6, batchesPerEpoch: 12 });
const store = checkpointFile(checkpoint);
const { classifier, history } = await train(engine, network, source, {
  epochs,
  optimizer: adam({ weightDecay: 1e-4 }),
  schedule: oneCycle({ peak: 0.02, steps: epochs * source.batchesPerEpoch }),
  checkpoints: {
    ...store,
    save: async (bytes) => {
      process.stdout.write('saving\n');
      await store.save(bytes);
      process.stdout.write('saved\n');
    },
  },
});
const losses = { losses: JSON.stringify(history.map(({ loss }) => loss)) };
await writeFileAtomic(result, encodeClassifier(classifier, losses));
await engine.close();
