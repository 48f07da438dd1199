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

/** What `npm test` explores. */
export const SMALL: readonly NamedBounds[] = [
  {
    name: 'two changes at once, and any fault of store or control plane',
    changes: 2,
    inTurn: false,
    proxy: false,
    faults: 1,
    kinds: STORE_FAULTS,
    reports: 0,
  },
  {
    name: 'one change on its way to both workers, and any fault of stream, proxy or worker',
    changes: 1,
    inTurn: true,
    proxy: true,
    faults: 1,
    kinds: DELIVERY_FAULTS,
    reports: 0,
  },
  {
    name: 'three changes in turn on their way to both workers',
    changes: 3,
    inTurn: true,
    proxy: true,
    faults: 0,
    kinds: [],
    reports: 0,
  },
  {
    name: 'a control plane that is cut from its store, and reports that say so',
    changes: 1,
    inTurn: true,
    proxy: true,
    faults: 1,
    kinds: ['cut'],
    reports: 1,
  },
];

/** What takes minutes: `npm run test:long`. */
export const LARGE: readonly NamedBounds[] = [
  {
    name: 'a control plane that is cut from its store, and reports after which the proxy moves',
    changes: 1,
    inTurn: true,
    proxy: true,
    faults: 1,
    kinds: ['cut'],
    reports: 2,
  },
  {
    name: 'one change on its way to both workers, and any fault at all',
    changes: 1,
    inTurn: true,
    proxy: true,
    faults: 1,
    kinds: ALL_FAULTS,
    reports: 0,
  },
  {
    name: 'three changes at once, and any fault of store or control plane',
    changes: 3,
    inTurn: false,
    proxy: false,
    faults: 1,
    kinds: STORE_FAULTS,
    reports: 0,
  },
];

/** What takes hours, up to some GB, and more states than were ever visited: EXPLORE=huge. */
export const HUGE: readonly NamedBounds[] = [
  {
    name: 'two changes at once, and any two faults of store or control plane',
    changes: 2,
    inTurn: false,
    proxy: false,
    faults: 2,
    kinds: STORE_FAULTS,
    reports: 0,
  },
  {
    name: 'two changes in turn on their way to both workers, and any fault at all',
    changes: 2,
    inTurn: true,
    proxy: true,
    faults: 1,
    kinds: ALL_FAULTS,
    reports: 0,
  },
  {
    name: 'one change on its way to both workers, and any two faults',
    changes: 1,
    inTurn: true,
    proxy: true,
    faults: 2,
    kinds: ALL_FAULTS,
    reports: 0,
  },
];
