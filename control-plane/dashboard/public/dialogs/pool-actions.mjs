// The actions on a pool and its backends: the method that each calls, its fields and its texts.

import { change } from './change.mjs';
import { words } from '../lib/format.mjs';

const wire = (prefix, word) => `${prefix}_${word.toUpperCase()}`;

const weightField = (label, value, hint) => ({
  name: 'weight',
  label,
  hint,
  value,
  number: true,
  about: /weight/,
});

const selectField = (name, label, value, options) => ({
  name,
  label,
  value,
  options,
  about: new RegExp(name),
});

/** `now()` returns `{page, row}` of the newest view. A change names the revision that its preview shows. */

export function add(now) {
  const { name } = now().page;
  change({
    title: `Add backends to pool ${name}`,
    done: 'Added',
    fields: [
      {
        name: 'addresses',
        label: 'Addresses, one per line',
        hint: 'IP:PORT, or [IP]:PORT for IPv6. A new backend gets connections after its first successful health check.',
        lines: true,
        value: '',
        about: /\.address$|backends(\[.*\])?$|^pool$/,
      },
      weightField('Weight of each', '1', '0 to 1000'),
    ],
    request: ({ addresses, weight }) => ({
      method: 'AddBackends',
      request: { pool: name, backends: addresses.map((address) => ({ address, weight })) },
    }),
  });
}

export function remove(now) {
  const { name } = now().page;
  const { address } = now().row;
  change({
    title: `Remove ${address} from pool ${name}`,
    done: 'Removed',
    danger: true,
    request: () => ({ method: 'RemoveBackends', request: { pool: name, addresses: [address] } }),
  });
}

export const drain = (now) => setState(now, 'draining', 'Drain', 'Draining');
export const enable = (now) => setState(now, 'active', 'Enable', 'Enabled');
export const disable = (now) => setState(now, 'disabled', 'Disable', 'Disabled');

function setState(now, state, title, done) {
  const { page, row } = now();
  change({
    title: `${title} ${row.address} of pool ${page.name}`,
    done,
    request: () => updateBackend(now(), { state: wire('BACKEND_STATE', state) }),
  });
}

export function weight(now) {
  const { name } = now().page;
  const { address, weight: before } = now().row;
  change({
    title: `Weight of ${address} of pool ${name}`,
    done: 'Weight set',
    fields: [
      weightField(
        'Weight',
        String(before),
        '0 to 1000, relative to the other backends. With 0 the backend gets no new connections.',
      ),
    ],
    request: (values) => updateBackend(now(), { weight: values.weight }),
  });
}

const updateBackend = ({ page, row: { address, revision } }, fields) => ({
  method: 'UpdateBackend',
  request: { pool: page.name, backend: { address, revision: String(revision), ...fields } },
});

const STRATEGIES = {
  power_of_two_choices: 'of two random backends, the one with fewer connections',
  least_connections: 'the backend with the fewest connections',
  round_robin: 'each backend in turn, by weight',
  random: 'a random backend, by weight',
  source_hash: 'always the same backend for the same client',
  peak_ewma: 'of two random backends, the one that responds faster',
};

export function strategy(now) {
  const opened = now().page;
  const { policy, policyUsers, strategy: before } = opened;
  // The pool may have another policy by now, but this dialog is about the first one.
  const revision = () => (now().page.policy === policy ? now().page : opened).policyRevision;
  const shared = policyUsers > 1 ? ` It is shared by ${policyUsers} pools, and all of them change.` : '';
  const options = Object.entries(STRATEGIES).map(([name, hint]) => [name, `${words(name)}: ${hint}`]);
  change({
    title: `Strategy of policy ${policy}`,
    subject: 'this policy',
    done: 'Strategy changed',
    lead: `This changes the policy “${policy}”.${shared} Open connections stay where they are.`,
    fields: [selectField('strategy', 'Strategy', before, options)],
    request: (values) => ({
      method: 'UpdatePolicy',
      request: {
        policy: {
          name: policy,
          strategy: wire('STRATEGY', values.strategy),
          revision: String(revision()),
        },
        updateMask: { paths: ['strategy'] },
      },
    }),
  });
}

export function policy(now, policies) {
  const { name, policy: before } = now().page;
  const options = policies.map((one) => [
    one.name,
    `${one.name}: ${words(one.strategy)}, health check ${one.healthCheck}`,
  ]);
  change({
    title: `Policy of pool ${name}`,
    done: 'Policy changed',
    lead: 'A policy sets the strategy, health checks and timeouts. Open connections stay where they are.',
    fields: [selectField('policy', 'Policy', before, options)],
    request: (values) => ({
      method: 'UpdatePool',
      request: {
        pool: { name, policy: values.policy, revision: String(now().page.revision) },
        updateMask: { paths: ['policy'] },
      },
    }),
  });
}
