/**
 * Antidote as a library. Start an engine with {@link createEngine}, load data with {@link findDataSource} and a model with
 * {@link loadRunnableModel}, then call {@link repairModel}, {@link evaluateModel} or {@link plantBackdoor}. Nothing here prints; long
 * work takes a {@link Control} with a progress listener and an abort signal.
 */

// Methods.
export type {
  Attack,
  AttackContext,
  LabelMap,
  Poisoned,
  PoisonedData,
  PoisonedTraining,
  Preparation,
  Threat,
  Trigger,
} from './attacks/attack.js';
export { badnets } from './attacks/badnets.js';
export { attacks, findAttack, triggerFrom } from './attacks/registry.js';
export { type Backdoor, type TriggeredTestSet, triggeredTestSet } from './attacks/triggered.js';
// The pieces that everything is made of.
export { gradient } from './autodiff/gradient.js';
export { Interrupted, UserError } from './core/errors.js';
export type { Method, Paper } from './core/method.js';
export type { Control, Progress, ProgressEvent } from './core/progress.js';
export { Random } from './core/random.js';
export { version } from './core/version.js';
// Data.
export { type Dataset, imageAt, sizeOfDataset, subset } from './data/dataset.js';
export { openRecord, type RecordFolder, readTriggered, type TriggeredPictures } from './data/node/backdoorbench.js';
export { type OpenOptions, openData } from './data/node/open-source.js';
export { dataSources, findDataSource } from './data/node/registry.js';
export { type Amount, split, stratified } from './data/sample.js';
export type { DataSource, DatasetParts, LoadOptions } from './data/source.js';
export type { Defense, DefenseContext, DefenseTask, FeatureMap, Repair } from './defenses/defense.js';
export { fmp } from './defenses/fmp/index.js';
export { ft } from './defenses/ft.js';
export { defenses, findDefense } from './defenses/registry.js';
// Files of PyTorch and others.
export { type BackdoorBenchRecord, type PoisonedImage, type PoisonedSet, readBackdoorBench } from './formats/backdoorbench.js';
export { type Checkpoint, loadCheckpoint } from './formats/checkpoint.js';
export { readNpy, writeNpy } from './formats/numpy/npy.js';
export { inHalf, readSafetensors, type TensorFile, widenHalves, writeSafetensors } from './formats/safetensors.js';
export { writeTorch } from './formats/torch/write.js';
// Jobs.
export { makeResult, type ResultFrame, type Surroundings } from './jobs/assemble.js';
export { readBackdoor, type StoredBackdoor } from './jobs/backdoor-file.js';
export { drawClean } from './jobs/clean.js';
export { type EvaluateTask, evaluateModel } from './jobs/evaluate.js';
export { Meter, type PhaseRecord } from './jobs/meter.js';
export { type NetworkOptions, networkOptions } from './jobs/network.js';
export { checkpointFile } from './jobs/node/checkpoint-file.js';
export { checkSaved, loadModel, loadRunnableModel, saveModel } from './jobs/node/models.js';
export { type AttackRun, runAttack } from './jobs/node/run-attack.js';
export { type DemoRun, runDemo } from './jobs/node/run-demo.js';
export { type EvaluateRun, runEvaluate } from './jobs/node/run-evaluate.js';
export { type Run, renderRun, type SavedRun, saveRun } from './jobs/node/run-folder.js';
export { runInspect } from './jobs/node/run-inspect.js';
export { type RepairRun, runRepair } from './jobs/node/run-repair.js';
export { loadCheckpointFile, type StateOptions, saveState } from './jobs/node/state-files.js';
export { residentMemory, surroundingsOf } from './jobs/node/surroundings.js';
export { listZoo, loadZooBackdoor, loadZooModel } from './jobs/node/zoo.js';
export { type PicturesTask, takePictures } from './jobs/pictures.js';
export { type Planted, type PlantTask, plantBackdoor } from './jobs/plant.js';
export { type Repaired, type RepairTask, repairModel } from './jobs/repair.js';
export { type TrainedClean, type TrainTask, trainClean } from './jobs/train-clean.js';
export { type TrainingOptions, trainingOptions } from './jobs/training-options.js';
export type { ZooEntry } from './jobs/zoo-entry.js';
// Measurements and reports.
export { defenseEffectivenessRating } from './metrics/der.js';
export { accuracy, type DetailedMeasurement, type Measurement, measure } from './metrics/measure.js';
// Models and where they run.
export type { Classifier } from './nn/classifier.js';
export type { PixelOptions } from './nn/import/convention.js';
export { type Imported, importClassifier } from './nn/import/import.js';
export type { InspectedClassifier, InspectedLayer, InspectedOperator, Inspection } from './nn/import/inspect.js';
export type { ModelFile, Origin } from './nn/import/origin.js';
export { decodeClassifier, encodeClassifier } from './nn/onnx-file.js';
export { type PreActResNetOptions, preActResNet } from './nn/preactresnet.js';
export { type Images, Predictor } from './nn/predict.js';
export { loadStateDict, stateDict } from './nn/state-dict.js';
export type { Architecture, BuildOptions } from './nn/zoo/architecture.js';
export { architectures, findArchitecture } from './nn/zoo/registry.js';
export { GraphBuilder } from './onnx/builder.js';
export { renderReport } from './report/html.js';
export type { Pictures, Prediction, Sample } from './report/pictures.js';
export { type Result, readResult, type Scores } from './report/result.js';
export { summaryTable } from './report/summary-table.js';
export { writeResult } from './report/write.js';
export type { Device, Engine, Program } from './runtime/engine.js';
export { type DeviceReport, listDevices } from './runtime/node/devices.js';
export { createEngine, type EngineOptions } from './runtime/node/engine.js';
export { traceShapes } from './runtime/trace.js';
export type { CheckpointStore } from './train/checkpoint.js';
export { type EpochRecord, type TrainOptions, train } from './train/loop.js';
export { adam } from './train/optimizers/adam.js';
export { sgd } from './train/optimizers/sgd.js';
export { cosine, multiStep, oneCycle, stepwise } from './train/schedules.js';
