import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { TriedSet } from '../../../../data-plane/balancing/tried-set.ts';
import { seededRandom } from '../../../../core/runtime/random.ts';
import { NO_BACKEND } from '../../../../data-plane/balancing/balancer.ts';
import { WeightedDraw } from '../../../../data-plane/balancing/weighted-draw.ts';
import { FakeCandidates } from '../../../../harness/worker/fake-candidates.ts';

describe('TriedSet', () => {
  it('is a set, however many are added and however often it is reused', () => {
    const tried = new TriedSet();
    fc.assert(
      fc.property(fc.array(fc.nat(40), { maxLength: 60 }), (added) => {
        tried.clear();
        const model = new Set(added);
        for (const candidate of added) tried.add(candidate);
        assert.equal(tried.isEmpty, model.size === 0);
        for (let candidate = 0; candidate <= 40; candidate++) {
          assert.equal(tried.has(candidate), model.has(candidate));
        }
      }),
    );
  });
});

describe('WeightedDraw', () => {
  it('draws exactly by weight: every point of a fine grid lands where it should', () => {
    const someWeights = fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(someWeights, (weights) => {
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        fc.pre(total > 0);
        const grid = 20_000;
        let point = 0;
        const random = { next: () => (point++ + 0.5) / grid };
        const draw = new WeightedDraw(new FakeCandidates(weights), random);
        draw.refresh();
        const counts = weights.map(() => 0);
        for (let n = 0; n < grid; n++) {
          const candidate = draw.at(draw.drawPosition());
          counts[candidate] = (counts[candidate] ?? 0) + 1;
        }
        for (const [candidate, weight] of weights.entries()) {
          // Each place of the alias table can be a point off at either end of its two parts.
          const off = Math.abs((counts[candidate] ?? 0) - (grid * weight) / total);
          assert.ok(off <= 2 * weights.length, `${counts.join(' ')} for ${weights.join(' ')}`);
        }
      }),
    );
  });

  it('draws by weight among the untried, also when those have next to no weight', () => {
    const candidates = new FakeCandidates([1_000, 1, 3, 1_000]);
    const draw = new WeightedDraw(candidates, seededRandom(2));
    const tried = new TriedSet();
    tried.add(0);
    draw.refresh();
    let light = 0;
    for (let n = 0; n < 4_000; n++) {
      const candidate = draw.draw(tried, 3);
      assert.ok(candidate === 1 || candidate === 2);
      if (candidate === 1) light++;
    }
    assert.ok(Math.abs(light - 1_000) < 150, `${light}`);
  });

  it('follows the epoch, and says when nothing is left', () => {
    const candidates = new FakeCandidates([1, 1]);
    const draw = new WeightedDraw(candidates, seededRandom(2));
    const tried = new TriedSet();
    draw.refresh();
    assert.equal(draw.size, 2);
    candidates.set(false, 0);
    draw.refresh();
    assert.equal(draw.size, 1);
    assert.equal(draw.draw(tried), 1);
    assert.equal(draw.draw(tried, 1), NO_BACKEND);
    tried.add(1);
    assert.equal(draw.draw(tried), NO_BACKEND);
  });
});
