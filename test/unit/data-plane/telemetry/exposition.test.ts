import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Histograms, labelText, Samples } from '../../../../data-plane/telemetry/exposition.ts';
import { HISTOGRAM_CELLS } from '../../../../data-plane/memory/shared-memory.ts';
import { parsePrometheusText } from '../../../../harness/prometheus-text.ts';

describe('the text format', () => {
  it('brings back every label value and number', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.double({ noNaN: true }), (label, value) => {
        // A line feed is all that ends a line for a scraper; the parser splits at nothing else either.
        const samples = new Samples('x', 'gauge', 'help');
        samples.add(labelText({ label }), value);
        const [sample] = parsePrometheusText(samples.toString()).get('x')?.samples ?? [];
        assert.deepEqual(sample?.labels, { label });
        assert.equal(sample.value + 0, value + 0);
      }),
    );
  });

  it('keeps help on one line', () => {
    const samples = new Samples('x', 'gauge', 'two\nlines \\ and a backslash');
    assert.equal(samples.toString(), '# HELP x two\\nlines \\\\ and a backslash\n# TYPE x gauge\n');
  });

  it('has a histogram’s buckets add up, with and without labels', () => {
    const counts = Array.from({ length: HISTOGRAM_CELLS }, () => 0);
    counts.splice(0, 2, 3, 1);
    counts.splice(-2, 2, 2, 7.5);
    const bounds = Array.from({ length: HISTOGRAM_CELLS - 2 }, (_, bucket) => 2 ** bucket / 4);
    const histograms = new Histograms('x', bounds, 'help');
    histograms.add('', counts);
    histograms.add(labelText({ pool: 'web' }), counts);
    const lines = histograms.toString().trimEnd().split('\n');
    const each = lines.length / 2 - 1;
    for (const [labels, start] of [
      ['', 2],
      ['pool="web"', 2 + each],
    ] as const) {
      const inFront = labels === '' ? '' : `${labels},`;
      assert.deepEqual(lines.slice(start, start + 2), [
        `x_bucket{${inFront}le="0.25"} 3`,
        `x_bucket{${inFront}le="0.5"} 4`,
      ]);
      const end = labels === '' ? '' : `{${labels}}`;
      assert.deepEqual(lines.slice(start + each - 3, start + each), [
        `x_bucket{${inFront}le="+Inf"} 6`,
        `x_sum${end} 7.5`,
        `x_count${end} 6`,
      ]);
    }
  });
});
