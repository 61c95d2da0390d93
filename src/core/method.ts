import type { z } from 'zod';

/** Where a method was published. */
export interface Paper {
  readonly title: string;
  readonly authors: string;
  readonly venue: string;
  readonly year: number;
}

/** What attacks and defences have in common: a name, a source, and options that describe themselves. */
export interface Method<Schema extends z.ZodObject> {
  /** As typed on the command line: `badnets`. */
  readonly name: string;
  /** As written in the literature: `BadNets`. */
  readonly title: string;
  /** One sentence. */
  readonly summary: string;
  readonly paper: Paper;
  /**
   * Options with the published defaults. Every field has a default and a description that gives its unit and range;
   * command line, help, documentation and benchmark are generated from it. Names are BackdoorBench's where it has one.
   */
  readonly options: Schema;
}
