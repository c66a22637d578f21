import { statSync, watch, type FSWatcher } from 'node:fs';

/**
 * Watches one directory for as long as it is there. `ensure` is called from a slow poll: it starts watching
 * again when the directory has come back or is another one, and does nothing otherwise. Never throws; where
 * the system has no watches left, the poll alone has to do.
 */
export class DirectoryWatch {
  private watcher: FSWatcher | undefined;
  private identity = '';

  constructor(
    private readonly directory: string,
    /** Gets the name of the file that changed, where the system tells it. */
    private readonly onChange: (file: string | undefined) => void,
  ) {}

  ensure(): void {
    const identity = identityOf(this.directory);
    if (identity === this.identity && (this.watcher || identity === '')) return;
    this.close();
    if (identity === '') return;
    try {
      const watcher = watch(this.directory, { persistent: false }, (_, file) =>
        this.onChange(file ?? undefined),
      );
      watcher.on('error', () => {
        if (this.watcher === watcher) this.close();
      });
      this.watcher = watcher;
      this.identity = identity;
    } catch {
      this.close();
    }
  }

  close(): void {
    this.watcher?.close();
    this.watcher = undefined;
    this.identity = '';
  }
}

function identityOf(directory: string): string {
  try {
    const stat = statSync(directory, { throwIfNoEntry: false });
    return stat?.isDirectory() ? `${stat.dev}:${stat.ino}` : '';
  } catch {
    return '';
  }
}
