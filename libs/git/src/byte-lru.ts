/** Least-recently-used map bounded by the bytes of its values. */
export class ByteLru<V> {
  private readonly entries = new Map<string, { value: V; sizeBytes: number }>();
  private total = 0;

  /** A value larger than a quarter of `maxBytes` is not kept: it would push out everything else. */
  constructor(private readonly maxBytes: number) {}

  get(key: string): V | undefined {
    const entry = this.entries.get(key);
    if (!entry) return undefined;
    this.entries.delete(key);
    this.entries.set(key, entry);
    return entry.value;
  }

  set(key: string, value: V, sizeBytes: number): void {
    this.delete(key);
    if (sizeBytes > this.maxBytes / 4) return;
    this.entries.set(key, { value, sizeBytes });
    this.total += sizeBytes;
    for (const oldest of this.entries.keys()) {
      if (this.total <= this.maxBytes) break;
      this.delete(oldest);
    }
  }

  private delete(key: string): void {
    const entry = this.entries.get(key);
    if (!entry) return;
    this.entries.delete(key);
    this.total -= entry.sizeBytes;
  }

  get sizeBytes(): number {
    return this.total;
  }

  clear(): void {
    this.entries.clear();
    this.total = 0;
  }
}
