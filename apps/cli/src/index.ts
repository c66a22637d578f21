export { EXIT_CODES } from './exit-code.js';
export type { Host } from './host.js';
export { run } from './run.js';
