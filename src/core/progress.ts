/**
 * What long work reports about itself. The library never prints: whoever started the work passes a listener
 * and draws what it likes.
 */
export interface ProgressEvent {
  /** What is being done, in a word or two: `train`, `scan layer2.0.conv1`. */
  readonly phase: string;
  /** Units finished so far. */
  readonly done: number;
  /** Units in all. */
  readonly total: number;
  /** What a unit is: `step`, `map`, `image`. */
  readonly unit: string;
  /** Seconds left, where the work knows better than its pace so far tells. */
  readonly secondsLeft?: number;
  /** Figures worth showing beside the bar, e.g. the running loss. */
  readonly figures?: Readonly<Record<string, number>>;
}

export type Progress = (event: ProgressEvent) => void;

/** What every long piece of work is given besides its data and options. */
export interface Control {
  /** Called as work proceeds. */
  readonly progress?: Progress;
  /** Called with a remark, one line, about something that went another way than expected, such as a damaged cache. */
  readonly note?: (line: string) => void;
  /** Stops the work at the next safe point, with an `Interrupted` error. */
  readonly signal?: AbortSignal;
}
