/**
 * Runs `work` for every item, at most `most` at a time, and returns the results in order. The first failure is thrown once
 * everything that was begun has ended; after a failure nothing more is begun when `isLate()`, so that a server that hangs
 * does not hold up a thousand items.
 */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  most: number,
  work: (item: Item) => Promise<Result>,
  isLate: () => boolean,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  const failures: unknown[] = [];
  let next = 0;
  const runner = async () => {
    while (next < items.length && !(failures.length > 0 && isLate())) {
      const index = next++;
      try {
        results[index] = await work(items[index] as Item);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, runner));
  if (failures.length > 0) throw failures[0];
  return results;
}
