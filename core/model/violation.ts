/** One thing that is wrong in a request or a snapshot. */
export interface Violation {
  /** Path of the field, such as `pools[web].backends[10.0.0.1:80].weight`; empty for the whole. */
  readonly field: string;
  /** What is wrong, what is allowed, and what to do, in one sentence. */
  readonly description: string;
}

/** A violation as one text, such as `listeners[web].pool: there is no pool "wbe"`. */
export function violationText({ field, description }: Violation): string {
  return field === '' ? description : `${field}: ${description}`;
}
