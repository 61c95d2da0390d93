/** Times of a queue, in milliseconds. */
export interface QueueTimes {
  /** Between two looks at the queue. */
  readonly poll: number;
  /** Between two signs of life of a worker. */
  readonly beat: number;
  /** A job without a sign of life for so long is handed out again; whole seconds. */
  readonly lease: number;
  /** How long a server that answered before may be away. */
  readonly patience: number;
}

export const queueTimes: QueueTimes = { poll: 1_000, beat: 10_000, lease: 60_000, patience: 600_000 };
