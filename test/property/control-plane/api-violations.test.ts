/** A request with k independent faults is refused with k violations, whichever they are. Over real gRPC. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { LbError } from '../../../core/runtime/errors.ts';
import { laterScope } from '../../../harness/programs/processes.ts';
import { runControlPlane, type TestControlPlane } from '../../../harness/programs/running-control-plane.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- requests are built freely, as a careless client does
type Request = any;
/** Makes one fault in a request; `field` is where the violation must be. */
type Fault = readonly [field: string, make: (request: Request) => unknown];

/** No enum has this number. */
const UNKNOWN = 99;
const TEXTS: readonly Fault[] = [
  ['author', (request) => (request.author = 'a'.repeat(201))],
  ['message', (request) => (request.message = 'm'.repeat(1_001))],
  ['request_id', (request) => (request.requestId = 'r'.repeat(65))],
];
const policyFaults = (name: string, of: (request: Request) => Request): readonly Fault[] => [
  [`policies[${name}].strategy`, (request) => (of(request).strategy = UNKNOWN)],
  [`policies[${name}].health_check.type`, (request) => (of(request).healthCheck.type = UNKNOWN)],
  [`policies[${name}].connect.retries`, (request) => (of(request).connect.retries = 11)],
  [`policies[${name}].timeouts.idle`, (request) => (of(request).timeouts.idle = { seconds: 8 * 86_400 })],
  [
    `policies[${name}].health_check.timeout`,
    (request) => (of(request).healthCheck.timeout = { seconds: 61 }),
  ],
  [`policies[${name}].when_none_healthy`, (request) => (of(request).whenNoneHealthy = UNKNOWN)],
  [`policies[${name}].on_unhealthy`, (request) => (of(request).onUnhealthy = UNKNOWN)],
  [`policies[${name}].slow_start`, (request) => (of(request).slowStart = { seconds: 3_601 })],
  [`policies[${name}].max_lifetime`, (request) => (of(request).maxLifetime = { nanos: 1_000_000 })],
  [`policies[${name}].expect_healthy`, (request) => (of(request).expectHealthy = 16_001)],
];
/** Of a policy with an HTTPS check, and of one with a script. */
const checkFaults = (of: (request: Request, name: string) => Request): readonly Fault[] => {
  const web = 'policies[https].health_check';
  const script = 'policies[script].health_check';
  return [
    [`${web}.port`, (request) => (of(request, 'https').port = 0)],
    [`${web}.script`, (request) => (of(request, 'https').script = [{ expect: 'x' }])],
    [`${web}.http.method`, (request) => (of(request, 'https').http.method = 'PATCH')],
    [`${web}.http.path`, (request) => (of(request, 'https').http.path = '/\r\nX: y')],
    [`${web}.http.host`, (request) => (of(request, 'https').http.host = 'a b')],
    [`${web}.http.status[1]`, (request) => of(request, 'https').http.status.push('399-200')],
    [`${web}.http.body`, (request) => (of(request, 'https').http.body = 'b'.repeat(1_025))],
    [`${web}.tls.server_name`, (request) => (of(request, 'https').tls.serverName = '10.0.0.1')],
    [`${web}.tls.ca`, (request) => (of(request, 'https').tls.ca = 'ca.pem')],
    [`${script}.http`, (request) => (of(request, 'script').http = {})],
    [`${script}.unhealthy_interval`, (request) => (of(request, 'script').unhealthyInterval = { nanos: 1 })],
    [`${script}.script[0].expect`, (request) => (of(request, 'script').script[0].expect = '/(/')],
    [`${script}.script[1]`, (request) => (of(request, 'script').script[1] = {})],
    [`${script}.script[2].send_secret`, (request) => (of(request, 'script').script[2].sendSecret = '../x')],
    [
      `${script}.script`,
      (request) => of(request, 'script').script.push(...Array.from({ length: 14 }, () => ({ send: 'x' }))),
    ],
  ];
};
const backendFaults = (pool: string, of: (request: Request) => Request[]): readonly Fault[] => [
  [`pools[${pool}].backends[db:80].address`, (request) => of(request).push({ address: 'db:80' })],
  [
    `pools[${pool}].backends[10.1.0.1:80].weight`,
    (request) => of(request).push({ address: '10.1.0.1:80', weight: 1_001 }),
  ],
  [
    `pools[${pool}].backends[10.1.0.2:80].state`,
    (request) => of(request).push({ address: '10.1.0.2:80', state: UNKNOWN }),
  ],
  [
    `pools[${pool}].backends[10.1.0.4:80].tier`,
    (request) => of(request).push({ address: '10.1.0.4:80', tier: 16 }),
  ],
  [
    `pools[${pool}].backends[10.1.0.3:80]`,
    (request) => of(request).push({ address: '10.1.0.3:80' }, { address: '[::ffff:10.1.0.3]:80' }),
  ],
];

