import type { CifarSet } from './cifar-parts.js';
import { cifarSource } from './cifar-source.js';

const set: CifarSet = {
  name: 'cifar10',
  title: 'CIFAR-10',
  classes: ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'],
  images: { train: 50_000, test: 10_000 },
  labels: { bytes: 1, key: 'labels' },
  forms: [
    {
      kind: 'binary',
      archive: {
        file: 'cifar-10-binary.tar.gz',
        url: 'https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz',
        md5: 'c32a1d4ab5d03f1284b67883e8d87530',
        bytes: 170_052_171,
      },
      folder: 'cifar-10-batches-bin',
      train: {
        'data_batch_1.bin': undefined,
        'data_batch_2.bin': undefined,
        'data_batch_3.bin': undefined,
        'data_batch_4.bin': undefined,
        'data_batch_5.bin': undefined,
      },
      test: { 'test_batch.bin': undefined },
    },
    {
      kind: 'python',
      archive: {
        file: 'cifar-10-python.tar.gz',
        url: 'https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz',
        md5: 'c58f30108f718f92721af3b95e74349a',
      },
      folder: 'cifar-10-batches-py',
      train: {
        data_batch_1: 'c99cafc152244af753f735de768cd75f',
        data_batch_2: 'd4bba439e000b95fd0a9bffe97cbabec',
        data_batch_3: '54ebc095f3ab1f0389bbae665268c751',
        data_batch_4: '634d18415352ddfa80567beed471001a',
        data_batch_5: '482c414d41f54cd18b22e5b47cb7c3cb',
      },
      test: { test_batch: '40351d587109b95175f43aff81a1287e' },
    },
  ],
};

/** CIFAR-10: colour pictures of animals and vehicles, 32 x 32 pixels, 50,000 for training and 10,000 for testing. */
export const cifar10 = cifarSource(set);
