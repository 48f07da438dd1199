/**
 * Reads a certificate, its chain and its private key from PEM, as certbot and HAProxy keep them. Pure.
 *
 * Invariants
 *  - what OpenSSL would refuse is refused here, in words, before any worker gets it;
 *  - no part of a private key is in any words.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { messageOf } from '../../core/runtime/errors.ts';
import type { Certificate } from '../tls/bundle.ts';

export interface ReadCertificate extends Omit<Certificate, 'name'> {
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number;
  /** What should be put right. It is used all the same. */
  readonly warnings: readonly string[];
}

const BEGIN = '-----BEGIN ';
const BLOCK = /^([A-Z0-9 ]+)-----[^]*?-----END \1-----/;

export function hasPrivateKey(pem: string): boolean {
  return pem.includes('PRIVATE KEY-----');
}

/** Throws in words, which begin with `which`. */
export function readCertificate(pem: string, which: string, nowMs: number): ReadCertificate {
  try {
    return read(pem, nowMs);
  } catch (error) {
    throw new Error(`${which} ${messageOf(error)}`, { cause: error });
  }
}

function read(pem: string, nowMs: number): ReadCertificate {
  const blocks = pem.split(BEGIN).slice(1).map(blockOf);
  const keys = blocks.filter(({ kind }) => kind.endsWith('PRIVATE KEY'));
  const texts = blocks.filter(({ kind }) => /^(X509 )?CERTIFICATE$/.test(kind));
  if (texts.length === 0)
    throw new Error('has no certificate; write the certificate, its chain and its private key as PEM');
  const key = keyOf(keys.map(({ text }) => text));
  const all = texts.map(({ text }, index) => certificateOf(text, index));
  const leaf = all.find((one) => one.checkPrivateKey(key));
  if (!leaf) {
    const which = all.length === 1 ? 'the certificate' : `any of its ${all.length} certificates`;
    throw new Error(`has a private key that does not belong to ${which}`);
  }
  const chain = chainFrom(leaf, all);
  const chainPem = chain.map(String).join('');
  const keyPem = key.export({ type: 'pkcs8', format: 'pem' }).toString();
  try {
    createSecureContext({ cert: chainPem, key: keyPem });
  } catch (error) {
    throw new Error(`can't be used by OpenSSL: ${messageOf(error)}`, { cause: error });
  }
  const expiresAtMs = Date.parse(leaf.validTo);
  if (!(expiresAtMs >= 0)) throw new Error('does not say until when it is valid');
  const warnings = warningsOf(chain, all, nowMs);
  return { serverNames: serverNames(leaf), chainPem, keyPem, expiresAtMs, warnings };
}

function blockOf(rest: string): { readonly kind: string; readonly text: string } {
  const [block, kind = ''] = BLOCK.exec(rest) ?? [];
  if (block !== undefined) return { kind, text: `${BEGIN}${block}` };
  throw new Error('ends in the middle of a PEM block: it is damaged, or not written to its end yet');
}

function keyOf([pem, ...others]: readonly string[]): KeyObject {
  if (pem === undefined)
    throw new Error('has no private key; append it to the file, or write it next to it as NAME.key');
  if (others.length > 0) throw new Error(`has ${others.length + 1} private keys, and one is allowed`);
  if (pem.includes('ENCRYPTED'))
    throw new Error(
      'has an encrypted private key, and nobody is there to type its pass phrase; remove it with openssl pkey',
    );
  try {
    return createPrivateKey(pem);
  } catch {
    throw new Error("has a private key that can't be read");
  }
}

function certificateOf(pem: string, index: number): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw new Error(`has a certificate that can't be read: number ${index + 1} of the file`);
  }
}

/** The certificate, the one that issued it, and so on, whatever order they have in the file. */
function chainFrom(leaf: X509Certificate, all: readonly X509Certificate[]): readonly X509Certificate[] {
  const others = all.filter((one) => one !== leaf);
  const issuer = others.find((one) => leaf.checkIssued(one));
  return issuer ? [leaf, ...chainFrom(issuer, others)] : [leaf];
}

function warningsOf(
  chain: readonly X509Certificate[],
  all: readonly X509Certificate[],
  nowMs: number,
): readonly string[] {
  const [leaf] = chain as [X509Certificate];
  const isInOrder = all.length === chain.length && chain.every((one, index) => one === all[index]);
  const warnings: readonly (readonly [boolean, string])[] = [
    [nowMs > Date.parse(leaf.validTo), `has expired on ${leaf.validTo}: clients refuse it`],
    [
      nowMs < Date.parse(leaf.validFrom),
      `is not valid before ${leaf.validFrom}: clients refuse it until then`,
    ],
    [
      !isInOrder,
      'is not followed by its issuer, the issuer of that and nothing else: clients get those alone',
    ],
    [
      chain.length === 1 && !leaf.checkIssued(leaf),
      'comes without its issuer: clients that do not have that refuse it',
    ],
  ];
  return warnings.flatMap(([isSo, words]) => (isSo ? [words] : []));
}

/** Of its subject alternative names; a certificate without any has its common name. */
function serverNames({ subjectAltName, subject }: X509Certificate): readonly string[] {
  const alternative = (subjectAltName ?? '')
    .split(', ')
    .flatMap((name) => /^DNS:(.+)$/.exec(name)?.[1] ?? []);
  const common = /^CN=(.+)$/m.exec(subject)?.[1];
  const names = subjectAltName === undefined && common !== undefined ? [common] : alternative;
  return [...new Set(names.map((name) => name.toLowerCase().replace(/\.$/, '')))];
}
