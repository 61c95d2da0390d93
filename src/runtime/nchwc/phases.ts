/** One axis of a transposed convolution: from `input` positions to `output` ones. */
export interface TransposedAxis {
  readonly input: number;
  readonly output: number;
  readonly kernel: number;
  readonly stride: number;
  /** 1 unless the stride is. */
  readonly dilation: number;
  /** Positions cropped before the first. */
  readonly pad: number;
}

/** A convolution of stride 1 that computes every s-th position. */
export interface Phase {
  /** Taps of the kernel in the order in which it reads them. */
  readonly taps: readonly number[];
  /** Zeros around the input. */
  readonly before: number;
  readonly after: number;
}

export interface Axis {
  /** Those with taps; at stride s there are s, or fewer where the kernel is smaller. */
  readonly phases: readonly Phase[];
  /** Positions that each of them computes. */
  readonly length: number;
  /** Which of the phases computes an output position, and as which of its own. */
  place(position: number): { readonly phase: number; readonly position: number };
}

/**
 * Takes a transposed convolution along one axis apart: x[j] = Σ_k w[k] · y[i] over i·s + k·d - p = j. With j = s·t + r that wants
 * k = k_r + s·m, where k_r = (r + p) mod s, and i = t + q_r - m·d, where q_r = ⌊(r + p) / s⌋:
 *
 *   x[s·t + r] = Σ_m w[k_r + s·m] · y[t + q_r - m·d],
 *
 * so phase r is a convolution with its taps turned round, padded by d(M - 1) - q_r before. All phases compute equally many positions.
 * A position of a phase without taps is zero; a phase that has some then computes one more position, behind its input, for it.
 * @returns undefined where something would have to be cropped.
 */
export function phasesOf({ input, output, kernel, stride, dilation, pad }: TransposedAxis): Axis | undefined {
  const all = Array.from({ length: stride }, (_, remainder) => {
    const first = (remainder + pad) % stride;
    const count = Math.max(0, Math.ceil((kernel - first) / stride));
    const taps = Array.from({ length: count }, (_, m) => first + stride * (count - 1 - m));
    const reach = dilation * (count - 1);
    return { remainder, taps, reach, before: reach - Math.floor((remainder + pad) / stride) };
  });
  const used = all.filter(({ taps }) => taps.length > 0);
  const positions = Math.ceil(output / stride);
  const length = used.length < stride ? Math.max(positions, ...used.map(({ before }) => input + before + 1)) : positions;
  const phases = used.map(({ taps, reach, before }) => ({ taps, before, after: length + reach - input - before }));
  if (phases.some(({ before, after }) => before < 0 || after < 0)) return undefined;
  const place = (position: number) => {
    const phase = used.findIndex(({ remainder }) => remainder === position % stride);
    return phase < 0 ? { phase: 0, position: length - 1 } : { phase, position: Math.floor(position / stride) };
  };
  return { phases, length, place };
}
