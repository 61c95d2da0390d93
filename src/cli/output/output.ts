import type { Progress } from '../../core/progress.js';

/** Where a command says things: people read text, programs read JSON. */
export interface Output {
  readonly progress: Progress;
  /** A remark that is not the result. */
  note(line: string): void;
  /**
   * The result.
   * @param value for programs: becomes one line of JSON.
   * @param text for people, without a line break at the end.
   */
  result(value: Readonly<Record<string, unknown>>, text: string): void;
  /** For programs: why there is no result. People read it on the error stream. */
  failed(line: string): void;
  /** Finishes whatever is half drawn; called before an error is printed and at the end. */
  end(): void;
}

/** The part of a stream that output needs. */
export interface Sink {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}
