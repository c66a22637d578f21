import { AppError } from '@repoformer/domain';
import { describeConfig, helpText, parseCommandLine, readVersion } from './command-line.js';
import { EXIT, exitCodeOf } from './exit-codes.js';
import { readConfig } from './read-config.js';

async function main(args: readonly string[]): Promise<void> {
  const line = parseCommandLine(args);
  switch (line.action) {
    case 'help':
      process.stdout.write(helpText(Math.min(process.stdout.columns ?? 100, 120)));
      return;
    case 'version':
      process.stdout.write(`${readVersion()}\n`);
      return;
    case 'print-config':
      process.stdout.write(describeConfig(readConfig(line.flags)));
      return;
    case 'run': {
      const resolved = readConfig(line.flags);
      // Help and mistakes on the command line need none of the rest, which takes a while to load.
      const { runDaemon } = await import('./run-daemon.js');
      await runDaemon(resolved, { version: readVersion(), logToFile: line.logToFile });
    }
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const isOurs = error instanceof AppError;
  const text = isOurs ? error.message : String(error instanceof Error ? error.stack : error);
  process.stderr.write(`repoformerd: ${text}\n`);
  // A wrong word on the command line is bad configuration, too.
  process.exitCode = isOurs && error.kind === 'invalid_argument' ? EXIT.badConfig : exitCodeOf(error);
});
