/** The state of a connection that is relayed, derived from the bits of its sides. */
import { BACKEND, CLIENT, SIDE, type Slots } from './slots.ts';

export const RELAY_STATE = {
  /** Also half-closed. */
  open: 0,
  /** Both directions have ended in order. */
  completed: 1,
  /** This side was lost, and the other one is owed nothing: reset the other one now. */
  clientBroken: 2,
  backendBroken: 3,
  /** The other side was lost, and all that it sent is in the kernel: reset this side once it has received that. */
  deliverToBackend: 4,
  deliverToClient: 5,
} as const;
export type RelayState = (typeof RELAY_STATE)[keyof typeof RELAY_STATE];

/** By the side that is broken. */
export const BROKEN = [RELAY_STATE.clientBroken, RELAY_STATE.backendBroken] as const;

/** Nothing more will be passed on to this side. */
export const OUTPUT_DONE = SIDE.outputEnded | SIDE.outputBroken;

export function relayStateOf(slots: Slots, slot: number): RelayState {
  const client = slots.sides[2 * slot + CLIENT]!; // `!`: a slot is within them.
  const backend = slots.sides[2 * slot + BACKEND]!;
  if (((client | backend) & SIDE.inputEnded) === 0) return RELAY_STATE.open;
  if (isToDeliver(client, backend)) return RELAY_STATE.deliverToBackend;
  if (isToDeliver(backend, client)) return RELAY_STATE.deliverToClient;
  const isOver = (client & backend & SIDE.inputEnded) !== 0 && isDone(client) && isDone(backend);
  if (!isOver) return RELAY_STATE.open;
  return (client & SIDE.outputBroken) === 0 ? RELAY_STATE.completed : RELAY_STATE.clientBroken;
}

/** The backend has ended or was reset, and nothing has come of an end of the client, read or not. */
export function backendEndedFirst({ sides }: Slots, slot: number): boolean {
  const clientEnds = SIDE.inputEnded | SIDE.reset | SIDE.ending | SIDE.outputBroken;
  const hasEnded = (sides[2 * slot + BACKEND]! & (SIDE.inputEnded | SIDE.reset)) !== 0;
  return hasEnded && (sides[2 * slot + CLIENT]! & clientEnds) === 0;
}

function isDone(side: number): boolean {
  return (side & OUTPUT_DONE) !== 0;
}

/** False when the other one is broken too: it would never receive everything. */
function isToDeliver(broken: number, other: number): boolean {
  const ended = SIDE.inputEnded | SIDE.outputBroken;
  if ((broken & ended) !== ended) return false;
  // The end of a side that was reset is not passed on.
  if ((broken & SIDE.reset) !== 0) return (other & (SIDE.parked | SIDE.outputBroken)) === 0;
  return (other & OUTPUT_DONE) === SIDE.outputEnded;
}
