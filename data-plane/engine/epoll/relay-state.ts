/** How a connection stands, told by the bits of its sides. */
import { BACKEND, CLIENT, SIDE, type Slots } from './slots.ts';

export const STANDING = {
  open: 0,
  /** Both directions are done, in order. */
  completed: 1,
  /** The client is broken, and there is nothing to wait for: reset the backend now. And the other way round. */
  clientBroken: 2,
  backendBroken: 3,
  /** The client is broken, and all that it sent is in the kernel: reset the backend once it has got that. */
  deliverToBackend: 4,
  deliverToClient: 5,
} as const;
export type Standing = (typeof STANDING)[keyof typeof STANDING];

/** By the side that is broken. */
export const BROKEN = [STANDING.clientBroken, STANDING.backendBroken] as const;
const DELIVER = [STANDING.deliverToBackend, STANDING.deliverToClient] as const;

/** Nothing more will be passed on to this side. */
export const OUTPUT_DONE = SIDE.outputEnded | SIDE.outputBroken;

export function standingOf(slots: Slots, slot: number): Standing {
  const client = slots.sides[2 * slot + CLIENT]!; // `!`: a slot is within them.
  const backend = slots.sides[2 * slot + BACKEND]!;
  if (((client | backend) & SIDE.inputEnded) === 0) return STANDING.open;
  if (isToDeliver(client, backend)) return DELIVER[CLIENT];
  if (isToDeliver(backend, client)) return DELIVER[BACKEND];
  const isOver = (client & backend & SIDE.inputEnded) !== 0 && isDone(client) && isDone(backend);
  if (!isOver) return STANDING.open;
  return (client & SIDE.outputBroken) === 0 ? STANDING.completed : BROKEN[CLIENT];
}

function isDone(side: number): boolean {
  return (side & OUTPUT_DONE) !== 0;
}

/** Not when the other one is broken too: it would never have got everything. */
function isToDeliver(broken: number, other: number): boolean {
  const ended = SIDE.inputEnded | SIDE.outputBroken;
  if ((broken & ended) !== ended) return false;
  // No end is passed on of a side that had none.
  if ((broken & SIDE.reset) !== 0) return (other & (SIDE.parked | SIDE.outputBroken)) === 0;
  return (other & OUTPUT_DONE) === SIDE.outputEnded;
}
