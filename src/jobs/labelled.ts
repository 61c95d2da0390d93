import type { Control } from '../core/progress.js';

/** The same control, whose progress events say whose work it is: `fine-tune` becomes `fmp: fine-tune`. */
export function labelled(control: Control, label: string): Control {
  const { progress } = control;
  return { ...control, progress: progress && ((event) => progress({ ...event, phase: `${label}: ${event.phase}` })) };
}
