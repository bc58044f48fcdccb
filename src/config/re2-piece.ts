/** One step of the translation: what it gives, and how much of the pattern it takes. */
export interface Piece {
  readonly source: string;
  readonly length: number;
  /** It sets flags for the rest of the group around it. */
  readonly setsFlags?: true;
}

/** Says what is wrong with a pattern. */
export class Re2Error extends Error {}
