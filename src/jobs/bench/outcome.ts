import { z } from 'zod';

/** Why a cell has no result. */
export const failureReasons = {
  /** Something in the grid does not fit: a user error. */
  refused: 'refused',
  /** An exception: a bug. */
  error: 'error',
  'out of memory': 'out of memory',
  /** The process ended on its own, or was killed by something else. */
  crash: 'crash',
  timeout: 'timeout',
} as const;

/** See {@link failureReasons}. */
export type FailureReason = keyof typeof failureReasons;

const share = z.number().min(0).max(1);
const scores = z.object({ acc: share, asr: share.optional(), ra: share.optional() });

/** What a cell came to, as its `cell.json` says it; its `result.json` says more. */
export const doneSchema = z.object({
  status: z.literal('done'),
  /** A copy of what was hashed. */
  inputs: z.looseObject({ kind: z.enum(['clean', 'plant', 'repair']) }),
  /** Of the model as it was given, or as training left it. */
  before: scores,
  /** Of the repaired model. */
  after: scores.optional(),
  /** Seconds that training or the defence took, loading and measuring left out. */
  seconds: z.number().min(0),
  /** Highest resident memory of the process, 10^6 bytes. */
  peakMemoryMB: z.number().min(0).optional(),
  /** SHA-256 of the data's files. */
  checksums: z.record(z.string(), z.string()).default({}),
});

/** How a cell failed, as it stands in the folder `failed`. */
export const failedSchema = z.object({
  status: z.literal('failed'),
  title: z.string(),
  reason: z.enum(failureReasons),
  /** One line. */
  message: z.string(),
  /** ISO 8601 in UTC. */
  when: z.string(),
});

export type Done = z.infer<typeof doneSchema>;
export type Failed = z.infer<typeof failedSchema>;
export type Outcome = Done | Failed;
