import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatOf } from '../../../../core/model/commit.ts';
import { completeBackend, completePolicy, type PolicyDraft } from '../../../../core/model/draft.ts';

describe('the format of a commit, a checkpoint and a snapshot', () => {
  const policy = (fields: Omit<PolicyDraft, 'name'>) =>
    formatOf([{ kind: 'policy', value: completePolicy({ name: 'p', ...fields }) }]);
  const backend = (tier?: number) =>
    formatOf([
      {
        kind: 'backend',
        value: completeBackend('web', { address: 'a', ...(tier !== undefined && { tier }) }),
      },
    ]);

  it('is 1 as long as nothing of format 2 is used, defaults that are written out included', () => {
    const formats = [
      formatOf([]),
      policy({}),
      policy({ healthCheck: { type: 'none' }, connectionLog: { oneIn: 5 } }),
      policy({ onUnhealthy: 'keep', slowStartMs: 0, maxLifetimeMs: 0, expectHealthy: 0 }),
      backend(),
      backend(0),
    ];
    assert.deepEqual(
      formats,
      formats.map(() => 1),
    );
  });

  it('is 2 with any field that came with it', () => {
    const formats = [
      ...(['tls', 'http', 'https'] as const).map((type) => policy({ healthCheck: { type } })),
      policy({ healthCheck: { type: 'script', script: [{ expect: 'x' }] } }),
      policy({ healthCheck: { port: 1 } }),
      policy({ healthCheck: { unhealthyIntervalMs: 5_000 } }),
      policy({ whenNoneHealthy: 'use_all' }),
      policy({ onUnhealthy: 'close' }),
      policy({ slowStartMs: 1 }),
      policy({ maxLifetimeMs: 1_000 }),
      policy({ expectHealthy: 1 }),
      backend(1),
    ];
    assert.deepEqual(
      formats,
      formats.map(() => 2),
    );
  });
});
