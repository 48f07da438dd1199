import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { familyHeader, sampleLine } from '../../../../data-plane/telemetry/exposition.ts';
import { parsePrometheusText } from '../../../harness/prometheus-text.ts';

describe('the text format', () => {
  it('brings back every label value and number', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.double({ noNaN: true }), (label, value) => {
        // A line feed is all that ends a line for a scraper; the parser splits at nothing else either.
        const text = familyHeader('x', 'gauge', 'help') + sampleLine('x', { label }, value);
        const [sample] = parsePrometheusText(text).get('x')?.samples ?? [];
        assert.deepEqual(sample?.labels, { label });
        assert.equal(sample.value + 0, value + 0);
      }),
    );
  });

  it('keeps help on one line', () => {
    const text = familyHeader('x', 'gauge', 'two\nlines \\ and a backslash');
    assert.equal(text, '# HELP x two\\nlines \\\\ and a backslash\n# TYPE x gauge\n');
  });
});