interface Method {
  readonly service: string;
  readonly method: string;
  readonly valid: () => Request;
  readonly faults: readonly Fault[];
}

const policy = (name: string) => ({
  name,
  connect: {},
  timeouts: {},
  healthCheck: { interval: { seconds: 9 } },
});
const LISTENER = { name: 'l', address: '0.0.0.0:80', pool: 'web' };

const METHODS: readonly Method[] = [
  {
    service: 'config',
    method: 'Apply',
    valid: () => ({
      resources: [
        { policy: policy('p') },
        { pool: { name: 'w', policy: 'p', backends: [] } },
        {
          policy: { name: 'https', healthCheck: { type: 'TYPE_HTTPS', http: { status: ['200'] }, tls: {} } },
        },
        {
          policy: {
            name: 'script',
            healthCheck: {
              type: 'TYPE_SCRIPT',
              script: [{ expect: 'a' }, { expect: 'b' }, { sendSecret: 'c' }],
            },
          },
        },
      ],
    }),
    faults: [
      ...TEXTS,
      ...policyFaults('p', ({ resources }) => resources[0].policy),
      ...backendFaults('w', ({ resources }) => resources[1].pool.backends),
      ...checkFaults(
        ({ resources }, name) =>
          resources.find((each: Request) => each.policy?.name === name).policy.healthCheck,
      ),
      ['policies[Bad].name', ({ resources }) => resources.push({ policy: { name: 'Bad' } })],
      ['pools[].name', ({ resources }) => resources.push({ pool: { name: '' } })],
      ['pools[x].policy', ({ resources }) => resources.push({ pool: { name: 'x', policy: 'none' } })],
      [
        'listeners[m].address',
        ({ resources }) => resources.push({ listener: { ...LISTENER, name: 'm', address: 'm' } }),
      ],
      [
        'listeners[n].pool',
        ({ resources }) => resources.push({ listener: { name: 'n', address: '0.0.0.0:81', pool: 'none' } }),
      ],
      [
        'policies[twice]',
        ({ resources }) => resources.push({ policy: policy('twice') }, { policy: policy('twice') }),
      ],
      ['', (request) => (request.expectedRevision = '77')],
    ],
  },
  {
    service: 'pools',
    method: 'AddBackends',
    valid: () => ({ pool: 'web', backends: [{ address: '10.0.0.9:80' }] }),
    faults: [
      ...TEXTS,
      ...backendFaults('web', ({ backends }) => backends),
      ['pools[web].backends[10.0.0.1:80]', ({ backends }) => backends.push({ address: '10.0.0.1:80' })],
    ],
  },
  {
    service: 'pools',
    method: 'AddBackends',
    valid: () => ({ pool: 'wbe', backends: [{ address: '10.0.0.1:80' }] }),
    // The pool that does not exist is a fault of each of these requests.
    faults: [['', () => undefined], ...backendFaults('wbe', ({ backends }) => backends)],
  },
  {
    service: 'pools',
    method: 'UpdateBackend',
    valid: () => ({ pool: 'web', backend: { address: '10.0.0.1:80' } }),
    faults: [
      ...TEXTS,
      ['pools[web].backends[10.0.0.1:80].weight', ({ backend }) => (backend.weight = 2_000)],
      ['pools[web].backends[10.0.0.1:80].state', ({ backend }) => (backend.state = UNKNOWN)],
      ['', ({ backend }) => (backend.revision = '77')],
    ],
  },
  {
    service: 'pools',
    method: 'UpdateBackend',
    valid: () => ({ pool: '', backend: null }),
    faults: [['pool', () => undefined], ['backend', () => undefined], ...TEXTS],
  },
  {
    service: 'pools',
    method: 'RemoveBackends',
    valid: () => ({ pool: 'web', addresses: ['10.0.0.8:80'] }),
    faults: [
      ['pools[web].backends[10.0.0.8:80]', () => undefined],
      ['pools[web].backends[10.0.0.9:80]', ({ addresses }) => addresses.push('10.0.0.9:80')],
      ...TEXTS,
    ],
  },
  {
    service: 'policies',
    method: 'CreatePolicy',
    valid: () => ({ policy: policy('Bad') }),
    faults: [
      ['policies[Bad].name', () => undefined],
      ...TEXTS,
      ...policyFaults('Bad', (request) => request.policy),
    ],
  },
  {
    service: 'policies',
    method: 'UpdatePolicy',
    valid: () => ({ policy: policy('default') }),
    faults: [
      ...TEXTS,
      ...policyFaults('default', (request) => request.policy),
      ['', (request) => (request.policy.revision = '77')],
    ],
  },
  {
    service: 'listeners',
    method: 'UpdateListener',
    valid: () => ({
      listener: { ...LISTENER, name: 'none', address: '0.0.0.0:90' },
      updateMask: { paths: ['address', 'pool'] },
    }),
    faults: [
      ['', () => undefined],
      ['listeners[none].address', ({ listener }) => (listener.address = 'nowhere')],
      ['listeners[none].pool', ({ listener }) => (listener.pool = 'none')],
      ['update_mask', ({ updateMask }) => updateMask.paths.push('adress')],
    ],
  },
  {
    service: 'listeners',
    method: 'CreateListener',
    valid: () => ({ listener: { ...LISTENER } }),
    faults: [
      ['', () => undefined],
      ['listeners[l].address', ({ listener }) => (listener.address = 'nowhere')],
      ['listeners[l].pool', ({ listener }) => (listener.pool = 'none')],
    ],
  },
  {
    service: 'listeners',
    method: 'DeleteListener',
    valid: () => ({ name: 'none' }),
    faults: [['', () => undefined], ...TEXTS],
  },
];

