/** Reads and checks the flags `--etcd-...`: how to get into an etcd cluster, and which prefix in it is ours. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { messageOf } from '../../../core/runtime/errors.ts';
import { ETCD_PREFIX } from '../keys.ts';

export interface EtcdFlags {
  readonly etcdCa?: string;
  readonly etcdCert?: string;
  readonly etcdKey?: string;
  readonly etcdUser?: string;
  readonly etcdPasswordFile?: string;
  readonly etcdPrefix?: string;
}

/** PEM. TLS is used when any of it is given. */
export interface EtcdTls {
  /** Who signs the certificates of etcd; the system's authorities without it. */
  readonly ca?: Buffer;
  /** The client certificate that etcd gets to see. */
  readonly identity?: { readonly cert: Buffer; readonly key: Buffer };
}

export interface EtcdUser {
  readonly name: string;
  /** Reads the file each time, so that a changed password needs no restart. */
  readonly readPassword: () => string;
}

export interface EtcdAccess {
  readonly prefix: string;
  readonly tls?: EtcdTls;
  readonly user?: EtcdUser;
}

export type ReadAccess =
  | { readonly ok: true; readonly access: EtcdAccess }
  | { readonly ok: false; readonly problems: readonly string[] };

/** Reads the files that the flags name, or says everything that is wrong with the flags. */
export function readEtcdAccess(flags: EtcdFlags, store: 'etcd' | 'lmdb'): ReadAccess {
  if (store !== 'etcd') {
    const given = FLAG_NAMES.filter(([field]) => flags[field] !== undefined);
    const problems = given.map(
      ([, name]) => `${name} is for --store etcd:..., but the store is ${store}; leave it out`,
    );
    return problems.length > 0 ? { ok: false, problems } : { ok: true, access: { prefix: ETCD_PREFIX } };
  }
  const problems: string[] = [];
  const prefix = flags.etcdPrefix ?? ETCD_PREFIX;
  if (!isPrefix(prefix)) problems.push(`--etcd-prefix "${prefix}" is not allowed: ${PREFIX_RULE}`);
  const tls = readTls(flags, problems);
  const user = readUser(flags, problems);
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, access: { prefix, ...(tls && { tls }), ...(user && { user }) } };
}

const FLAG_NAMES = [
  ['etcdCa', '--etcd-ca'],
  ['etcdCert', '--etcd-cert'],
  ['etcdKey', '--etcd-key'],
  ['etcdUser', '--etcd-user'],
  ['etcdPasswordFile', '--etcd-password-file'],
  ['etcdPrefix', '--etcd-prefix'],
] as const;

const MAX_PREFIX_LENGTH = 200;
const PREFIX_RULE = `use names of letters, digits, ".", "_" and "-", separated by slashes, with a slash at the beginning and at the end, such as ${ETCD_PREFIX}; at most ${MAX_PREFIX_LENGTH} characters`;

function isPrefix(text: string): boolean {
  return text.length <= MAX_PREFIX_LENGTH && /^\/(?:[A-Za-z0-9._-]+\/)+$/.test(text);
}

function readTls({ etcdCa, etcdCert, etcdKey }: EtcdFlags, problems: string[]): EtcdTls | undefined {
  if (etcdCert !== undefined && etcdKey === undefined)
    problems.push('--etcd-cert needs --etcd-key: name the file with its private key');
  if (etcdKey !== undefined && etcdCert === undefined)
    problems.push('--etcd-key needs --etcd-cert: name the file with its certificate');
  const parseCertificate = (pem: Buffer) => new X509Certificate(pem);
  const ca = readPem('--etcd-ca', 'certificate', etcdCa, parseCertificate, problems);
  const cert = readPem('--etcd-cert', 'certificate', etcdCert, parseCertificate, problems);
  const key = readPem('--etcd-key', 'private key', etcdKey, (pem) => createPrivateKey(pem), problems);
  if (cert && key && !cert.value.checkPrivateKey(key.value))
    problems.push(
      `--etcd-key ${etcdKey} is not the key of --etcd-cert ${etcdCert}: name the two files of one pair`,
    );
  if (ca === undefined && cert === undefined) return undefined;
  return {
    ...(ca && { ca: ca.pem }),
    ...(cert && key && { identity: { cert: cert.pem, key: key.pem } }),
  };
}

function readPem<T>(
  flag: string,
  what: string,
  file: string | undefined,
  parse: (pem: Buffer) => T,
  problems: string[],
): { readonly pem: Buffer; readonly value: T } | undefined {
  const pem = readFile(flag, file, problems);
  if (pem === undefined) return undefined;
  try {
    return { pem, value: parse(pem) };
  } catch {
    problems.push(`${flag} ${file} holds no ${what} in PEM: name a file that does`);
    return undefined;
  }
}

function readUser({ etcdUser, etcdPasswordFile }: EtcdFlags, problems: string[]): EtcdUser | undefined {
  if (etcdUser !== undefined && etcdPasswordFile === undefined)
    problems.push('--etcd-user needs --etcd-password-file: name the file with the password');
  if (etcdPasswordFile !== undefined && etcdUser === undefined)
    problems.push('--etcd-password-file needs --etcd-user: name the user whose password it is');
  if (etcdUser === '') problems.push('--etcd-user is empty: name a user of etcd');
  const content = readFile('--etcd-password-file', etcdPasswordFile, problems);
  if (content !== undefined && passwordIn(content) === '')
    problems.push(`--etcd-password-file ${etcdPasswordFile} is empty: write the password into it`);
  if (etcdUser === undefined || etcdPasswordFile === undefined) return undefined;
  return { name: etcdUser, readPassword: () => passwordIn(readFileSync(etcdPasswordFile)) };
}

/** Editors end the file with a line break, which is not part of the password. */
function passwordIn(content: Buffer): string {
  return content.toString().replace(/\r?\n$/, '');
}

function readFile(flag: string, file: string | undefined, problems: string[]): Buffer | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file);
  } catch (error) {
    problems.push(`${flag} ${file} can't be read: ${messageOf(error)}`);
    return undefined;
  }
}
