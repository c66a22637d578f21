/** A corpus name as the name of a folder: letters, digits, `.`, `_`, `@`, `+` and `-`. */
export function safeName(name: string): string {
  return name.replace(/^npm:@/, 'npm:').replace(/[^\w.@+-]+/g, '_');
}
