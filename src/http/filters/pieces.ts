/** Collects a new text: stretches of the old one, which are not copied, and new bytes between them. */
export class Pieces {
  readonly list: Buffer[] = [];
  readonly #source: Buffer;
  #from = 0;
  #to = 0;

  constructor(source: Buffer) {
    this.#source = source;
  }

  /** Neighbouring stretches become one piece. */
  keep(from: number, to: number): void {
    if (from >= to) return;
    if (from !== this.#to) {
      this.#flush();
      this.#from = from;
    }
    this.#to = to;
  }

  put(bytes: readonly Buffer[]): void {
    this.#flush();
    this.list.push(...bytes);
    this.#from = this.#to;
  }

  finish(): readonly Buffer[] {
    this.#flush();
    return this.list;
  }

  #flush(): void {
    if (this.#from < this.#to) this.list.push(this.#source.subarray(this.#from, this.#to));
    this.#from = this.#to;
  }
}
