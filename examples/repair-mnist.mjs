// Plants BadNets in a small network for MNIST, repairs it with FMP, and prints the scores before and after.
import { badnets, createEngine, drawClean, evaluateModel, findDataSource, fmp, plantBackdoor, repairModel, saveModel } from 'antidote';

const engine = await createEngine({ device: 'cpu' });
const data = await findDataSource('mnist').load();
const network = { width: 8, depths: [1, 1, 1, 1] };
const training = { epochs: 1, batch_size: 32, lr: 0.1, lr_scheduler: 'OneCycleLR', onecycle_start_divisor: 5, crop_padding: 0 };

const { model, backdoor, scores } = await plantBackdoor({ engine, data, attack: badnets, network, training });
const { model: repaired } = await repairModel({ engine, model, clean: drawClean(data.train, { ratio: 0.05 }), defense: fmp });

console.log('before', scores);
console.log('after', await evaluateModel({ engine, model: repaired, test: data.test, backdoor }));
await saveModel('repaired.onnx', repaired);
await engine.close();
