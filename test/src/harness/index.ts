export { runCli, type CliResult } from './cli.js';
export { Daemon, readCompletion, type Completion, type DaemonOptions } from './daemon.js';
export { GitRepository } from './git-repository.js';
export { CLI, DAEMON, MODEL, PROJECT_ROOT, REAL_MODEL, TORCH_PYTHON, TRAINER, whyNoTorch } from './paths.js';
export { until } from './poll.js';
export { RealIndex } from './real-index.js';
