/** One system with its balancers and clients, and the rounds of faults that it goes through. */
import { setTimeout as wait } from 'node:timers/promises';
import { Network } from '../../harness/containers/network.ts';
import {
  askOnce,
  type DatabaseCluster,
  firstPrimary,
  SETTLED_WITHIN_MS,
} from '../../harness/databases/cluster.ts';
import type { Machine } from '../../harness/databases/machine.ts';
import { eventually, type Scope } from '../../harness/programs/processes.ts';
import { type Contestant, startEquipoise, startHaproxy } from './balancers.ts';
import { Client, nextId } from './client.ts';
import { type Figures, judge } from './judge.ts';
import type { System } from './system.ts';

export const FAULTS = ['kill', 'freeze', 'switch', 'cut'] as const;
export type Fault = (typeof FAULTS)[number];

/** What a fault made of the cluster. */
interface Aftermath {
  readonly primary: Machine;
  readonly readyAt: number;
}

interface Group {
  readonly contestant: Contestant;
  readonly writers: readonly Client[];
  readonly reader: Client;
}

const LONG_WRITERS = 4;
const SHORT_WRITERS = 2;
const FREEZE_MS = 20_000;
const CUT_MS = 12_000;
/** Whoever has not found the new primary after this long is stuck. */
const FOUND_WITHIN_MS = 15_000;
const POLL_MS = 20;

export class Trial {
  readonly #system: System;
  readonly #cluster: DatabaseCluster;
  readonly #groups: readonly Group[];
  /** The address of the balancers. */
  readonly #balancers: string;

  static async start(scope: Scope, system: System, withHaproxy = true): Promise<Trial> {
    const network = new Network(scope);
    const cluster = await system.start(scope, network);
    const primary = await cluster.settled();
    for (const command of system.prepare) await askOnce(cluster.protocol, primary.address, command);
    const host = network.addHost(scope);
    const contestants = [
      await startEquipoise(scope, host, system, cluster.machines),
      ...(withHaproxy ? startHaproxy(scope, host, system, cluster.machines) : []),
    ];
    const trial = new Trial(system, cluster, host.address, contestants);
    scope.after(() => trial.#stop());
    return trial;
  }

  private constructor(
    system: System,
    cluster: DatabaseCluster,
    balancers: string,
    contestants: readonly Contestant[],
  ) {
    this.#system = system;
    this.#cluster = cluster;
    this.#balancers = balancers;
    this.#groups = contestants.map((contestant) => this.#startClients(contestant));
  }

  #startClients(contestant: Contestant): Group {
    const { protocol } = this.#cluster;
    const target = { protocol, host: this.#balancers, port: contestant.writePort };
    const writers = Array.from(
      { length: LONG_WRITERS + SHORT_WRITERS },
      (_, index) =>
        new Client({ ...target, command: this.#system.write, connectsEachTime: index >= LONG_WRITERS }),
    );
    const read = { ...target, port: contestant.readPort, command: () => this.#system.read };
    return { contestant, writers, reader: new Client({ ...read, connectsEachTime: false }) };
  }

  /** One fault, from a settled cluster to a settled cluster. Answers the figures of each balancer. */
  async round(fault: Fault): Promise<ReadonlyMap<string, Figures>> {
    const old = await this.#cluster.settled();
    const began = performance.now();
    await eventually(
      async () => {
        if (this.#notAt(old, began).length === 0) return true;
        // A connection to the next member of Galera stays there when the first one is back.
        for (const client of this.#clients())
          if (!client.reachedSince(began, old.address)) client.reconnect();
        return false;
      },
      'every writer to reach the primary',
      SETTLED_WITHIN_MS,
    );
    const from = nextId();
    for (const client of this.#clients()) client.take(from);
    const { primary, readyAt } = await this.#suffer(fault, old);
    // Writers that a balancer does not bring there in time are part of the result.
    const giveUpAt = performance.now() + FOUND_WITHIN_MS;
    while (this.#notAt(primary, readyAt).length > 0 && performance.now() < giveUpAt) await wait(POLL_MS);
    for (const client of this.#clients()) client.giveUp();
    if (fault === 'kill') await this.#cluster.start(old);
    const settled = await this.#cluster.settled();
    const command = this.#system.stored(from);
    const logs = this.#groups.map(({ writers }) => writers.map((writer) => writer.take(from)));
    const stored = new Set((await askOnce(this.#cluster.protocol, settled.address, command)).map(Number));
    const { takesNoWrites, allWrite = false } = this.#system;
    const facts = { primary: primary.address, readyAt, allWrite, takesNoWrites, stored };
    return new Map(
      this.#groups.map(({ contestant }, index) => [contestant.name, judge(logs[index] ?? [], facts)]),
    );
  }

  #clients(): readonly Client[] {
    return this.#groups.flatMap(({ writers, reader }) => [...writers, reader]);
  }

  /** The balancers of which not all writers have had an acknowledgement from this machine. */
  #notAt({ address }: Machine, since: number): readonly string[] {
    return this.#groups
      .filter(({ writers }) => !writers.every((writer) => writer.reachedSince(since, address)))
      .map(({ contestant }) => contestant.name);
  }

  async #suffer(fault: Fault, old: Machine): Promise<Aftermath> {
    const others = this.#cluster.machines.filter((machine) => machine !== old);
    switch (fault) {
      case 'kill':
        old.kill();
        return this.#aftermath(others);
      case 'switch': {
        const switched = this.#cluster.switchOver(old);
        const aftermath = await this.#aftermath(others);
        await switched;
        return aftermath;
      }
      case 'freeze':
        return this.#freeze(old, others);
      case 'cut':
        return this.#cut(old, others);
    }
  }

  async #aftermath(among: readonly Machine[]): Promise<Aftermath> {
    const primary = await firstPrimary(this.#cluster, among);
    return { primary, readyAt: performance.now() };
  }

  async #freeze(old: Machine, others: readonly Machine[]): Promise<Aftermath> {
    old.freeze(true);
    const thawed = wait(FREEZE_MS).then(() => old.freeze(false));
    const aftermath = await this.#aftermath(others);
    await thawed;
    return aftermath;
  }

  /** The cluster sees nothing of it: where one machine is the primary, it stays that. */
  async #cut(old: Machine, others: readonly Machine[]): Promise<Aftermath> {
    const cutAt = performance.now();
    await old.cutFrom(this.#balancers);
    await wait(CUT_MS);
    await old.mend();
    const [next] = others;
    if (this.#system.allWrite === true && next !== undefined) return { primary: next, readyAt: cutAt };
    return { primary: old, readyAt: performance.now() };
  }

  async #stop(): Promise<void> {
    await Promise.all(this.#clients().map((client) => client.stop()));
  }
}
