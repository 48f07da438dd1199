/** `docker compose up` without a container engine: the services of a Compose file, in their order, each with its commands as they stand. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chownSync, mkdirSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { join } from 'node:path';
import { CHECKOUT, eventually, run, type Scope, temporaryFolder } from '../programs/processes.ts';
import type { Condition, Publication, Service, Volume } from './compose-file.ts';
import { Container, type Mount } from './container.ts';
import { startDnsServer } from './dns-server.ts';
import type { Image } from './dockerfile.ts';
import { Network } from './network.ts';

const HEALTHY_WITHIN_MS = 60_000;
/** Images that are not ours run this machine's programs, as root. */
const FOREIGN = { env: {}, uid: 0, gid: 0, workdir: '/' } as const;

interface Member {
  readonly service: Service;
  readonly container: Container;
  /** Container port → HOST:PORT. */
  readonly published: ReadonlyMap<number, string>;
}

export interface ProjectOptions {
  readonly services: ReadonlyMap<string, Service>;
  /** Made of the Dockerfile; the services that use it name it so. */
  readonly image: Image;
  readonly imageName: string;
}

export class ComposeProject {
  readonly #scope: Scope;
  readonly #options: ProjectOptions;
  readonly #network: Network;
  readonly #folder: string;
  readonly #members: Member[] = [];
  /** Of the machine that publishes: one of its own, so that no port is taken. */
  readonly #publishAt = `127.${[...randomBytes(2)].map((byte) => 1 + (byte % 250)).join('.')}.1`;
  readonly #taken = new Set<number>();

  static async create(scope: Scope, options: ProjectOptions): Promise<ComposeProject> {
    const project = new ComposeProject(scope, options);
    await startDnsServer(scope, { address: project.#network.gateway }, (name) => project.#addresses(name));
    return project;
  }

  private constructor(scope: Scope, options: ProjectOptions) {
    this.#scope = scope;
    this.#options = options;
    this.#folder = temporaryFolder(scope);
    this.#network = new Network(scope);
  }

  /** Starts what is missing, as `up --scale SERVICE=N` does, each service as soon as those it depends on are ready. */
  async up(scale: Readonly<Record<string, number>> = {}): Promise<void> {
    const begun = new Map<string, Promise<void>>();
    const begin = (name: string): Promise<void> => {
      const known = begun.get(name);
      if (known !== undefined) return known;
      const service = this.#service(name);
      const starting = (async () => {
        for (const [other, condition] of Object.entries(service.dependsOn)) {
          await begin(other);
          await this.#reached(other, condition);
        }
        for (let count = this.members(name).length; count < (scale[name] ?? service.replicas); count += 1)
          await this.#start(service);
      })();
      begun.set(name, starting);
      return starting;
    };
    await Promise.all([...this.#options.services.keys()].map(begin));
    for (const [name, service] of this.#options.services) {
      if (service.restart !== 'no') await this.#reached(name, 'service_healthy');
    }
  }

  /** The containers of a service that were not removed, in the order of their start. */
  members(name: string): readonly Member[] {
    return this.#members.filter(({ service }) => service.name === name);
  }

  /** Takes a container's place away, as `docker rm` does after it ended. */
  forget({ container }: Member): void {
    this.#members.splice(
      this.#members.findIndex((member) => member.container === container),
      1,
    );
  }

  #service(name: string): Service {
    const service = this.#options.services.get(name);
    assert.ok(service, `no service ${name}`);
    return service;
  }

  /** Of a service or a container. */
  #addresses(name: string): readonly string[] | undefined {
    const found = this.#members.filter(
      ({ service, container }) => service.name === name || container.id === name,
    );
    return found.length === 0 ? undefined : found.map(({ container }) => container.address);
  }

