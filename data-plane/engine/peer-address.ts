import { parseIp } from '../../core/model/ip.ts';
import { hashIpBytes } from '../../core/model/source-hash.ts';

/** Nobody can connect from it. */
const UNKNOWN = new Uint8Array(4);

/** An address of a client, or one that a client announced. One object is reused, so nothing is allocated for a client. */
export class PeerAddress {
  /** 4 or 6; 0: unknown. */
  family: 0 | 4 | 6 = 0;
  port = 0;
  /** In network order; IPv4 uses the first four. */
  readonly ip = new Uint8Array(16);
  /** The same memory. */
  readonly words = new Uint32Array(this.ip.buffer);

  /** See core/model/source-hash.ts; 0 while the address is unknown. */
  hash(): number {
    return this.family === 0 ? 0 : hashIpBytes(this.ip, 0, this.family === 4 ? 4 : 16);
  }

  copy(): PeerAddress {
    const copy = new PeerAddress();
    copy.set(this.ip, 0, this.family === 4 ? 4 : 16, this.port);
    copy.family = this.family;
    return copy;
  }

  /** Sets the address from Node's text, which is empty when the client is gone already. */
  setText(address: string, port: number): void {
    const bytes = parseIp(address);
    this.set(bytes ?? UNKNOWN, 0, bytes?.length === 16 ? 16 : 4, port);
    if (!bytes) this.family = 0;
  }

  /** Sets `length` bytes from `start`. An IPv4 client that an IPv6 socket has accepted is stored as IPv4. */
  set(bytes: Uint8Array, start: number, length: 4 | 16, port: number): void {
    const isMapped = length === 16 && isMappedV4(bytes, start);
    const from = isMapped ? start + 12 : start;
    const size = isMapped ? 4 : length;
    this.family = size === 4 ? 4 : 6;
    this.port = port;
    this.ip.fill(0);
    for (let index = 0; index < size; index += 1) this.ip[index] = bytes[from + index]!; // `!`: there are as many.
  }
}

/** ::ffff:0:0/96 */
function isMappedV4(bytes: Uint8Array, start: number): boolean {
  for (let index = 0; index < 10; index += 1) if (bytes[start + index] !== 0) return false;
  return bytes[start + 10] === 0xff && bytes[start + 11] === 0xff;
}
