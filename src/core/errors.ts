/**
 * An error that the person running the program can cause and mend: a missing file, a bad option, a damaged model.
 * Its message is one line that says what is wrong, where, and what to do. The command line prints that line and
 * exits with code 2; every other error is a bug and keeps its stack.
 */
export class UserError extends Error {
  override readonly name = 'UserError';

  /** @param message may repeat names from files: characters that break lines or steer terminals are made visible. */
  constructor(message: string) {
    super(message.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`));
  }
}

/** A training whose loss or parameters are no longer finite; a lower learning rate may help. */
export class Diverged extends UserError {}

/** Raised by long work when its {@link AbortSignal} fires; the message says how to go on. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** Throws {@link Interrupted} when the signal has fired. */
export function checkInterrupted(signal: AbortSignal | undefined, where: string): void {
  if (signal?.aborted) throw new Interrupted(`interrupted ${where}`);
}
