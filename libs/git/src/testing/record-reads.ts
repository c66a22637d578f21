import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/** Tells of a path whether it is there and what it is, not what is in it. */
const LOOKS = /^(l?stat|realpath|readlink|access|exists)(Sync)?$/;

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/**
 * Records what this process opens or lists by Node's file system, in every module, until `stop` is called: real paths,
 * of what is there to be opened only.
 */
export function recordReads(): { readonly paths: ReadonlySet<string>; stop(): void } {
  const paths = new Set<string>();
  const { realpathSync } = fs;
  const note = (path: unknown): void => {
    if (typeof path !== 'string' && !Buffer.isBuffer(path) && !(path instanceof URL)) return;
    try {
      paths.add(realpathSync(path));
    } catch {
      // Nothing is there, so nothing is opened.
    }
  };
  const undo: (() => void)[] = [];
  for (const object of [fs, fs.promises] as unknown as Record<string, AnyFunction>[]) {
    for (const [name, original] of Object.entries(object)) {
      if (typeof original !== 'function' || /^[A-Z_]/.test(name) || LOOKS.test(name)) continue;
      const recording: AnyFunction = function (...args) {
        note(args[0]);
        return original.apply(this, args);
      };
      object[name] = Object.assign(recording, original);
      undo.push(() => (object[name] = original));
    }
  }
  // For those that import single functions.
  syncBuiltinESMExports();
  return {
    paths,
    stop: () => {
      for (const one of undo) one();
      syncBuiltinESMExports();
    },
  };
}
