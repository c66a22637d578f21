/** The end of what a process writes, in bounded memory. */
export class OutputTail {
  private chunks: Buffer[] = [];
  private size = 0;

  constructor(private readonly limitBytes: number) {}

  push(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.size += chunk.length;
    // Cut only now and then: cutting each time would copy the whole tail for every few bytes.
    if (this.size > 4 * this.limitBytes) this.cut();
  }

  toString(): string {
    this.cut();
    return Buffer.concat(this.chunks).toString('utf8');
  }

  private cut(): void {
    const all = Buffer.concat(this.chunks);
    // A copy, so that the large buffer does not stay alive behind a small part of it.
    const tail = Buffer.from(all.subarray(Math.max(0, all.length - this.limitBytes)));
    this.chunks = [tail];
    this.size = tail.length;
  }
}
