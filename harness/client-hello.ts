/** Hellos of TLS: one built of parts, so that a test knows where each length is, and those that real clients send. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { connect, type ConnectionOptions } from 'node:tls';

/** A length in front of what it says the length of, in `bytes` many bytes. */
interface Counted {
  readonly bytes: 1 | 2 | 3;
  readonly of: readonly Part[];
}
type Part = Counted | Uint8Array;

interface BuiltHello {
  readonly message: Uint8Array;
  /** Where each length of the message lies, and how many bytes it has. */
  readonly lengths: readonly { readonly at: number; readonly bytes: number }[];
}

const raw = (...bytes: readonly number[]): Uint8Array => Uint8Array.from(bytes);
const text = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value, 'latin1'));
const counted = (bytes: 1 | 2 | 3, ...of: readonly Part[]): Counted => ({ bytes, of });

const KEY_SHARE = 51;

/** The message, without the header of a record. `keyBytes` is the size of a key share, which post-quantum ones have 1,216 of. */
export function buildHello(serverName: string | null, alpn: readonly string[], keyBytes = 32): BuiltHello {
  const extensions: Part[] = [
    raw(0, 0x17),
    counted(2),
    raw(0, KEY_SHARE),
    counted(2, counted(2, raw(0x11, 0xec), counted(2, new Uint8Array(keyBytes)))),
  ];
  if (serverName !== null)
    extensions.push(raw(0, 0), counted(2, counted(2, raw(0), counted(2, text(serverName)))));
  if (alpn.length > 0)
    extensions.push(raw(0, 16), counted(2, counted(2, ...alpn.map((name) => counted(1, text(name))))));
  const body: Part[] = [
    raw(3, 3),
    new Uint8Array(32).fill(7),
    counted(1, new Uint8Array(32)),
    counted(2, raw(0x13, 1, 0x13, 2)),
    counted(1, raw(0)),
    counted(2, ...extensions),
  ];
  const lengths: { at: number; bytes: number }[] = [];
  return { message: Uint8Array.from(flat([raw(1), counted(3, ...body)], 0, lengths)), lengths };
}

/** The message in records that end at `cuts`. */
export function inRecords(message: Uint8Array, ...cuts: readonly number[]): Uint8Array {
  const ends = [...cuts, message.length];
  return Uint8Array.from(
    ends.flatMap((end, index) => {
      const body = message.subarray(ends[index - 1] ?? 0, end);
      return [22, 3, 1, body.length >> 8, body.length & 255, ...body];
    }),
  );
}

/** What Node's own client says first. */
export async function helloOfNode(options: ConnectionOptions): Promise<Uint8Array> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connect({ ...options, port, host: '127.0.0.1', rejectUnauthorized: false });
  client.on('error', () => {});
  const [socket] = await once(server, 'connection');
  const [bytes] = await once(socket, 'data');
  client.destroy();
  socket.destroy();
  server.close();
  return bytes;
}

function flat(parts: readonly Part[], start: number, lengths: { at: number; bytes: number }[]): number[] {
  const into: number[] = [];
  for (const part of parts) {
    if (part instanceof Uint8Array) into.push(...part);
    else {
      const at = start + into.length;
      lengths.push({ at, bytes: part.bytes });
      const inner = flat(part.of, at + part.bytes, lengths);
      for (let byte = part.bytes - 1; byte >= 0; byte -= 1) into.push((inner.length >> (8 * byte)) & 255);
      into.push(...inner);
    }
  }
  return into;
}
