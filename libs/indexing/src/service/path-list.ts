/** Paths in order. Adding and removing many costs no more than sorting them once when they are next asked for. */
export class PathList {
  /** The paths, and those in {@link removed}. */
  private paths: string[] = [];
  private removed: Set<string> | undefined;
  private isSorted = true;

  get size(): number {
    return this.paths.length - (this.removed?.size ?? 0);
  }

  /** Ascending; not to be kept. */
  get sorted(): readonly string[] {
    const { removed } = this;
    if (removed !== undefined) {
      this.paths = this.paths.filter((path) => !removed.has(path));
      this.removed = undefined;
    }
    if (!this.isSorted) {
      // By code units, as strings are compared everywhere else.
      this.paths.sort();
      this.isSorted = true;
    }
    return this.paths;
  }

  /** @param path is not among them */
  add(path: string): void {
    if (this.removed?.delete(path)) {
      if (this.removed.size === 0) this.removed = undefined;
      return;
    }
    if (this.isSorted && this.paths.length > 0) this.isSorted = this.paths.at(-1)! < path;
    this.paths.push(path);
  }

  /** @param path is among them */
  remove(path: string): void {
    if (this.size === 1) {
      this.paths = [];
      this.removed = undefined;
      this.isSorted = true;
      return;
    }
    (this.removed ??= new Set()).add(path);
  }
}
