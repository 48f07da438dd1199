/** Every parser of what strangers send, with a million inputs each in the long form. */
import { describe, it } from 'node:test';
import { fuzz } from '../../../../harness/fuzz/fuzz.ts';
import { FUZZED } from '../../../../harness/fuzz/parsers.ts';
import { byRunLength } from '../../../../harness/run-length.ts';

const INPUTS = byRunLength(5_000, 1_000_000);

describe('no input breaks', () => {
  for (const [name, { seeds, parse }] of Object.entries(FUZZED))
    it(name, async () => {
      for (const seed of seeds) await parse(seed);
      await fuzz(name, 1, INPUTS);
    });
});