  async #reached(name: string, condition: Condition): Promise<void> {
    for (const { service, container } of this.members(name)) {
      if (condition === 'service_completed_successfully') {
        const { code } = await container.ended;
        assert.equal(code, 0, `${name} failed:\n${container.lines.join('\n')}`);
      } else if (condition === 'service_healthy') await this.#healthy(service, container);
    }
  }

  async #healthy(service: Service, container: Container): Promise<void> {
    const check = service.healthcheck ?? (this.#isOurs(service) ? this.#options.image.healthcheck : []);
    if (check.length === 0) return;
    const outcome = await eventually(
      async () => {
        if (!container.running) return 'ended';
        const { code, stdout, stderr } = await container.exec(check);
        if (code === 0) return 'healthy';
        throw new Error(`${stdout}${stderr}\n${container.lines.slice(-20).join('\n')}`);
      },
      `${service.name} is healthy`,
      HEALTHY_WITHIN_MS,
    );
    assert.equal(outcome, 'healthy', `${service.name} ended:\n${container.lines.join('\n')}`);
  }

  #isOurs(service: Service): boolean {
    return service.image === this.#options.imageName;
  }

  async #start(service: Service): Promise<void> {
    const { image } = this.#options;
    const id = randomBytes(6).toString('hex');
    const host = this.#network.addHost(this.#scope);
    const { env, uid, gid, workdir } = this.#isOurs(service) ? image : FOREIGN;
    const entrypoint =
      service.entrypoint.length > 0 ? service.entrypoint : this.#isOurs(service) ? image.entrypoint : [];
    const container = await Container.start(this.#scope, {
      id,
      host,
      nameServer: this.#network.gateway,
      command: [...entrypoint, ...(service.command.length > 0 ? service.command : image.command)],
      env: { ...env, ...service.environment },
      uid,
      gid,
      workdir,
      mounts: await this.#mounts(service, id, uid, gid),
      sysctls: service.sysctls,
      descriptors: service.descriptors,
      readOnly: service.readOnly,
      scratch: join(this.#folder, 'containers', id),
    });
    const published = new Map<number, string>();
    for (const port of service.ports) {
      published.set(port.containerPort, await this.#publish(port, container));
    }
    this.#members.push({ service, container, published });
  }

  /** Of the image, then of the service, so that those of the service lie on top. */
  async #mounts(service: Service, id: string, uid: number, gid: number): Promise<readonly Mount[]> {
    const { image } = this.#options;
    const ours = this.#isOurs(service);
    const paths = ours ? image.paths.filter((path) => !image.volumes.includes(path)) : [];
    const layers = paths.map((path) => ({ source: join(image.folder, path), target: path, readOnly: true }));
    const named = service.volumes.map(({ target }) => target);
    const own: Volume[] = (ours ? image.volumes : [])
      .filter((target) => !named.includes(target))
      .map((target) => ({ target, readOnly: false }));
    const mounts: Mount[] = [...layers];
    for (const volume of [...own, ...service.volumes]) mounts.push(await this.#mount(volume, id, uid, gid));
    return mounts;
  }

  async #mount({ source, target, readOnly }: Volume, id: string, uid: number, gid: number): Promise<Mount> {
    if (source?.startsWith('.') === true) return { source: join(CHECKOUT, source), target, readOnly };
    const folder = join(this.#folder, 'volumes', source ?? `${id}${target.replaceAll('/', '-')}`);
    const content = join(this.#options.image.folder, target);
    if (source === undefined) {
      // A new volume starts with what the image has there, owner included.
      mkdirSync(join(folder, '..'), { recursive: true });
      const copied = await run('cp', ['-a', content, folder]);
      assert.equal(copied.code, 0, copied.stderr);
    } else {
      mkdirSync(folder, { recursive: true });
      chownSync(folder, uid, gid);
    }
    return { source: folder, target, readOnly };
  }

  /** Passes connections on from the first free port of the range. */
  async #publish({ from, to, containerPort }: Publication, container: Container): Promise<string> {
    const port = Array.from({ length: to - from + 1 }, (_, offset) => from + offset).find(
      (each) => !this.#taken.has(each),
    );
    assert.ok(port, `all ports from ${from} to ${to} are taken`);
    this.#taken.add(port);
    const server = createServer({ allowHalfOpen: true }, (client) => {
      const target = createConnection({ host: container.address, port: containerPort, allowHalfOpen: true });
      client.pipe(target).pipe(client);
      client.on('error', () => target.destroy());
      target.on('error', () => client.resetAndDestroy());
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, this.#publishAt, resolve);
    });
    this.#scope.after(() => void server.close());
    return `${this.#publishAt}:${port}`;
  }
}
