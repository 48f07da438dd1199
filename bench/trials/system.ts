/** A database system as the trials see it: how it is started, written to, read, and put behind HAProxy. */
import type { Network } from '../../harness/containers/network.ts';
import type { DatabaseCluster } from '../../harness/databases/cluster.ts';
import { startGaleraCluster } from '../../harness/databases/galera.ts';
import { startPatroniCluster } from '../../harness/databases/patroni.ts';
import { startSentinelCluster } from '../../harness/databases/sentinel.ts';
import type { Scope } from '../../harness/programs/processes.ts';

export interface System {
  readonly title: string;
  start(scope: Scope, network: Network): Promise<DatabaseCluster>;
  /** The page whose manifest Equipoise runs; its addresses are 10.0.0.5 for the proxies and 10.0.0.11 to 13. */
  readonly page: string;
  /** Of the servers, and of the listener for writes. */
  readonly port: number;
  /** Of the listener for reads where that is another one. */
  readonly readPort?: number;
  /** Commands for the primary before the first round. */
  readonly prepare: readonly string[];
  readonly write: (id: number) => string;
  readonly read: string;
  /** Lists the numbers that are stored, from this one on. */
  readonly stored: (from: number) => string;
  readonly takesNoWrites: RegExp;
  readonly allWrite?: boolean;
  /** Sections of HAProxy: as the system's own documentation has it, and with the check of our page. */
  readonly haproxy: Readonly<Record<'documented' | 'tuned', HaproxyForm>>;
}

interface HaproxyForm {
  /** Lines of `defaults`. */
  readonly defaults: readonly string[];
  /** Lines of the listener. */
  readonly check: readonly string[];
  /** Further words of each server, in their order. */
  readonly server: (index: number) => string;
}

export const SYSTEM_NAMES = ['redis', 'patroni', 'galera'] as const;
export type SystemName = (typeof SYSTEM_NAMES)[number];

const TIMEOUTS = ['timeout client 30m', 'timeout server 30m', 'timeout check 5s'];

/** The dialogue that every guide to Redis behind HAProxy has, HAProxy's own first. */
const redisDialogue = (role: string) => [
  'option tcp-check',
  'tcp-check send PING\\r\\n',
  'tcp-check expect string +PONG',
  'tcp-check send info\\ replication\\r\\n',
  role,
  'tcp-check send QUIT\\r\\n',
  'tcp-check expect string +OK',
];

const REDIS: System = {
  title: 'Redis 7 with Sentinel',
  start: startSentinelCluster,
  page: 'docs/how-to/redis-sentinel.md',
  port: 6379,
  prepare: [],
  write: (id) => `ZADD writes ${id} ${id}`,
  read: 'ZCARD writes',
  stored: (from) => `ZRANGEBYSCORE writes ${from} +inf`,
  takesNoWrites: /^(READONLY|NOREPLICAS|MASTERDOWN)/,
  haproxy: {
    documented: {
      defaults: ['timeout connect 4s', ...TIMEOUTS],
      check: redisDialogue('tcp-check expect string role:master'),
      server: () => 'check inter 1s',
    },
    tuned: {
      defaults: ['timeout connect 1s', ...TIMEOUTS, 'timeout check 500ms'],
      check: redisDialogue('tcp-check expect rstring role:master\\r\\nconnected_slaves:[1-9]'),
      server: () => 'check inter 500ms fall 2 rise 2 on-marked-down shutdown-sessions',
    },
  },
};

/** The sample that comes with Patroni. */
const patroniChecks = (path: string) => [`option httpchk GET ${path}`, 'http-check expect status 200'];

const PATRONI: System = {
  title: 'PostgreSQL 15 with Patroni 3',
  start: startPatroniCluster,
  page: 'docs/how-to/patroni.md',
  port: 5432,
  readPort: 5433,
  prepare: ['CREATE TABLE IF NOT EXISTS writes (id bigint PRIMARY KEY)'],
  write: (id) => `INSERT INTO writes VALUES (${id})`,
  read: 'SELECT count(*) FROM writes',
  stored: (from) => `SELECT id FROM writes WHERE id >= ${from}`,
  takesNoWrites: /^25006 /,
  haproxy: {
    documented: {
      defaults: ['timeout connect 4s', ...TIMEOUTS],
      check: [
        ...patroniChecks('/'),
        'default-server inter 3s fall 3 rise 2 on-marked-down shutdown-sessions',
      ],
      server: () => 'maxconn 100 check port 8008',
    },
    tuned: {
      defaults: ['timeout connect 1s', ...TIMEOUTS, 'timeout check 1s'],
      check: [
        ...patroniChecks('/primary'),
        'http-check expect string \\"location\\"',
        'default-server inter 1s fall 2 rise 1 on-marked-down shutdown-sessions',
      ],
      server: () => 'check port 8008',
    },
  },
};

const GALERA: System = {
  title: 'MariaDB 10.11 with Galera, a single writer',
  start: startGaleraCluster,
  page: 'docs/how-to/galera.md',
  port: 3306,
  prepare: [
    'CREATE DATABASE IF NOT EXISTS trial',
    'CREATE TABLE IF NOT EXISTS trial.writes (id BIGINT PRIMARY KEY)',
  ],
  write: (id) => `INSERT INTO trial.writes VALUES (${id})`,
  read: 'SELECT count(*) FROM trial.writes',
  stored: (from) => `SELECT id FROM trial.writes WHERE id >= ${from}`,
  takesNoWrites: /^1047 /,
  allWrite: true,
  haproxy: {
    documented: {
      defaults: ['timeout connect 4s', ...TIMEOUTS],
      check: ['option httpchk', 'default-server inter 5s fastinter 2s rise 2 fall 2'],
      server: (index) => `check port 9200${index === 0 ? '' : ' backup'}`,
    },
    tuned: {
      defaults: ['timeout connect 1s', ...TIMEOUTS, 'timeout check 500ms'],
      check: ['option httpchk', 'default-server inter 500ms fall 2 rise 10 on-marked-down shutdown-sessions'],
      server: (index) => `check port 9200${index === 0 ? '' : ' backup'}`,
    },
  },
};

export const SYSTEMS: Readonly<Record<SystemName, System>> = {
  redis: REDIS,
  patroni: PATRONI,
  galera: GALERA,
};
