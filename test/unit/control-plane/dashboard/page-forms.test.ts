/** What the forms of the page send and say, without a browser. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

interface Request {
  readonly request: { readonly updateMask: { readonly paths: readonly string[] } };
}

/** Scripts for the browser have no types. */
const page = async <T>(name: string) =>
  (await import(
    new URL(`../../../../control-plane/dashboard/public/dialogs/${name}.mjs`, import.meta.url).href
  )) as T;
const { createRequest, updateRequest, aboutPath } = await page<{
  createRequest(kind: string, values: object): object;
  updateRequest(kind: string, before: object, values: object, revision: number): Request;
  aboutPath(path: string): RegExp;
}>('resource-fields');
const BUTTONS = /"(?:Back|Cancel|Close|Apply|Try again)"/g;
const { previewStep } = await page<{ previewStep(run: object, acts: object): object }>('change-preview');

describe('the form of a resource', () => {
  const steady = {
    name: 'steady',
    strategy: 'random',
    health_check: {
      type: 'tcp',
      interval: '5s',
      timeout: '2s',
      healthy_threshold: 2,
      unhealthy_threshold: 3,
    },
    connect: { timeout: '5s', retries: 2 },
    timeouts: { idle: '1h', half_closed: '1m' },
    drain_timeout: '5m',
  };
  const shown = {
    strategy: 'random',
    'health_check.type': 'tcp',
    'health_check.interval': '5s',
    'health_check.timeout': '2s',
    'health_check.healthy_threshold': '2',
    'health_check.unhealthy_threshold': '3',
    'connect.timeout': '5s',
    'connect.retries': '2',
    'timeouts.idle': '1h',
    'timeouts.half_closed': '1m',
    drain_timeout: '5m',
    'connection_log.one_in': '',
  };

  it('sends what was changed and nothing else, and an emptied field for its default', () => {
    const values = { ...shown, 'connect.retries': '4', 'health_check.interval': ' ' };
    assert.deepEqual(updateRequest('policy', steady, values, 7), {
      method: 'UpdatePolicy',
      request: {
        policy: { name: 'steady', revision: '7', health_check: {}, connect: { retries: 4 } },
        updateMask: { paths: ['health_check.interval', 'connect.retries'] },
      },
    });
    // An empty mask would replace the whole policy, the fields that this form does not know included.
    const { request } = updateRequest('policy', steady, shown, 7);
    assert.equal(request.updateMask.paths.length, 12);
  });

  it('sends a new resource with the fields that were filled in', () => {
    assert.deepEqual(
      createRequest('pool', { name: 'web', policy: 'steady', backends: '10.0.0.1:80\n10.0.0.2:80' }),
      {
        method: 'CreatePool',
        request: {
          pool: {
            name: 'web',
            policy: 'steady',
            backends: [{ address: '10.0.0.1:80' }, { address: '10.0.0.2:80' }],
          },
        },
      },
    );
  });

  it('knows which violations are about a field', () => {
    const about = (path: string, field: string) => aboutPath(path).test(field);
    assert.ok(about('connect.timeout', 'policies[steady].connect.timeout'));
    assert.ok(about('backends', 'pools[web].backends[10.0.0.9].address'));
    assert.ok(!about('timeout', 'policy.drain_timeout'));
  });
});

describe('the preview of a change', () => {
  const preview = {
    guardRefusals: [],
    changes: [{ fields: [] }],
    notes: [],
    poolEffects: [],
    listenerEffects: [],
  };
  const shown = (state: object) => {
    const run = { preview, outdated: false, unsure: false, refusal: null, what: { fields: [] }, ...state };
    return JSON.stringify(previewStep(run, {}));
  };

  it('says that nothing was changed only where that is certain', () => {
    assert.match(shown({}), /Nothing has been changed yet/);
    assert.match(shown({ outdated: true }), /Nothing was changed/);
    for (const state of [{ unsure: true }, { unsure: true, outdated: true }]) {
      assert.doesNotMatch(shown(state), /[Nn]othing (was|has been) changed/);
      assert.match(shown(state), /unknown.*history/i);
    }
  });

  it('can be edited or left, but while the outcome is unknown only left: another request might make it twice', () => {
    const fields = [{ name: 'weight', about: /weight/ }];
    const buttons = (state: object) => shown({ step: 'preview', what: { fields }, ...state }).match(BUTTONS);
    assert.deepEqual(buttons({}), ['"Back"', '"Apply"']);
    assert.deepEqual(buttons({ unsure: true }), ['"Close"', '"Try again"']);
  });
});
