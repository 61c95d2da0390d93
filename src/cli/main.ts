#!/usr/bin/env node
import { main } from './app.js';

// Whoever reads the output may stop early, as `head` does; that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

process.exitCode = await main(process.argv.slice(2), { out: process.stdout, err: process.stderr, signals: process });
