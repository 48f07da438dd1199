/** `npm run fuzz`: every parser in turn, with new inputs each time, until one fails or somebody ends it. */
import { fuzz } from '../harness/fuzz/fuzz.ts';
import { FUZZED } from '../harness/fuzz/parsers.ts';

const INPUTS = 200_000;

for (let seed = Date.now() >>> 0; ; seed = (seed + 1) >>> 0) {
  for (const name of Object.keys(FUZZED)) await fuzz(name, seed, INPUTS);
  console.log(`seed ${seed}: ${INPUTS} inputs for each of ${Object.keys(FUZZED).length} parsers`);
}
