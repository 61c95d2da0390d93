import { normalBelow, normalDensity } from '../../core/normal.js';

/** What is known of each image: mean and variance, over maps, of the margin by which the network is right about it. */
export interface Margins {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

/** How many of all images a map will have been wrong on, in the end. */
export interface Forecast {
  readonly mean: number;
  readonly variance: number;
}

/** Keeps an image on which all maps gave the same margin from counting as certain. */
const LEAST_VARIANCE = 0.01;
/** How many maps what was known of an image before weighs as, when it is brought up to date. */
const PRIOR_MAPS = 8;
const ITERATIONS = 6;

/**
 * The margins of one layer: y of map c on image i, where seen, and the model
 *
 *   y = m_i - s_i (a_c + e),   e standard normal,   a_c normal with mean μ and variance τ²,
 *
 * m_i and s_i² the image's mean margin and variance, a_c the map's severity in units of s. The network is wrong where y < 0. For
 * known m and s the severity of a map that was seen on n images is normal with precision n + 1/τ² and mean
 * (Σ (m_i - y)/s_i + μ/τ²) / (n + 1/τ²); μ and τ² are fitted to all maps of the layer (empirical Bayes).
 */
export class RaceModel {
  readonly #margins: Margins;
  readonly #seen: readonly Float64Array[];
  /** Severity of each map, mean and variance. */
  readonly #severity: Float64Array;
  readonly #doubt: Float64Array;
  #mean = 0;

  /**
   * @param seen margins by map and image, NaN where not seen; what is written there later counts from the next {@link fit} on.
   * @param margins what is known of the images beforehand.
   */
  constructor(seen: readonly Float64Array[], margins: Margins) {
    this.#seen = seen;
    this.#margins = margins;
    this.#severity = new Float64Array(seen.length);
    this.#doubt = new Float64Array(seen.length).fill(1);
  }

  /** Fits severities to what was seen. */
  fit(): void {
    const { mean, variance } = this.#margins;
    const sums = this.#seen.map((row) => {
      let [sum, count] = [0, 0];
      row.forEach((margin, i) => {
        if (Number.isNaN(margin)) return;
        sum += (mean[i] - margin) / Math.sqrt(variance[i]);
        count++;
      });
      return { sum, count };
    });
    let spread = 0.2;
    this.#mean = 0;
    for (let iteration = 0; iteration < ITERATIONS; iteration++) {
      sums.forEach(({ sum, count }, map) => {
        const precision = count + 1 / spread;
        this.#severity[map] = (sum + this.#mean / spread) / precision;
        this.#doubt[map] = 1 / precision;
      });
      this.#mean = average(this.#severity);
      const around = this.#severity.map((severity, map) => (severity - this.#mean) ** 2 + this.#doubt[map]);
      spread = Math.max(LEAST_VARIANCE, average(around));
    }
  }

  /**
   * How many images a map is wrong on: those seen, and the unseen by their chances p_i = Φ((a - m_i/s_i) / √(1 + var a)). Given the
   * severity they are independent, which makes Σ p_i (1 - p_i); that the severity is not known adds the variance of their
   * sum's mean, (Σ dp_i/da)² var a.
   */
  forecast(map: number): Forecast {
    const { mean, variance } = this.#margins;
    const scale = Math.sqrt(1 + this.#doubt[map]);
    let [wrong, spread, slope] = [0, 0, 0];
    this.#seen[map].forEach((margin, i) => {
      if (!Number.isNaN(margin)) {
        if (margin < 0) wrong++;
        return;
      }
      const z = (this.#severity[map] - mean[i] / Math.sqrt(variance[i])) / scale;
      const chance = normalBelow(z);
      wrong += chance;
      spread += chance * (1 - chance);
      slope += normalDensity(z);
    });
    return { mean: wrong, variance: spread + slope * slope * this.#doubt[map] };
  }

  /**
   * Images in the order in which they tell most of the given maps: by the variance p (1 - p) of being wrong, at the maps' mean severity.
   * @param maps none stands for all, before anything was seen.
   */
  byInformation(maps: readonly number[]): number[] {
    const { mean, variance } = this.#margins;
    const severity = maps.length === 0 ? this.#mean : average(maps.map((map) => this.#severity[map]));
    const information = Array.from(mean, (m, i) => {
      const chance = normalBelow(severity - m / Math.sqrt(variance[i]));
      return chance * (1 - chance);
    });
    return information.map((_, i) => i).sort((a, b) => information[b] - information[a] || a - b);
  }

  /** What is known of the images after this layer, with each map's margins brought to severity 0. */
  margins(): Margins {
    const { mean, variance } = this.#margins;
    const images = mean.length;
    const updated = { mean: new Float64Array(images), variance: new Float64Array(images) };
    for (let i = 0; i < images; i++) {
      const deviation = Math.sqrt(variance[i]);
      const levelled = this.#seen.flatMap((row, map) => (Number.isNaN(row[i]) ? [] : [row[i] + deviation * this.#severity[map]]));
      const centre = (sum(levelled) + PRIOR_MAPS * mean[i]) / (levelled.length + PRIOR_MAPS);
      const squares = sum(levelled.map((margin) => (margin - centre) ** 2));
      updated.mean[i] = centre;
      updated.variance[i] = Math.max(LEAST_VARIANCE, (squares + PRIOR_MAPS * variance[i]) / (levelled.length + PRIOR_MAPS));
    }
    return updated;
  }
}

/** What a layer that was seen on all images tells of them. @param rows margins of each map, all images each. */
export function marginsOf(rows: readonly ArrayLike<number>[]): Margins {
  const images = rows[0].length;
  const mean = Float64Array.from({ length: images }, (_, i) => average(rows.map((row) => row[i])));
  const variance = mean.map((centre, i) => average(rows.map((row) => (row[i] - centre) ** 2)) + LEAST_VARIANCE);
  return { mean, variance };
}

function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i];
  return total;
}

function average(values: ArrayLike<number>): number {
  return sum(values) / values.length;
}
