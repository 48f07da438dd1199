import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { updateListener } from '../../../../../core/model/edits/listener.ts';
import { updatePool } from '../../../../../core/model/edits/pool.ts';
import { after, stateOf } from '../../../../../harness/state.ts';

const STATE = stateOf([
  { kind: 'pool', value: { name: 'web', backends: [] } },
  { kind: 'listener', value: { name: 'front', address: '0.0.0.0:80', pool: 'web' } },
]);

describe('an update', () => {
  it('drops nothing that an update of a pool or a listener does not name', () => {
    const whole = after(
      after(
        STATE,
        updatePool({ name: 'web', backends: [], tls: {}, dns: [{ name: 'a:1' }], queue: { length: 5 } }, [
          'tls',
          'dns',
          'queue',
        ]),
      ),
      updateListener(
        {
          name: 'front',
          routes: [{ serverNames: ['A.'], pool: 'web' }],
          deny: ['::/0'],
          limits: { rate: 7 },
        },
        ['routes', 'deny', 'limits'],
      ),
    );
    const queued = after(
      whole,
      updatePool({ name: 'web', backends: [], queue: { timeoutMs: 10 } }, ['queue.timeout']),
    );
    assert.deepEqual(queued.pools.get('web')?.value, {
      ...whole.pools.get('web')?.value,
      queue: { length: 5, timeoutMs: 10 },
    });
    assert.deepEqual(queued.pools.get('web')?.value.dns, [{ name: 'a:1' }]);
    const edits = [
      updateListener({ name: 'front', limits: { connections: 9 } }, ['limits.connections']),
      updateListener({ name: 'front' }, ['limits', 'deny']),
    ];
    const [limited, open] = edits.map((edit) => after(whole, edit).listeners.get('front')?.value);
    const before = whole.listeners.get('front')?.value;
    assert.deepEqual(limited, { ...before, limits: { ...before?.limits, connections: 9 } });
    assert.deepEqual(open?.routes, [{ serverNames: ['a'], alpn: [], pool: 'web' }]);
    assert.deepEqual([open?.deny, open?.limits], [undefined, undefined]);
  });
});
