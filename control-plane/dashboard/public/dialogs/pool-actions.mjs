// The actions on the backends of a pool: the method that each calls, its fields and its texts. `now()` returns `{page, row}` of
// the newest view. A change names the revision that its preview shows.

import { change } from './change.mjs';
import { linesIn, numberIn } from './resource-fields.mjs';

const WEIGHT = '0 to 1000, relative to the other backends. With 0 a backend gets no new connections.';
const TIER = '0 to 15. It serves while no backend of the tiers before it is healthy.';
const placeFields = (weight, tier, ofEach = '') => [
  { name: 'weight', label: `Weight${ofEach}`, hint: WEIGHT, value: String(weight), about: /weight/ },
  { name: 'tier', label: `Tier${ofEach}`, hint: TIER, value: String(tier), about: /tier/ },
];

const placeIn = ({ weight, tier }) => ({ weight: numberIn(weight), tier: numberIn(tier) });

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
        area: true,
        value: '',
        about: /\.address$|backends(\[.*\])?$|^pool$/,
      },
      ...placeFields(1, 0, ' of each'),
    ],
    request: ({ addresses, ...texts }) => ({
      method: 'AddBackends',
      request: {
        pool: name,
        backends: linesIn(addresses).map((address) => ({ address, ...placeIn(texts) })),
      },
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
    request: () => updateBackend(now(), { state: `BACKEND_STATE_${state.toUpperCase()}` }),
  });
}

export function weight(now) {
  const { name } = now().page;
  const { address, weight: before, tier = 0 } = now().row;
  change({
    title: `Weight and tier of ${address} of pool ${name}`,
    done: 'Set',
    fields: placeFields(before, tier),
    request: (texts) => updateBackend(now(), placeIn(texts)),
  });
}

const updateBackend = ({ page, row: { address, revision } }, fields) => ({
  method: 'UpdateBackend',
  request: { pool: page.name, backend: { address, revision: String(revision), ...fields } },
});
