/** What the history says of a commit, as the log tells it and as two states do. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RevisionRecorder } from '../../../../control-plane/store/log/revision-recorder.ts';
import type { ResourceDraft } from '../../../../core/model/draft.ts';
import { applyResources } from '../../../../core/model/edits/apply.ts';
import type { ChangedResource } from '../../../../core/view/change-details.ts';
import { changesOf, commitOn, stateOf } from '../../../../harness/state.ts';

const A = '10.0.0.1:80';
const pool = (
  name: string,
  ...backends: [address: string, weight: number, state?: 'active' | 'draining'][]
) =>
  ({
    kind: 'pool',
    value: {
      name,
      backends: backends.map(([address, weight, state]) => ({ address, weight, ...(state && { state }) })),
    },
  }) satisfies ResourceDraft;
const many = (count: number, weight: number) =>
  Array.from({ length: count }, (_, index): [string, number] => [`10.0.1.${index}:80`, weight]);
const policy = (value: object): ResourceDraft => ({ kind: 'policy', value: { name: 'p', ...value } });
const listener = (address: string): ResourceDraft => ({
  kind: 'listener',
  value: { name: 'l', address, pool: 'w' },
});

/** What the record of the commit that leads from one configuration to another says. */
function told(before: readonly ResourceDraft[], after: readonly ResourceDraft[]): readonly ChangedResource[] {
  const state = stateOf(before);
  const commit = commitOn(state, changesOf(state, applyResources(after, { prune: true })));
  return new RevisionRecorder(state).record(commit).resources;
}
const details = (before: readonly ResourceDraft[], after: readonly ResourceDraft[]) =>
  told(before, after).map(({ action, kind, name, details: lines }) => [
    `${action} ${kind} ${name}`,
    ...lines,
  ]);

const CASES: readonly (readonly [
  what: string,
  before: readonly ResourceDraft[],
  after: readonly ResourceDraft[],
  expected: readonly (readonly string[])[],
])[] = [
  ['a weight', [pool('w', [A, 1])], [pool('w', [A, 3])], [['updated pool w', `${A}: weight 1 → 3`]]],
  [
    'a state, and a weight with it',
    [pool('w', [A, 1])],
    [pool('w', [A, 3, 'draining'])],
    [['updated pool w', `${A}: weight 1 → 3, active → draining`]],
  ],
  [
    'backends that come and go',
    [pool('w', [A, 1])],
    [pool('w', ['10.0.0.9:80', 1])],
    [['updated pool w', 'backends: 10.0.0.9:80 added', `backends: ${A} removed`]],
  ],
  [
    'more backends than a line takes',
    [pool('w')],
    [pool('w', ...many(12, 1))],
    [['updated pool w', 'backends: 10.0.1.0:80, 10.0.1.1:80, 10.0.1.2:80 and 9 more added']],
  ],
  [
    'more changes than are told',
    [pool('w', ...many(12, 1))],
    [pool('w', ...many(12, 2))],
    [['updated pool w', ...many(9, 2).map(([address]) => `${address}: weight 1 → 2`), 'and 3 more']],
  ],
  [
    'the fields of a policy',
    [policy({ strategy: 'round_robin' })],
    [policy({ strategy: 'random', healthCheck: { intervalMs: 1_000 }, connectionLog: { oneIn: 5 } })],
    [
      [
        'updated policy p',
        'strategy round_robin → random',
        'health_check.interval 5s → 1s',
        'health_check.timeout 2s → 1s',
        'connection_log.one_in default → 5',
      ],
    ],
  ],
  [
    'another type of check, without the defaults that come with it, a script as one text, and a tier',
    [pool('w', [A, 1]), policy({ healthCheck: { type: 'http', http: { path: '/x' } } })],
    [
      { kind: 'pool', value: { name: 'w', backends: [{ address: A, tier: 2 }] } },
      policy({
        healthCheck: {
          type: 'script',
          script: [{ sendSecret: 'pw' }, { send: 'PING\r\n' }, { expect: '+PONG' }],
        },
        onUnhealthy: 'close',
      }),
    ],
    [
      ['updated pool w', `${A}: tier 0 → 2`],
      [
        'updated policy p',
        'health_check.type http → script',
        'health_check.http.path /x → default',
        'health_check.script default → send_secret pw, send PING\\r\\n, expect +PONG',
        'on_unhealthy default → close',
      ],
    ],
  ],
  [
    'what is new in a new policy, and all of a new listener',
    [pool('w')],
    [pool('w'), policy({ strategy: 'random' }), listener('0.0.0.0:80')],
    [
      ['created policy p', 'strategy random'],
      ['created listener l', 'address 0.0.0.0:80', 'pool w'],
    ],
  ],
  [
    'a deleted pool, without its backends, and the built-in policy as delivered',
    [pool('w', [A, 1]), { kind: 'policy', value: { name: 'default', strategy: 'random' } }],
    [],
    [['deleted pool w'], ['updated policy default', 'strategy random → power_of_two_choices']],
  ],
  [
    'a new pool with its backends',
    [],
    [pool('w', [A, 1])],
    [['created pool w', `backends: ${A} added`, 'policy default']],
  ],
];

describe('the details of a revision', () => {
  for (const [what, before, after, expected] of CASES) {
    it(`say ${what}`, () => assert.deepEqual(details(before, after), expected));
  }
});
