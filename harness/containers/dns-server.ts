/** A DNS server for names that come and go: A records over UDP. Everything it does not know does not exist. */
import { createSocket } from 'node:dgram';
import type { Scope } from '../programs/processes.ts';

const HEADER_BYTES = 12;
const TYPE_A = 1;
const CLASS_IN = 1;
const ANSWER = 0x8580;
const NAME_ERROR = 3;
/** The name of the question, as a record repeats it. */
const NAME_OF_QUESTION = 0xc0_0c;

/** The addresses of a name; undefined: there is no such name. */
export type Names = (name: string) => readonly string[] | undefined;

/** Serves at an address, at port 53 unless told, until the scope ends. */
export async function startDnsServer(
  scope: Scope,
  at: { readonly address: string; readonly port?: number },
  names: Names,
): Promise<void> {
  const socket = createSocket('udp4');
  socket.on('message', (query, { address: from, port }) => {
    const answer = answerTo(query, names);
    if (answer !== null) socket.send(answer, port, from);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(at.port ?? 53, at.address, resolve);
  });
  scope.after(() => void socket.close());
}

/** Null for what is no query with one question. */
function answerTo(query: Buffer, names: Names): Buffer | null {
  if (query.length < HEADER_BYTES || query.readUInt16BE(4) !== 1) return null;
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const end = at + 5;
  if (end > query.length) return null;
  const type = query.readUInt16BE(at + 1);
  const addresses = names(labels.join('.').toLowerCase());
  const records = type === TYPE_A ? (addresses ?? []).map(record) : [];
  const header = Buffer.alloc(HEADER_BYTES);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(ANSWER | (addresses === undefined ? NAME_ERROR : 0), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  return Buffer.concat([header, query.subarray(HEADER_BYTES, end), ...records]);
}

/** Not to be kept: it may be another one a moment later. */
function record(address: string): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt16BE(NAME_OF_QUESTION, 0);
  bytes.writeUInt16BE(TYPE_A, 2);
  bytes.writeUInt16BE(CLASS_IN, 4);
  bytes.writeUInt16BE(4, 10);
  Buffer.from(address.split('.').map(Number)).copy(bytes, 12);
  return bytes;
}
