/** Folder of a dataset with the holes, a file a repository: `REPOSITORY.KEY.jsonl`. */
export const HOLES = 'holes';
/** Folder with what is known of the files they were taken from, under the same names. */
export const SOURCES = 'sources';

/** `REPOSITORY` of the names of a repository's files. */
export function stemOf(repository: string): string {
  return repository.replace(/[^\w.@-]+/g, '_');
}

/** `REPOSITORY` of a file's name; undefined where it is none that `build` gives. */
export function stemOfFile(name: string): string | undefined {
  return /^(.+)\.[0-9a-f]{12}\.jsonl$/.exec(name)?.[1];
}
