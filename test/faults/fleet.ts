/** The fleet of a fault run: etcd, control planes, proxies and backends as processes, with a link on every way between. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort } from '../../harness/free-port.ts';
import { type EtcdMember, memberFlags } from '../../harness/programs/etcd-process.ts';
import { eventually, flagList, type Scope } from '../../harness/programs/processes.ts';
import { Actor } from './actor.ts';
import { Link } from './link.ts';
import { guestArguments } from './registrants.ts';
import { type FleetShape, type Kind, linkName, nameOf, WRITERS } from './script.ts';

const READY_WITHIN_MS = 30_000;
/** In a request of a writer, and in one that appends to the log. */
const REQUEST = /w\d+-\d+/;
const APPEND = /"requestId":/;
/** A proxy's own address towards the backends, so that these can tell whom a connection comes through. */
const sourceOf = (index: number): string => `127.0.7.${index + 1}`;

export interface Fleet {
  readonly shape: FleetShape;
  /** By name. */
  readonly actors: ReadonlyMap<string, Actor>;
  readonly links: ReadonlyMap<string, Link>;
  readonly of: (kind: Kind) => readonly Actor[];
  /** HOST:PORT of the control planes as the writers reach them, by name. */
  readonly replicas: ReadonlyMap<string, string>;
  /** HOST:PORT of the members, by themselves. */
  readonly members: readonly string[];
  readonly backends: readonly string[];
  /** The proxy that has this address towards backends. */
  readonly proxyAt: (source: string) => string | undefined;
  /** HOST:PORT of a proxy's metrics, by name. */
  readonly admins: ReadonlyMap<string, string>;
  /** HOST:PORT where all proxies listen, once they are told to. */
  readonly listener: string;
}

export async function startFleet(scope: Scope, shape: FleetShape, folder: string): Promise<Fleet> {
  const building = new Building(scope, shape, folder);
  const members = await building.etcd();
  const planes = await building.controlPlanes(members);
  const admins = await building.proxies(planes);
  const backends = await building.backends();
  const replicas = new Map<string, string>();
  for (const [index, endpoint] of planes.entries()) {
    const name = nameOf('control-plane', index);
    replicas.set(name, await building.link(WRITERS, name, endpoint));
  }
  building.registrants([...replicas.values()]);
  const actors = [...building.actors.values()];
  const first = actors.filter(({ name }) => !/^(proxy|registrant)/.test(name));
  await Promise.all(first.map((actor) => actor.ready()));
  return {
    shape,
    actors: building.actors,
    links: building.links,
    of: (kind) => actors.filter(({ name }) => name.startsWith(`${kind}-`)),
    replicas,
    members,
    backends,
    proxyAt: (source) => {
      const index = Array.from({ length: shape.proxy }, (_, at) => sourceOf(at)).indexOf(source);
      return index === -1 ? undefined : nameOf('proxy', index);
    },
    admins,
    listener: `127.0.0.1:${await freePort()}`,
  };
}

class Building {
  readonly actors = new Map<string, Actor>();
  readonly links = new Map<string, Link>();
  readonly #scope: Scope;
  readonly #shape: FleetShape;
  readonly #folder: string;

  constructor(scope: Scope, shape: FleetShape, folder: string) {
    this.#scope = scope;
    this.#shape = shape;
    this.#folder = folder;
  }

