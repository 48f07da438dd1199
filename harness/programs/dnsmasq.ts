/** A real DNS server whose answers a test changes: dnsmasq, for names that end in .trees.test. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RunningProcess, type Scope, startProcess, temporaryFolder } from './processes.ts';
import { programFile } from './real-servers.ts';

const ZONE = 'trees.test';

export interface DnsmasqRecords {
  /** The addresses of names, with their zone. */
  readonly hosts: Readonly<Record<string, readonly string[]>>;
  /** Of SRV: name, target, port, priority, weight. Fixed from the start. */
  readonly services?: readonly (readonly [string, string, number, number, number])[];
}

export class Dnsmasq {
  /** `IP:PORT` */
  readonly address: string;
  readonly #scope: Scope;
  readonly #file: string;
  readonly #arguments: readonly string[];
  #process: RunningProcess | null = null;

  private constructor(scope: Scope, host: string, port: number, { hosts, services = [] }: DnsmasqRecords) {
    const folder = join(temporaryFolder(scope), 'hosts');
    mkdirSync(folder);
    this.#scope = scope;
    this.address = `${host}:${port}`;
    this.#file = join(folder, 'names');
    this.#arguments = [
      '--keep-in-foreground --conf-file=/dev/null --pid-file= --log-facility=- --no-resolv --no-hosts --bind-interfaces --user=',
      `--local=/${ZONE}/ --local-ttl=1 --listen-address=${host} --port=${port} --hostsdir=${folder}`,
      services.map((service) => `--srv-host=${[...service].join()}`).join(' '),
    ]
      .join(' ')
      .split(' ')
      .filter((argument) => argument !== '');
    this.#write(hosts);
  }

  static async start(scope: Scope, host: string, port: number, records: DnsmasqRecords): Promise<Dnsmasq> {
    const server = new Dnsmasq(scope, host, port, records);
    await server.start();
    return server;
  }

  async start(): Promise<void> {
    this.#process = startProcess(this.#scope, programFile('dnsmasq'), this.#arguments);
    await this.#process.line((line) => line.includes('started') || undefined, 'its start');
  }

  /** From now on names have these addresses, and no others exist. */
  set(hosts: DnsmasqRecords['hosts']): void {
    this.#write(hosts);
    this.#process?.signal('SIGHUP');
  }

  async stop(): Promise<void> {
    this.#process?.signal('SIGKILL');
    await this.#process?.ended;
  }

  #write(hosts: DnsmasqRecords['hosts']): void {
    const lines = Object.entries(hosts).flatMap(([name, ips]) => ips.map((ip) => `${ip} ${name}\n`));
    writeFileSync(this.#file, lines.join(''));
  }
}
