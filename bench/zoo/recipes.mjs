// The models of the zoo: what each is made by, as arguments of the command line.

/** The demo's network. Attacks that train networks of their own see fewer images, as those networks cost far more than the classifier. */
const mnistNetwork = '--data mnist --width 8 --depths 1,1,1,1 --batch-size 64 --lr 0.1 --lr-scheduler OneCycleLR --crop-padding 0';
const mnist = `${mnistNetwork} --epochs 2`;
const fewer = `${mnistNetwork} --train-images 10000`;
const colour = '--width 16 --lr 0.1 --lr-scheduler OneCycleLR';
const cifar10 = `--data cifar10 --train-images 25000 ${colour} --epochs 10 --horizontal-flip`;

/**
 * Recipes in the order in which they are trained. `from` names the model that an attack starts from. `run` is the command
 * without folders, device and seed, which are the same for all. `study` names a model of bench/study.mjs, which is trained there.
 */
export const recipes = [
  { name: 'mnist-clean', run: `train ${mnist}` },
  { name: 'mnist-badnets', run: `attack badnets ${mnist}` },
  { name: 'mnist-blended', run: `attack blended ${mnist}` },
  { name: 'mnist-sig', run: `attack sig ${mnist} --pratio 0.09 --sig-delta 80` },
  { name: 'mnist-wanet', run: `attack wanet ${mnist} --s 1` },
  { name: 'mnist-ftrojan', run: `attack ftrojan ${mnist}` },
  { name: 'mnist-bpp', run: `attack bpp ${mnist} --squeeze-num 2` },
  { name: 'mnist-lf', run: `attack lf ${mnist}`, from: 'mnist-clean' },
  { name: 'mnist-trojannn', run: `attack trojannn ${mnist}`, from: 'mnist-clean' },
  { name: 'mnist-lc', run: `attack lc ${mnist} --pratio 0.098 --lc-steps 10`, from: 'mnist-clean' },
  { name: 'gtsrb-badnets', study: { data: 'gtsrb', attack: 'badnets', seed: 0 } },
  { name: 'cifar10-badnets', study: { data: 'cifar10', attack: 'badnets', seed: 0 } },
  { name: 'cifar10-wanet', run: `attack wanet ${cifar10} --s 1` },
  { name: 'mnist-inputaware', run: `attack inputaware ${fewer} --epochs 10 --clean-train-epochs 2` },
  {
    name: 'mnist-ssba',
    run: `attack ssba ${fewer} --epochs 8 --secret-bits 32 --encoder-epochs 6 --encoder-lr 0.001 --l2-loss-delay 100 --l2-loss-ramp 400`,
  },
];
