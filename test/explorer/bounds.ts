/** How large the explored worlds are. */
import type { Bounds, Fault } from './world/world.ts';

const STORE_FAULTS: readonly Fault[] = [
  'append-unknown',
  'append-doubled',
  'deadline',
  'cut',
  'replica-killed',
];

const DELIVERY_FAULTS: readonly Fault[] = [
  'stream-broken',
  'message-lost',
  'message-doubled',
  'proxy-killed',
  'worker-killed',
];

const ALL_FAULTS: readonly Fault[] = [...STORE_FAULTS, ...DELIVERY_FAULTS];

export interface NamedBounds extends Bounds {
  readonly name: string;
}

/** Changes at once at two control planes. */
const STORE = { inTurn: false, proxy: false, faults: 1, kinds: STORE_FAULTS, reports: 0 };
/** Changes in turn on their way to a proxy. */
const DELIVERY = { inTurn: true, proxy: true, faults: 1, kinds: ALL_FAULTS, reports: 0 };
const CUT: Bounds = { ...DELIVERY, changes: 1, kinds: ['cut'] };

/** What `npm test` explores. */
export const SMALL: readonly NamedBounds[] = [
  { ...STORE, name: 'two changes at once, and any fault of store or control plane', changes: 2 },
  {
    ...DELIVERY,
    name: 'one change on its way to both workers, and any fault of stream, proxy or worker',
    changes: 1,
    kinds: DELIVERY_FAULTS,
  },
  {
    ...DELIVERY,
    name: 'three changes in turn on their way to both workers',
    changes: 3,
    faults: 0,
    kinds: [],
  },
  { ...CUT, name: 'a control plane that is cut from its store, and reports that say so', reports: 1 },
];

/** What takes minutes: `npm run test:long`. */
export const LARGE: readonly NamedBounds[] = [
  {
    ...CUT,
    name: 'a control plane that is cut from its store, and reports after which the proxy moves',
    reports: 2,
  },
  { ...DELIVERY, name: 'one change on its way to both workers, and any fault at all', changes: 1 },
  { ...STORE, name: 'three changes at once, and any fault of store or control plane', changes: 3 },
];

/** What takes hours, up to some GB, and more states than were ever visited: EXPLORE=huge. */
export const HUGE: readonly NamedBounds[] = [
  {
    ...STORE,
    name: 'two changes at once, and any two faults of store or control plane',
    changes: 2,
    faults: 2,
  },
  { ...DELIVERY, name: 'two changes in turn on their way to both workers, and any fault at all', changes: 2 },
  { ...DELIVERY, name: 'one change on its way to both workers, and any two faults', changes: 1, faults: 2 },
];
