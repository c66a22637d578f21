const INITIAL_NODES = 1 << 12;

/**
 * How often each sequence of up to `order` tokens occurs: a tree of tokens, its edges in one open hash table. About
 * 30 bytes a distinct sequence.
 */
export class NgramCounts {
  /** The empty sequence. */
  static readonly ROOT = 0;

  private size = 1;
  private token = new Int32Array(INITIAL_NODES);
  private parent = new Int32Array(INITIAL_NODES);
  private count = new Uint32Array(INITIAL_NODES);
  private continued = new Uint32Array(INITIAL_NODES);
  private firstChild = new Int32Array(INITIAL_NODES).fill(-1);
  private nextSibling = new Int32Array(INITIAL_NODES).fill(-1);
  /** Node at each slot; 0, which is nobody's child, where free. */
  private slots = new Int32Array(4 * INITIAL_NODES);

  constructor(readonly order: number) {}

  /** Counts all sequences of one more text. */
  add(tokens: ArrayLike<number>): void {
    for (let start = 0; start < tokens.length; start++) {
      let node = NgramCounts.ROOT;
      for (let at = start; at < Math.min(tokens.length, start + this.order); at++) {
        this.continued[node] = (this.continued[node] as number) + 1;
        node = this.child(node, tokens[at] as number);
        this.count[node] = (this.count[node] as number) + 1;
      }
    }
  }

  /** The node of a sequence and one token more; -1 when it never occurred, or `node` is -1. */
  find(node: number, token: number): number {
    if (node === -1) return -1;
    const found = this.slots[this.slotOf(node, token)] as number;
    return found === 0 ? -1 : found;
  }

  /** How often a sequence occurred; 0 for -1. */
  countOf(node: number): number {
    return node === -1 ? 0 : (this.count[node] as number);
  }

  /** How often a sequence occurred with a token after it; 0 for -1. */
  continuationsOf(node: number): number {
    return node === -1 ? 0 : (this.continued[node] as number);
  }

  /** The tokens that followed a sequence, and their nodes. */
  *successors(node: number): Generator<readonly [token: number, node: number], void, void> {
    if (node === -1) return;
    for (
      let child = this.firstChild[node] as number;
      child !== -1;
      child = this.nextSibling[child] as number
    ) {
      yield [this.token[child] as number, child];
    }
  }

  private child(node: number, token: number): number {
    const slot = this.slotOf(node, token);
    const found = this.slots[slot] as number;
    if (found !== 0) return found;
    if (this.size === this.token.length) this.grow();
    const added = this.size++;
    this.token[added] = token;
    this.parent[added] = node;
    this.nextSibling[added] = this.firstChild[node] as number;
    this.firstChild[node] = added;
    this.slots[this.slotOf(node, token)] = added;
    return added;
  }

  private slotOf(node: number, token: number): number {
    const mask = this.slots.length - 1;
    let hash = Math.imul(node, 0x9e3779b1) ^ Math.imul(token + 1, 0x85ebca6b);
    hash ^= hash >>> 15;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const found = this.slots[slot] as number;
      if (found === 0 || (this.parent[found] === node && this.token[found] === token)) return slot;
    }
  }

  private grow(): void {
    const size = 2 * this.token.length;
    const larger = <T extends Int32Array | Uint32Array>(array: T, fresh: T): T => {
      fresh.set(array);
      return fresh;
    };
    this.token = larger(this.token, new Int32Array(size));
    this.parent = larger(this.parent, new Int32Array(size));
    this.count = larger(this.count, new Uint32Array(size));
    this.continued = larger(this.continued, new Uint32Array(size));
    this.firstChild = larger(this.firstChild, new Int32Array(size).fill(-1));
    this.nextSibling = larger(this.nextSibling, new Int32Array(size).fill(-1));
    this.slots = new Int32Array(4 * size);
    for (let node = 1; node < this.size; node++) {
      this.slots[this.slotOf(this.parent[node] as number, this.token[node] as number)] = node;
    }
  }
}