  async etcd(): Promise<readonly string[]> {
    const places: Omit<EtcdMember, 'cluster'>[] = [];
    for (let index = 0; index < this.#shape.etcd; index += 1) {
      const name = nameOf('etcd', index);
      const directory = join(this.#folder, `${name}.data`);
      places.push({ name, directory, clientPort: await freePort(), peerPort: await freePort() });
    }
    const cluster = places.map(({ name, peerPort }) => `${name}=http://127.0.0.1:${peerPort}`).join(',');
    const pace = { 'heartbeat-interval': '50', 'election-timeout': '500', 'log-level': 'warn' };
    return places.map((place) => {
      const client = `127.0.0.1:${place.clientPort}`;
      const flags = { ...memberFlags({ ...place, cluster }), ...pace };
      this.#add(place.name, { command: 'etcd' }, flags, () => answersReads(client));
      return client;
    });
  }

  async controlPlanes(members: readonly string[]): Promise<readonly string[]> {
    const addresses: string[] = [];
    for (let index = 0; index < this.#shape['control-plane']; index += 1) {
      const name = nameOf('control-plane', index);
      const [grpc, http] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
      const store = await this.#links(name, 'etcd', members);
      const flags = { 'grpc-address': grpc, 'http-address': http, store: `etcd:${store.join(',')}` };
      this.#add(name, { built: 'control-plane/main.js' }, flags, () => answersOk(`http://${http}/readyz`));
      addresses.push(grpc);
    }
    return addresses;
  }

  async proxies(planes: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const admins = new Map<string, string>();
    for (let index = 0; index < this.#shape.proxy; index += 1) {
      const name = nameOf('proxy', index);
      const admin = `127.0.0.1:${await freePort()}`;
      const flags = {
        'proxy-id': name,
        'control-plane': (await this.#links(name, 'control-plane', planes)).join(','),
        'admin-address': admin,
        'state-dir': join(this.#folder, `${name}.state`),
        workers: '2',
        'source-address': sourceOf(index),
      };
      this.#add(name, { built: 'data-plane/main.js' }, flags, () => answersOk(`http://${admin}/readyz`), [
        '--share-listeners',
      ]);
      admins.set(name, admin);
    }
    return admins;
  }

  async backends(): Promise<readonly string[]> {
    const addresses: string[] = [];
    for (let index = 0; index < this.#shape.backend; index += 1) {
      const port = await freePort();
      const program = { built: 'test/faults/programs/backend.js' };
      this.#add(nameOf('backend', index), program, {}, () => accepts(port), [String(port)]);
      addresses.push(`127.0.0.1:${port}`);
    }
    return addresses;
  }

  /** Not started: their pool is not there yet. Each has a replica of its own that it asks first. */
  registrants(replicas: readonly string[]): void {
    for (let index = 0; index < this.#shape.registrant; index += 1) {
      const at = index % replicas.length;
      const server = [...replicas.slice(at), ...replicas.slice(0, at)].join(',');
      const isReady = () => Promise.resolve(true);
      this.make(
        nameOf('registrant', index),
        { built: 'cli/main.js' },
        { server },
        isReady,
        guestArguments(index),
      );
    }
  }

  /** The endpoint by which `from` reaches `to`. */
  async link(from: string, to: string, endpoint: string): Promise<string> {
    const link = await Link.start(endpoint, from === WRITERS ? REQUEST : APPEND);
    this.#scope.after(() => link.close());
    this.links.set(linkName(from, to), link);
    return link.endpoint;
  }

  async #links(from: string, kind: Kind, endpoints: readonly string[]): Promise<readonly string[]> {
    const made: string[] = [];
    for (const [index, endpoint] of endpoints.entries())
      made.push(await this.link(from, nameOf(kind, index), endpoint));
    return made;
  }

  #add(...plan: Parameters<Building['make']>): void {
    this.make(...plan).start();
  }

  make(
    name: string,
    program: { readonly built: string } | { readonly command: string },
    flags: Readonly<Record<string, string>>,
    isReady: () => Promise<unknown>,
    more: readonly string[] = [],
  ): Actor {
    const args = [...flagList(flags), ...more];
    const logFile = join(this.#folder, `${name}.log`);
    const actor = new Actor(this.#scope, {
      name,
      program,
      args,
      logFile,
      isReady: () => eventually(async () => await isReady(), `${name} works`, READY_WITHIN_MS),
    });
    this.actors.set(name, actor);
    return actor;
  }
}

async function answersOk(url: string): Promise<boolean> {
  return (await fetch(url, { signal: AbortSignal.timeout(1_000) })).ok;
}

/** A linearizable read: needs a leader. */
async function answersReads(member: string): Promise<boolean> {
  const body = JSON.stringify({ key: Buffer.from('ready').toString('base64') });
  const signal = AbortSignal.timeout(2_000);
  return (await fetch(`http://${member}/v3/kv/range`, { method: 'POST', body, signal })).ok;
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } finally {
    socket.destroy();
  }
}
