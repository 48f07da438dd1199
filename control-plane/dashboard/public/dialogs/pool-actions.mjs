// What can be done with a pool and its backends: each as the method it calls, what it asks for first, and its words.

import { change } from './change.mjs';
import { words } from '../lib/format.mjs';

const wire = (prefix, word) => `${prefix}_${word.toUpperCase()}`;

export function add({ name }) {
  change({
    title: `Add backends to pool ${name}`,
    done: 'Added',
    fields: [
      {
        name: 'addresses',
        label: 'Addresses, one a line',
        hint: 'IP:PORT, for IPv6 [IP]:PORT. A new backend takes connections once it passed a check.',
        lines: true,
        value: '',
        about: /\.address$|backends(\[.*\])?$|^pool$/,
      },
      {
        name: 'weight',
        label: 'Weight of each',
        hint: '0 to 1000',
        value: '1',
        number: true,
        about: /weight/,
      },
    ],
    request: ({ addresses, weight }) => ({
      method: 'AddBackends',
      request: { pool: name, backends: addresses.map((address) => ({ address, weight })) },
    }),
  });
}

export function remove({ name }, { address }) {
  change({
    title: `Remove ${address} from pool ${name}`,
    done: 'Removed',
    danger: true,
    request: () => ({ method: 'RemoveBackends', request: { pool: name, addresses: [address] } }),
  });
}

export const drain = (page, row) => setState(page, row, 'draining', 'Drain', 'Draining');
export const enable = (page, row) => setState(page, row, 'active', 'Enable', 'Enabled');
export const disable = (page, row) => setState(page, row, 'disabled', 'Disable', 'Disabled');

function setState({ name }, { address, revision }, state, title, done) {
  change({
    title: `${title} ${address} of pool ${name}`,
    done,
    request: () =>
      updateBackend(name, { address, state: wire('BACKEND_STATE', state), revision: String(revision) }),
  });
}

export function weight({ name }, { address, weight: now, revision }) {
  change({
    title: `Weight of ${address} of pool ${name}`,
    done: 'Weight set',
    fields: [
      {
        name: 'weight',
        label: 'Weight',
        hint: '0 to 1000, relative to the other backends; 0 takes no new connections.',
        value: String(now),
        number: true,
        about: /weight/,
      },
    ],
    request: (values) => updateBackend(name, { address, weight: values.weight, revision: String(revision) }),
  });
}

const updateBackend = (pool, backend) => ({ method: 'UpdateBackend', request: { pool, backend } });

const STRATEGIES = {
  power_of_two_choices: 'two draws, the one with fewer connections wins',
  least_connections: 'the one with the fewest connections',
  round_robin: 'one after the other, by weight',
  random: 'at random, by weight',
  source_hash: 'the same client always gets the same backend',
  peak_ewma: 'the quickest to answer of two draws',
};

export function strategy({ policy, policyUsers, strategy: now, policyRevision }) {
  const shared = policyUsers > 1 ? ` It is shared by ${policyUsers} pools: all of them change.` : '';
  change({
    title: `Strategy of policy ${policy}`,
    done: 'Strategy changed',
    lead: `This changes the policy “${policy}”.${shared} Open connections stay where they are.`,
    fields: [
      {
        name: 'strategy',
        label: 'Strategy',
        value: now,
        options: Object.entries(STRATEGIES).map(([name, hint]) => [name, `${words(name)}: ${hint}`]),
        about: /strategy/,
      },
    ],
    request: (values) => ({
      method: 'UpdatePolicy',
      request: {
        policy: {
          name: policy,
          strategy: wire('STRATEGY', values.strategy),
          revision: String(policyRevision),
        },
        updateMask: { paths: ['strategy'] },
      },
    }),
  });
}

export function policy({ name, policy: now, revision }, policies) {
  change({
    title: `Policy of pool ${name}`,
    done: 'Policy changed',
    lead: 'A policy is a strategy, health checks and timeouts. Open connections stay where they are.',
    fields: [
      {
        name: 'policy',
        label: 'Policy',
        value: now,
        options: policies.map((one) => [
          one.name,
          `${one.name}: ${words(one.strategy)}, checks ${one.healthCheck}`,
        ]),
        about: /policy/,
      },
    ],
    request: (values) => ({
      method: 'UpdatePool',
      request: {
        pool: { name, policy: values.policy, revision: String(revision) },
        updateMask: { paths: ['policy'] },
      },
    }),
  });
}
