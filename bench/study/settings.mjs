// Sizes of the study, data set by data set: as large as two cores can train in the time, see docs/results/.

/** Options of `plantBackdoor` and numbers of images; `held` are training images that neither attacker nor defender sees. */
export const settings = {
  mnist: {
    images: 12_000,
    clean: 1_200,
    held: 3_000,
    network: { width: 8, depths: [1, 1, 1, 1] },
    training: { epochs: 3, batch_size: 64, lr: 0.1, lr_scheduler: 'OneCycleLR', onecycle_start_divisor: 5, crop_padding: 0 },
    scan: { eps: 0.15, alpha: 0.05, scan_images: 64, trigger_images: 64, trigger_rows: 160 },
    fineTune: { epochs: 5 },
  },
  cifar10: {
    images: 25_000,
    clean: 2_500,
    held: 2_500,
    network: { width: 16, depths: [2, 2, 2, 2] },
    training: { epochs: 8, batch_size: 128, lr: 0.1, lr_scheduler: 'OneCycleLR', onecycle_start_divisor: 5, horizontal_flip: true },
    scan: { eps: 0.06, alpha: 0.02, scan_images: 64 },
    fineTune: { epochs: 5, crop_padding: 4, horizontal_flip: true },
  },
  gtsrb: {
    images: 26_000,
    clean: 1_290,
    held: 2_600,
    network: { width: 16, depths: [2, 2, 2, 2] },
    training: { epochs: 10, batch_size: 128, lr: 0.1, lr_scheduler: 'OneCycleLR', onecycle_start_divisor: 5 },
    scan: { eps: 0.06, alpha: 0.02, scan_images: 64 },
    fineTune: { epochs: 5, crop_padding: 4 },
  },
};

/** What differs from an attack's own defaults. */
export const attackOptions = { badnets: {}, blended: {}, sig: { clean_label: false }, wanet: { s: 1 } };
