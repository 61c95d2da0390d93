#!/usr/bin/env node
import { main } from './app.js';

/** What shells report of a program that writes to a closed pipe. */
const BROKEN_PIPE = 141;

// Whoever reads the output may stop early, as `head` does; that is no bug and needs no stack.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? BROKEN_PIPE : 1));
}

process.exitCode = await main(process.argv.slice(2), { out: process.stdout, err: process.stderr, signals: process });
