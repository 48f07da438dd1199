/** Getting into a real etcd: TLS, users, tokens that end, and several fleets in one cluster. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it, type TestContext } from 'node:test';
import { AuthClient } from 'etcd3';
import { type EtcdFlags, readEtcdAccess } from '../../../control-plane/store/etcd/etcd-flags.ts';
import { EtcdClient } from '../../../control-plane/store/etcd/etcd-client.ts';
import { EtcdStore } from '../../../control-plane/store/etcd/etcd-store.ts';
import { createPool } from '../../../core/model/edits/pool.ts';
import { systemClock as clock } from '../../../core/runtime/clock.ts';
import { systemRandom as random } from '../../../core/runtime/random.ts';
import { makeCertificates } from '../../../harness/programs/certificates.ts';
import {
  EtcdCluster,
  type EtcdClusterOptions,
  findEtcd,
  HOW_TO_GET_ETCD,
} from '../../../harness/programs/etcd.ts';
import { eventually, temporaryFolder } from '../../../harness/programs/processes.ts';
import { Replica } from '../../../harness/store/replica.ts';
import { commitsAfter, failureOf } from './config-store.contract.ts';

/** Between looks whether a token has run out: each look takes another one. */
const TOKEN_LOOK_MS = 300;

const binary = findEtcd();
const pool = (name: string) => createPool({ name, backends: [] });

if (binary === undefined) it('etcd is not installed', { skip: HOW_TO_GET_ETCD });
else describe('access to etcd', () => access(binary));

/** A replica that gets in with these flags. */
function replicaWith(t: TestContext, { endpoints }: EtcdCluster, flags: EtcdFlags): Replica {
  const read = readEtcdAccess(flags, 'etcd');
  assert.ok(read.ok, JSON.stringify(read));
  const replica = new Replica(
    new EtcdStore(new EtcdClient({ endpoints, access: read.access, clock, random })),
  );
  t.after(() => replica.close());
  return replica;
}

/** A user of that name, whose password is in the file that the flags name. */
function userFlags(
  t: TestContext,
  etcdUser: string,
  password: string,
): EtcdFlags & { etcdPasswordFile: string } {
  const etcdPasswordFile = join(temporaryFolder(t), 'password');
  writeFileSync(etcdPasswordFile, `${password}\n`);
  return { etcdUser, etcdPasswordFile };
}

/** How often a token was asked for. */
function countTokens(t: TestContext): () => number {
  const spy = t.mock.method(AuthClient.prototype, 'authenticate');
  return () => spy.mock.callCount();
}

