/** A database on several machines, of which one takes the writes. */
import type { Network } from '../containers/network.ts';
import { eventually, type Scope } from '../programs/processes.ts';
import { Machine } from './machine.ts';
import { DatabaseConnection, type Protocol } from './wire.ts';

export interface DatabaseCluster {
  readonly protocol: Protocol;
  readonly machines: readonly Machine[];
  /** Whether a machine would take a write now. False when it does not answer. */
  isPrimary(machine: Machine): Promise<boolean>;
  /** Hands the writes over to another machine, in order. */
  switchOver(from: Machine): Promise<void>;
  /** Starts the programs of a machine again. */
  start(machine: Machine): Promise<void>;
  /** Waits until all machines take part, and answers the one that takes the writes. */
  settled(): Promise<Machine>;
}

const MACHINES = 3;
const ANSWER_WITHIN_MS = 2_000;
/** A member that comes back may have to copy all data. */
export const SETTLED_WITHIN_MS = 120_000;

export function addMachines(scope: Scope, network: Network, user: string): readonly Machine[] {
  return Array.from({ length: MACHINES }, () => new Machine(scope, network.addHost(scope), user));
}

/** Asks one question over a connection of its own. Rejects when the answer takes longer than two seconds. */
export async function askOnce(protocol: Protocol, host: string, command: string, port?: number) {
  const connection = new DatabaseConnection(protocol, host, port);
  const timer = setTimeout(() => connection.close(), ANSWER_WITHIN_MS);
  try {
    await connection.ready;
    return await connection.query(command);
  } finally {
    clearTimeout(timer);
    connection.close();
  }
}

/** False for what does not answer. */
export async function holds(question: Promise<boolean>): Promise<boolean> {
  return question.catch(() => false);
}

/** The first of these machines that becomes a primary. */
export function firstPrimary(cluster: DatabaseCluster, among: readonly Machine[]): Promise<Machine> {
  return eventually(
    async () => {
      const answers = await Promise.all(among.map((machine) => cluster.isPrimary(machine)));
      return among.find((_, index) => answers[index]);
    },
    'a primary',
    SETTLED_WITHIN_MS,
  );
}
