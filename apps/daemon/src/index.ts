export { startDaemon } from './daemon.js';
export type { Daemon, DaemonSettings, DaemonWiring, ModelByRole } from './daemon.js';
