/** A B A B ...: each contestant once a round, in an order that rotates, so that no place in it is an advantage. */

/** What each measured, by name, a value a round. */
export type Measured<T> = ReadonlyMap<string, readonly T[]>;

export async function interleave<C extends { readonly name: string }, T>(
  contestants: readonly C[],
  rounds: number,
  measure: (contestant: C, round: number) => Promise<T>,
): Promise<Measured<T>> {
  const measured = new Map<string, T[]>(contestants.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const contestant of rotated(contestants, round)) {
      measured.get(contestant.name)?.push(await measure(contestant, round));
    }
  }
  return measured;
}

/** Pure. */
function rotated<T>(items: readonly T[], by: number): readonly T[] {
  const first = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}
