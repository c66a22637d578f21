import { createProcessHost } from './host.js';
import { run } from './run.js';

// `exitCode` and not `exit`: what was written to a pipe must still get there.
process.exitCode = await run(process.argv.slice(2), createProcessHost());
