import type { ProgressEvent } from '../../core/progress.js';
import { duration, figure, integer } from '../../report/format.js';

/** `1,240 of 1,875 steps, 51.2/s, 12.4 s left, loss 0.081`. */
export function inWords({ done, total, unit, figures = {} }: ProgressEvent, pace: { rate: number; left: number } | undefined): string {
  const count = `${integer(done)} of ${integer(total)} ${unit}${total === 1 ? '' : 's'}`;
  const speed = pace ? [`${figure(Number(pace.rate.toPrecision(3)))}/s`] : [];
  const left = pace && done < total ? [`${duration(pace.left).replaceAll('\u00a0', ' ')} left`] : [];
  const rest = Object.entries(figures).map(([name, value]) => `${name} ${figure(Number(value.toPrecision(3)))}`);
  return [count, ...speed, ...left, ...rest].join(', ');
}
