import type { CifarSet } from './cifar-parts.js';
import { cifarSource } from './cifar-source.js';

const classes = `
  apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle
  bowl boy bridge bus butterfly camel can castle caterpillar cattle
  chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur
  dolphin elephant flatfish forest fox girl hamster house kangaroo keyboard
  lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle mountain
  mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree
  plain plate poppy porcupine possum rabbit raccoon ray road rocket
  rose sea seal shark shrew skunk skyscraper snail snake spider
  squirrel streetcar sunflower sweet_pepper table tank telephone television tiger tractor
  train trout tulip turtle wardrobe whale willow_tree wolf woman worm`;

const set: CifarSet = {
  name: 'cifar100',
  title: 'CIFAR-100',
  classes: classes.trim().split(/\s+/),
  images: { train: 50_000, test: 10_000 },
  labels: { bytes: 2, key: 'fine_labels' },
  forms: [
    {
      kind: 'binary',
      archive: {
        file: 'cifar-100-binary.tar.gz',
        url: 'https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz',
        md5: '03b5dce01913d631647c71ecec9e9cb8',
        bytes: 168_513_733,
      },
      folder: 'cifar-100-binary',
      train: { 'train.bin': '6172c7755cfe09b2fe270c85cebc1b15' },
      test: { 'test.bin': undefined },
    },
    {
      kind: 'python',
      archive: {
        file: 'cifar-100-python.tar.gz',
        url: 'https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz',
        md5: 'eb9058c3a382ffc7106e4002c42a8d85',
      },
      folder: 'cifar-100-python',
      train: { train: '16019d7e3df5f24257cddd939b257f8d' },
      test: { test: 'f0ef6b0ae62326f3e7ffdfab6717acfc' },
    },
  ],
};

/** CIFAR-100: as CIFAR-10, in 100 classes (the fine labels), 50,000 for training and 10,000 for testing. */
export const cifar100 = cifarSource(set);
