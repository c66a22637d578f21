/** Numbers distinct words 0, 1, 2... in order of first appearance. Open addressing; words are never removed. */
export class WordTable {
  size = 0;
  private highs = new Int32Array(64);
  private lows = new Int32Array(64);
  /** Word number + 1 by slot; 0 is free. Kept at most half full. */
  private slots = new Int32Array(128);

  get highHashes(): Int32Array {
    return this.highs.subarray(0, this.size);
  }

  get lowHashes(): Int32Array {
    return this.lows.subarray(0, this.size);
  }

  get memoryBytes(): number {
    return this.highs.byteLength + this.lows.byteLength + this.slots.byteLength;
  }

  /** The word's number, given to it now if it is new. */
  intern(high: number, low: number): number {
    const slot = this.slotOf(high, low);
    const entry = this.slots[slot]!;
    if (entry !== 0) return entry - 1;
    const word = this.size++;
    if (word === this.highs.length) this.growWords();
    this.highs[word] = high;
    this.lows[word] = low;
    this.slots[slot] = word + 1;
    if (this.size * 2 > this.slots.length) this.growSlots();
    return word;
  }

  /** The word's number; -1 when it is not in the table. */
  find(high: number, low: number): number {
    return this.slots[this.slotOf(high, low)]! - 1;
  }

  private slotOf(high: number, low: number): number {
    const { slots, highs, lows } = this;
    const mask = slots.length - 1;
    let slot = high & mask;
    for (;;) {
      const entry = slots[slot]!;
      if (entry === 0 || (highs[entry - 1] === high && lows[entry - 1] === low)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  private growWords(): void {
    const highs = new Int32Array(this.highs.length * 2);
    const lows = new Int32Array(this.lows.length * 2);
    highs.set(this.highs);
    lows.set(this.lows);
    this.highs = highs;
    this.lows = lows;
  }

  private growSlots(): void {
    const slots = new Int32Array(this.slots.length * 2);
    const mask = slots.length - 1;
    for (let word = 0; word < this.size; word++) {
      let slot = this.highs[word]! & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = word + 1;
    }
    this.slots = slots;
  }
}
