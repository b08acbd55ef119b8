/** What a check of one part found. */
export interface Finding {
  /** Name of the part, as in the health report where it has one: `config`, `store`, `link:DOMAIN`, `app:NAME`. */
  readonly part: string;
  /** `warn`: it works, but somebody should look at it. `fail`: it does not work. */
  readonly status: 'pass' | 'warn' | 'fail';
  /** For a human; free of tokens, nodes, secrets and local parts of JIDs. */
  readonly message: string;
  /** What to do. */
  readonly hint?: string;
}

/** A finding about a part that the caller names. */
export type PartFinding = Omit<Finding, 'part'>;
