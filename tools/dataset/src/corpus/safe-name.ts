/** A corpus name as the name of a folder: letters, digits, `.`, `_`, `@`, `+` and `-`. */
export function safeName(name: string): string {
  return name.replace(/^npm:@/, 'npm:').replace(/[^\w.@+-]+/g, '_');
}

/** How the names of folders begin that are being made; what a killed process left of them may be removed. */
export const STAGING_PREFIX = '.new-';
