/** Every parser of what comes from outside, with texts and bytes that somebody made up: it gives a value, or one of our errors. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { InvalidArgumentError } from 'commander';
import { parseManifest } from '../../cli/manifest/parse.ts';
import { readChange } from '../../control-plane/dashboard/change-request.ts';
import { decodeMark } from '../../control-plane/store/log/checkpoint-codec.ts';
import {
  decodeCommit,
  decodeHead,
  encodeCommit,
  encodeHead,
} from '../../control-plane/store/log/commit-codec.ts';
import { decodeMember } from '../../control-plane/store/members/member-codec.ts';
import { tolerant } from '../../control-plane/rpc/definition-wrappers.ts';
import { FORMAT } from '../../core/model/commit.ts';
import { parseDuration } from '../../core/model/duration.ts';
import { sealCommit } from '../../core/model/hash.ts';
import { LbError } from '../../core/runtime/errors.ts';
import { hostPort, hostPortList } from '../../core/runtime/flags.ts';
import { printable } from '../../core/runtime/printable.ts';
import { loadDefinitions } from '../../core/wire/definitions.ts';
import { byRunLength } from '../../harness/run-length.ts';

const RUNS = byRunLength(500, 100_000);

/** Bytes at random, or those of something valid with some of them changed. */
const broken = (valid: Buffer) =>
  fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc
      .array(fc.tuple(fc.nat(Math.max(valid.length - 1, 0)), fc.nat(255)), { minLength: 1, maxLength: 5 })
      .map((changes) => {
        const bytes = Buffer.from(valid);
        for (const [at, byte] of changes) bytes[at] = byte;
        return bytes;
      }),
    fc.nat(valid.length).map((length) => valid.subarray(0, length)),
  );
const brokenText = (valid: string) =>
  fc.oneof(fc.string({ maxLength: 200, unit: 'binary' }), broken(Buffer.from(valid)).map(String));

const MANIFEST = `kind: pool
name: web
backends:
  - address: 10.0.0.1:80
    weight: 2
---
kind: policy
name: steady
connect_timeout: 1s
`;
const head = encodeHead({ storeId: 's', revision: 7, hash: 'h'.repeat(64), replaces: null } as never);
const commit = encodeCommit(
  sealCommit({
    format: FORMAT,
    revision: 1,
    parent: '',
    timeMs: 1,
    author: 'a',
    message: '',
    requestId: 'r',
    requestDigest: '',
    changes: [],
  }),
);
const mark = Buffer.from(`{"format":${FORMAT},"head":{"revision":1},"digest":"d"}`);

/** Every request of every service. */
const requests = Object.values(loadDefinitions().services).flatMap((definition) =>
  Object.values(tolerant(definition) as Record<string, { requestDeserialize: (bytes: Buffer) => unknown }>),
);

const text = (valid: string, parse: (text: string) => unknown) => ({ input: brokenText(valid), parse });
const bytes = (valid: Buffer, parse: (bytes: Buffer) => unknown) => ({ input: broken(valid), parse });

const PARSERS = {
  manifests: text(MANIFEST, (given) => parseManifest('file.yaml', given)),
  durations: text('1m30s', parseDuration),
  addresses: text('[fe80::1]:80', hostPort),
  'lists of addresses': text('10.0.0.1:80,[::1]:1', hostPortList),
  'texts for terminals': text('a', (given) =>
    assert.doesNotMatch(printable(given), /[\p{Cc}\p{Bidi_Control}]/u),
  ),
  'changes of the dashboard': text('{"method":"AddBackends","request":{}}', (given) => {
    let body: unknown = given;
    try {
      body = JSON.parse(given);
    } catch {
      // A text is a value, too.
    }
    return readChange(body, []);
  }),
  'requests of every method': bytes(Buffer.from([0x0a, 5, 0x0a, 3, 0x77, 0x65, 0x62, 0x10, 2]), (given) => {
    for (const { requestDeserialize } of requests) requestDeserialize(given);
  }),
  heads: bytes(head, (given) => decodeHead(given, 'here')),
  commits: bytes(commit, (given) => decodeCommit(given, 'here')),
  'marks of checkpoints': bytes(mark, (given) => decodeMark(1, given)),
  members: bytes(Buffer.from('{"kind":"proxy","id":"p"}'), (given) => decodeMember(given, 'proxy/p')),
};

describe('a parser never fails in another way than with an error for its reader', () => {
  for (const [what, { input, parse }] of Object.entries(PARSERS)) {
    it(what, () => {
      fc.assert(
        fc.property(input as fc.Arbitrary<never>, (given) => {
          try {
            (parse as (given: never) => unknown)(given);
          } catch (error) {
            if (!(error instanceof LbError || error instanceof InvalidArgumentError)) throw error;
          }
        }),
        { numRuns: RUNS },
      );
    });
  }
});
