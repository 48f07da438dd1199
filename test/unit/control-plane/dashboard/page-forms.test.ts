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
const { createRequest, textAt, updateRequest, aboutPath } = await page<{
  createRequest(
    kind: string,
    values: object,
  ): { request: { policy: { health_check: Record<string, unknown> } } };
  textAt(resource: object, path: string): string;
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
    'health_check.port': '',
    'health_check.unhealthy_interval': '',
    when_none_healthy: '',
    on_unhealthy: '',
    expect_healthy: '',
    slow_start: '',
    max_lifetime: '',
  };

  it('sends what was changed and nothing else, and an emptied field for its default', () => {
    const values = { ...shown, 'connect.retries': '4', 'health_check.interval': ' ' };
    assert.deepEqual(updateRequest('policy', steady, values, 7), {
      method: 'UpdatePolicy',
      request: {
        policy: { name: 'steady', revision: '7', connect: { retries: 4 } },
        updateMask: { paths: ['health_check.interval', 'connect.retries'] },
      },
    });
    // An empty mask would replace the whole policy, the fields that this form does not know included.
    const { request } = updateRequest('policy', steady, shown, 7);
    assert.equal(request.updateMask.paths.length, 19);
  });

  it('leaves alone what it does not show: only what was changed is named', () => {
    const before = {
      name: 'pg',
      address: '0.0.0.0:5432',
      pool: '',
      pools: ['x'],
      routes: [{}],
      deny: ['::/0'],
    };
    const { request } = updateRequest('listener', before, { address: '0.0.0.0:5433', pool: '' }, 3);
    assert.deepEqual(request, {
      listener: { name: 'pg', revision: '3', address: '0.0.0.0:5433' },
      updateMask: { paths: ['address'] },
    });
    // Nothing was changed.
    const same = updateRequest('listener', before, { address: before.address, pool: '' }, 3);
    assert.deepEqual(same.request.updateMask.paths, ['address', 'pool']);
  });

  it('has the fields that belong to the type of the check, and sends nothing of another one', () => {
    const script = 'send_secret pw\n\n send PING\\r\\n\nexpect  /a b/';
    const parts = {
      'health_check.http.method': 'HEAD',
      'health_check.http.path': '/x',
      'health_check.http.host': '',
      'health_check.http.status': '204, 300-399',
      'health_check.http.body': '',
      'health_check.tls.server_name': '',
      'health_check.tls.verify': 'true',
      'health_check.tls.ca': '',
      'health_check.script': script,
    };
    const checks = ['https', 'script', 'tcp'].map((type) => {
      const { request } = createRequest('policy', {
        name: 'p',
        ...shown,
        ...parts,
        'health_check.type': type,
      });
      const ofAll = ['interval', 'timeout', 'healthy_threshold', 'unhealthy_threshold'];
      return Object.fromEntries(
        Object.entries(request.policy.health_check).filter(([field]) => !ofAll.includes(field)),
      );
    });
    const steps = [{ send_secret: 'pw' }, { send: 'PING\\r\\n' }, { expect: ' /a b/' }];
    assert.deepEqual(checks, [
      {
        type: 'https',
        http: { method: 'HEAD', path: '/x', status: ['204', '300-399'] },
        tls: { verify: true },
      },
      { type: 'script', script: steps },
      { type: 'tcp' },
    ]);
    const stored = [{ send_secret: 'pw' }, { send: 'PING\r\n' }];
    assert.equal(
      textAt({ health_check: { script: stored } }, 'health_check.script'),
      'send_secret pw\nsend PING\\r\\n',
    );
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
