/** A list of 32-bit integers in one typed array, doubled when it is full. */
export class GrowableInts {
  length = 0;
  private items: Int32Array;

  constructor(capacity = 0) {
    this.items = new Int32Array(Math.max(16, capacity));
  }

  get memoryBytes(): number {
    return this.items.byteLength;
  }

  push(value: number): void {
    if (this.length === this.items.length) {
      const items = new Int32Array(this.items.length * 2);
      items.set(this.items);
      this.items = items;
    }
    this.items[this.length++] = value;
  }

  clear(): void {
    this.length = 0;
  }

  /** A view; it stays valid until the next push. */
  values(): Int32Array {
    return this.items.subarray(0, this.length);
  }
}