describe('a request with faults', () => {
  const scope = laterScope();
  let plane: TestControlPlane;
  before(async () => {
    plane = await runControlPlane(scope);
    await plane.call('pools', 'CreatePool', {
      pool: { name: 'web', backends: [{ address: '10.0.0.1:80' }] },
    });
    await plane.call('listeners', 'CreateListener', { listener: LISTENER });
  });
  after(() => scope.end());

  for (const { service, method, valid, faults } of METHODS) {
    it(`of ${service}.${method} learns all of them at once: ${faults[0]?.[0] || 'its name'} and others`, async () => {
      // One that makes nothing is there in any case.
      const always = faults.filter(([, make]) => make.length === 0);
      await fc.assert(
        // What a status can carry has an end: of many more the last ones are only counted.
        fc.asyncProperty(
          fc.subarray([...faults], { minLength: 1, maxLength: Math.min(25, faults.length) }),
          async (chosen) => {
            const request = valid();
            const made = faults.filter((fault) => always.includes(fault) || chosen.includes(fault));
            for (const [, make] of made) make(request);
            const call = plane.call as (...args: unknown[]) => Promise<unknown>;
            const error = await call(service, method, request).then(
              () => null,
              (refusal: unknown) => refusal,
            );
            assert.ok(error instanceof LbError, `${method} was carried out`);
            const found = error.violations.length > 0 ? error.violations.map(({ field }) => field) : [''];
            assert.deepEqual(found.sort(), made.map(([field]) => field).sort(), error.message);
            if (found.length > 1 && error.code === 'INVALID_ARGUMENT')
              assert.match(error.message, new RegExp(`^The request has ${found.length} errors`));
          },
        ),
        { numRuns: 25 },
      );
    });
  }
});
