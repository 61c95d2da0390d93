import { counted, figure, integer, percent } from './format.js';
import { classInWords, goalInWords, modelTitle } from './models.js';
import type { DetectionRecord, FindingRecord, Result } from './result.js';

/**
 * What came out, in plain sentences and nothing but the numbers: the reader judges. Empty when the result has no scores.
 */
export function verdict(result: Result): string[] {
  const { before, after, detection } = result;
  if (detection) return scanned(result, detection);
  if (before && after) return [...compared(result), ...comparison(result), ...effort(result)];
  const only = before ?? after ?? result.ft;
  if (!only) return [];
  const share = only.asr;
  const triggered = share === undefined ? [] : [`${percent(share, 1)} of triggered images are taken for ${goalInWords(result)}.`];
  return [...triggered, `Accuracy on clean images is ${percent(only.acc, 1)}.`];
}

function scanned(result: Result, { level, target, detectors }: DetectionRecord): string[] {
  const findings = detectors.flatMap((detector) => detector.findings);
  const accuracy = result.before ? [`Accuracy on clean images is ${percent(result.before.acc, 1)}.`] : [];
  if (level === 'clear') {
    const sought = findings.map((finding) => finding.sought).join('; ');
    return ['Nothing was found.', `That is no proof that nothing is there. Looked for: ${sought}.`, ...accuracy];
  }
  const reasons = findings.filter((finding) => finding.level === level && finding.target === target);
  const certain = level === 'likely' ? 'is likely backdoored' : 'may be backdoored';
  return [
    `The model ${certain}: images seem to be led to ${target === undefined ? 'one class' : classInWords(result, target)}.`,
    ...reasons.map(inWords),
    ...accuracy,
  ];
}

/** A finding as a sentence, with how sure it is. */
export function inWords({ statement, repeats, agreeing, chance }: FindingRecord): string {
  const sure = chance === undefined ? '' : `; if all classes were alike, the chance of such an outlier would be ${figure(chance)}`;
  const agreed = repeats.length > 1 ? `; ${agreeing} of ${repeats.length} repeats name this class` : '';
  return `${statement.charAt(0).toUpperCase()}${statement.slice(1)}${agreed}${sure}.`;
}

function compared(result: Result): string[] {
  const { before, after } = result;
  if (!before || !after) return [];
  const name = result.defense ? modelTitle(result, 'after') : 'it';
  const accuracy = `accuracy on clean images changed from ${percent(before.acc, 1)} to ${percent(after.acc, 1)}.`;
  if (before.asr === undefined || after.asr === undefined) return [`With ${name}, ${accuracy}`];
  const fooled = `Before the repair ${percent(before.asr, 1)} of triggered images were taken for ${goalInWords(result)}`;
  return [`${fooled}; after ${name} ${percent(after.asr, 1)}; ${accuracy}`];
}

function comparison(result: Result): string[] {
  const { ft } = result;
  if (ft?.asr === undefined) return [];
  const title = modelTitle(result, 'ft');
  const name = title === 'FT' ? 'Plain fine-tuning (FT)' : title;
  return [`${name} on the same clean images leaves ${percent(ft.asr, 1)}, with a clean accuracy of ${percent(ft.acc, 1)}.`];
}

function effort(result: Result): string[] {
  const pruned = Object.values(result.pruned ?? {}).filter((channels) => channels.length > 0);
  if (!result.pruned) return [];
  const number = pruned.reduce((sum, channels) => sum + channels.length, 0);
  const all = Object.values(result.defense?.maps ?? {}).reduce((sum, maps) => sum + maps.length, 0);
  const share = all > 0 ? `${integer(number)} of ${counted(all, 'feature map')}` : counted(number, 'feature map');
  return [`${modelTitle(result, 'after')} pruned ${share}, in ${counted(pruned.length, 'layer')}.`];
}
