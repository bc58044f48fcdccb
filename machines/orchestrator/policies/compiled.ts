/** Why a section of the configuration is no policy. */
export interface PolicyProblem {
  /** Keys from the top of the section to the value meant. */
  readonly path: readonly (string | number)[];
  /** What is wrong. */
  readonly message: string;
  /** What would be right. */
  readonly hint: string;
}

/** A section of the configuration as rules, or everything that is wrong with it. */
export type Compiled<Rules> = { readonly rules: Rules } | { readonly problems: readonly PolicyProblem[] };