function access(found: string): void {
  const clusters: EtcdCluster[] = [];
  after(() => Promise.all(clusters.map((cluster) => cluster.dispose())));
  const start = async (options: EtcdClusterOptions = {}) => {
    const cluster = await EtcdCluster.start(found, options);
    clusters.push(cluster);
    return cluster;
  };

  it('is had with TLS and a certificate, or with the name in it instead of a password, and no other way', async (t) => {
    const tls = makeCertificates(temporaryFolder(t));
    const cluster = await start({ tls });
    const { cert: etcdCert, key: etcdKey } = tls.client;
    const flags = { etcdCa: tls.ca, etcdCert, etcdKey };
    const warnings: string[] = [];
    const onWarning = ({ message }: Error) => warnings.push(message);
    process.on('warning', onWarning);
    t.after(() => process.off('warning', onWarning));
    const one = replicaWith(t, cluster, flags);
    assert.equal((await one.propose(pool('web'))).revision, 1);
    assert.deepEqual(warnings, []);

    const other = makeCertificates(temporaryFolder(t));
    const refused: readonly [EtcdFlags, RegExp][] = [
      [{ etcdCa: tls.ca }, /does not answer: .*; check --etcd-ca, --etcd-cert and --etcd-key$/],
      [{ ...flags, etcdCa: other.ca }, /does not answer: .*certificate.*; check --etcd-ca/],
      [{}, /does not answer/],
    ];
    for (const [those, says] of refused) {
      const error = await failureOf(replicaWith(t, cluster, those).store.head());
      assert.equal(error.code, 'UNAVAILABLE');
      assert.match(error.message, says);
    }

    await cluster.enableAuth([{ name: 'equipoise', prefix: '/equipoise/' }]);
    assert.equal((await replicaWith(t, cluster, flags).propose(pool('api'))).revision, 2);
    const elsewhere = replicaWith(t, cluster, { ...flags, etcdPrefix: '/other/' });
    assert.match((await failureOf(elsewhere.store.head())).message, /permission denied/);
  });

  it('is refused an endpoint whose certificate is for another host', async (t) => {
    const tls = makeCertificates(temporaryFolder(t), 'DNS:elsewhere.example');
    const cluster = await start({ tls });
    const { cert: etcdCert, key: etcdKey } = tls.client;
    const one = replicaWith(t, cluster, { etcdCa: tls.ca, etcdCert, etcdKey });
    const { message } = await failureOf(one.store.head());
    assert.match(message, /does not answer: .*altnames.*127\.0\.0\.1.*; check --etcd-ca/);
  });

  const login = { name: 'equipoise', password: 'p', prefix: '/equipoise/' };
  /** One cluster for all that need only a user, made for the first of them. */
  let shared: Promise<EtcdCluster> | undefined;
  const sharedCluster = () => (shared ??= startWithUsers());
  const startWithUsers = async (flags: Readonly<Record<string, string>> = {}) => {
    // Little work for each password: the default takes seconds of a busy machine.
    const cluster = await start({ flags: { 'bcrypt-cost': '4', ...flags } });
    await cluster.enableAuth([login, { name: 'east', password: 'pass word', prefix: '/fleets/east/' }]);
    return cluster;
  };
  /** A new fleet of that user. */
  let fleets = 0;
  const withUser = (t: TestContext, cluster: EtcdCluster) => {
    const flags = { ...userFlags(t, login.name, login.password), etcdPrefix: `/equipoise/${++fleets}/` };
    return { cluster, flags, tokens: countTokens(t), one: replicaWith(t, cluster, flags) };
  };

  it('is had with user and password, for one prefix, and is refused in words otherwise', async (t) => {
    const cluster = await sharedCluster();
    const flags = { ...userFlags(t, 'east', 'pass word'), etcdPrefix: '/fleets/east/' };
    const one = replicaWith(t, cluster, flags);
    one.follower.start();
    assert.equal((await one.propose(pool('web'))).revision, 1);
    let wakes = 0;
    const stop = one.store.onWake(() => {
      wakes += 1;
    });
    await eventually(async () => {
      await one.propose(pool(`wake-${wakes}-${Math.random()}`.replace('.', '')));
      return wakes > 1 ? true : undefined;
    }, 'a wake through a watch with a token');
    stop();

    const refused = async (other: EtcdFlags, says: RegExp) => {
      const replica = replicaWith(t, cluster, other);
      const errors = [failureOf(replica.store.head()), failureOf(replica.propose(pool('b')))];
      const [read, write] = await Promise.all(errors);
      for (const error of [read, write]) {
        assert.equal(error?.code, 'FAILED_PRECONDITION');
        assert.match(error.message, says);
      }
      assert.match(write?.message ?? '', /; nothing was written$/);
    };
    await refused(
      { ...flags, ...userFlags(t, 'east', 'wrong') },
      /authentication failed.*check --etcd-user and --etcd-password-file/,
    );
    await refused(
      { ...flags, ...userFlags(t, 'west', 'pass word') },
      /authentication failed.*check --etcd-user/,
    );
    await refused(
      { ...flags, etcdPrefix: '/fleets/west/' },
      /permission denied.*readwrite on the prefix \/fleets\/west\//,
    );
    await refused(
      { etcdPrefix: '/fleets/east/' },
      /user name is empty.*give --etcd-user and --etcd-password-file/,
    );
  });

  it('is renewed once, for reads and for an append, when etcd was started again and knows no token', async (t) => {
    const { cluster, tokens, one } = withUser(t, await sharedCluster());
    const [member] = cluster.members;
    const restart = async () => {
      // In order, or it would read the tokens from its write-ahead log.
      await member?.stop('SIGTERM');
      await member?.start();
    };
    await one.propose(pool('a'));
    const parent = await one.store.head();
    assert.equal(tokens(), 1);
    await restart();
    // Refused for its token, and so not made: sent again with a new one, and not told from any other append.
    assert.deepEqual(await one.store.append(parent, commitsAfter(parent, 1)), { outcome: 'appended' });
    assert.equal(tokens(), 2);
    await restart();
    const heads = await Promise.all([one.store.head(), one.store.head(), one.store.read(1, 10)]);
    assert.equal(heads[0].revision, 2);
    assert.equal(tokens(), 3);
  });

  it('is renewed when the token has run out', async (t) => {
    const flags = { 'auth-token': 'simple', 'auth-token-ttl': '1' };
    const { cluster, tokens, one } = withUser(t, await startWithUsers(flags));
    await one.propose(pool('a'));
    // These are younger than the replica's. Each is tried once, for a use prolongs it.
    const others: string[] = [];
    for (let made = 0; made < 12; made++) others.push(await tokenOf(cluster, 'equipoise', 'p'));
    await eventually(async () => {
      const next = others.pop();
      assert.ok(next !== undefined, 'tokens live longer than they should');
      if (!(await knows(cluster, next))) return true;
      await new Promise((resolve) => setTimeout(resolve, TOKEN_LOOK_MS));
      return undefined;
    }, 'younger tokens have run out');
    const before = tokens();
    assert.equal((await one.propose(pool('b'))).revision, 2);
    assert.equal(tokens(), before + 1);
  });

  it('takes a changed password from the file, without a restart', async (t) => {
    const { cluster, flags, one } = withUser(t, await sharedCluster());
    await one.propose(pool('a'));
    const change = (password: string) =>
      cluster.etcdctl(['--user=root:root', 'user', 'passwd', '--interactive=false', login.name], {
        input: password,
      });
    await change('new');
    // On a busy machine, a call may end at its deadline before etcd has looked at the password.
    const isRefused = async () => {
      const { message } = await failureOf(one.propose(pool('b')));
      return /authentication failed.*--etcd-password-file.*/.test(message);
    };
    await eventually(isRefused, 'the old password is refused');
    writeFileSync(flags.etcdPasswordFile, 'new');
    const made = () => one.propose(pool('b'), { requestId: 'b' });
    assert.equal((await eventually(made, 'the new one is taken')).revision, 2);
    await change(login.password);
  });

  it('is had again when authentication is turned on and off', async (t) => {
    const { cluster, one } = withUser(t, await sharedCluster());
    await one.propose(pool('a'));
    await cluster.etcdctl(['--user=root:root', 'auth', 'disable']);
    await one.propose(pool('b'));
    await cluster.etcdctl(['auth', 'enable']);
    assert.equal((await one.propose(pool('c'))).revision, 3);
  });

  it('shows two fleets of one cluster nothing of each other', async (t) => {
    const cluster = await start();
    const east = replicaWith(t, cluster, { etcdPrefix: '/fleets/east/' });
    const west = replicaWith(t, cluster, { etcdPrefix: '/fleets/east-2/' });
    await east.propose(pool('a'));
    await west.propose(pool('b'));
    await west.propose(pool('c'));
    const [inEast, inWest] = [await east.follower.catchUp(), await west.follower.catchUp()];
    assert.deepEqual([...inEast.state.pools.keys()], ['a']);
    assert.deepEqual([...inWest.state.pools.keys()], ['b', 'c']);
    assert.notEqual(inEast.position.storeId, inWest.position.storeId);
  });
}

/** A new token of a user, from etcd's JSON gateway. */
async function tokenOf({ endpoints }: EtcdCluster, name: string, password: string): Promise<string> {
  const body = JSON.stringify({ name, password });
  const answer = await fetch(`http://${endpoints[0]}/v3/auth/authenticate`, { method: 'POST', body });
  return ((await answer.json()) as { readonly token: string }).token;
}

async function knows({ endpoints }: EtcdCluster, token: string): Promise<boolean> {
  const body = JSON.stringify({ key: Buffer.from('/equipoise/any').toString('base64') });
  const headers = { authorization: token };
  return (await fetch(`http://${endpoints[0]}/v3/kv/range`, { method: 'POST', body, headers })).ok;
}
