/** Gives a parser inputs that come from its seeds, the same ones for the same seed of chance. */
import { seededRandom } from '../../core/runtime/random.ts';
import { FUZZED } from './parsers.ts';
import { mutated } from './mutate.ts';

/** Throws with the input that broke it, as it is to be kept. */
export async function fuzz(name: string, seed: number, inputs: number): Promise<void> {
  const parser = FUZZED[name];
  if (!parser) throw new Error(`no parser is called "${name}"`);
  const random = seededRandom(seed);
  for (let left = inputs; left > 0; left -= 1) {
    const bytes = mutated(parser.seeds, random);
    const given = Buffer.from(bytes).toString('hex');
    try {
      const pending = parser.parse(bytes);
      if (pending) await pending;
    } catch (error) {
      const words = `${name} fail with seed ${seed}; keep hex('${given}') among the seeds in harness/fuzz/parsers.ts`;
      throw new Error(words, { cause: error });
    }
  }
}
