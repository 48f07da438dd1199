/**
 * TCP sockets: the calls that the event loop and the main thread both make.
 *
 * Invariants
 *  - nothing throws after construction: a call returns its result (>= 0), or the errno negated;
 *  - the kernel reads and writes memory by addresses that are looked up once, and that live as long as this object.
 */
import { readFileSync } from 'node:fs';
import { type CFunctions, declareFunctions } from './c-functions.ts';
import type { Ffi } from './ffi.ts';
import { AF_INET, AF_INET6, NONBLOCK_CLOEXEC, OPTION, SHUT_WR, SIOCOUTQ, SOCK_STREAM } from './linux.ts';
import type { SocketOption } from './linux.ts';

/** The larger of struct sockaddr_in (16 bytes) and sockaddr_in6. */
const SOCKADDR_BYTES = 28;
const PORT_AT = 2;

export class Sockets {
  /** The lowest and the highest port that the kernel gives to a socket that asks for none, when this object was made. */
  readonly localPorts = readLocalPorts();
  protected readonly native: CFunctions;
  /** Two ints for arguments and results. */
  protected readonly value = new Int32Array(2);
  protected readonly valueAt: number;
  readonly #errno: () => number;
  /** A socket address: the last accepted client's, or the one to bind or connect to. */
  readonly #address = new Uint8Array(SOCKADDR_BYTES);
  readonly #addressView = new DataView(this.#address.buffer);
  readonly #addressAt: number;
  readonly #length = new Int32Array(1);
  readonly #lengthAt: number;
  readonly #ipv4 = { bytes: this.#address, start: 4, length: 4 } as const;
  readonly #ipv6 = { bytes: this.#address, start: 8, length: 16 } as const;

  /** Throws when a function is missing. */
  constructor(ffi: Ffi) {
    this.native = declareFunctions(ffi);
    this.#errno = ffi.errno;
    this.valueAt = ffi.address(this.value);
    this.#addressAt = ffi.address(this.#address);
    this.#lengthAt = ffi.address(this.#length);
  }

  /** A TCP socket, non-blocking and closed on exec. */
  socket(family: 4 | 6): number {
    const domain = family === 4 ? AF_INET : AF_INET6;
    return this.checked(this.native.socket(domain, SOCK_STREAM | NONBLOCK_CLOEXEC, 0));
  }

  setOption(fd: number, option: SocketOption, value: number): number {
    const [level, name] = OPTION[option];
    this.value[0] = value;
    return this.checked(this.native.setsockopt(fd, level, name, this.valueAt, 4));
  }

  /** `ip`: 4 or 16 bytes in network order. */
  bind(fd: number, ip: Uint8Array, port: number): number {
    const length = this.#setAddress(ip, port);
    return this.checked(this.native.bind(fd, this.#addressAt, length));
  }

  /** 0 when connected; -EINPROGRESS when an event will report the outcome. */
  connect(fd: number, ip: Uint8Array, port: number): number {
    const length = this.#setAddress(ip, port);
    return this.checked(this.native.connect(fd, this.#addressAt, length));
  }

  listen(fd: number, backlog: number): number {
    return this.checked(this.native.listen(fd, backlog));
  }

  /** The descriptor of the next client. `peerIp` and `peerPort` hold its address until the next call with an address. */
  accept(fd: number): number {
    this.#length[0] = SOCKADDR_BYTES;
    return this.checked(this.native.accept4(fd, this.#addressAt, this.#lengthAt, NONBLOCK_CLOEXEC));
  }

  /** In network order: `length` bytes from `start`. */
  get peerIp(): { readonly bytes: Uint8Array; readonly start: number; readonly length: 4 | 16 } {
    return this.#address[0] === AF_INET ? this.#ipv4 : this.#ipv6;
  }

  get peerPort(): number {
    return this.#addressView.getUint16(PORT_AT);
  }

  /** Reads the address that a socket is bound to into `peerIp` and `peerPort`. */
  readLocal(fd: number): number {
    this.#length[0] = SOCKADDR_BYTES;
    return this.checked(this.native.getsockname(fd, this.#addressAt, this.#lengthAt));
  }

  /** Reads the address that a socket is connected to into `peerIp` and `peerPort`. */
  readPeer(fd: number): number {
    this.#length[0] = SOCKADDR_BYTES;
    return this.checked(this.native.getpeername(fd, this.#addressAt, this.#lengthAt));
  }

  /** The port that a socket is bound to. */
  localPort(fd: number): number {
    const result = this.readLocal(fd);
    return result < 0 ? result : this.peerPort;
  }

  /**
   * Whether a socket that connected to `port` is connected to itself. The kernel may choose the port that it connects to
   * as its own when nobody listens there, and TCP connects the two ends (simultaneous open).
   */
  isItsOwnPeer(fd: number, port: number): boolean {
    if (this.localPort(fd) !== port) return false;
    const own = this.#address.slice();
    return this.readPeer(fd) >= 0 && this.#address.every((byte, index) => byte === own[index]);
  }

  /** The pending error of a socket, positive, which the kernel reports once; 0: none. */
  pendingError(fd: number): number {
    const [level, name] = OPTION.error;
    this.#length[0] = 4;
    const result = this.native.getsockopt(fd, level, name, this.valueAt, this.#lengthAt);
    return result < 0 ? this.#errno() : this.value[0]!; // `!`: two elements, always.
  }

  /** How many bytes sent on a socket its peer has not acknowledged. */
  unacknowledged(fd: number): number {
    const result = this.checked(this.native.ioctl(fd, SIOCOUTQ, this.valueAt));
    return result < 0 ? result : this.value[0]!; // `!`: two elements, always.
  }

  endOutput(fd: number): number {
    return this.checked(this.native.shutdown(fd, SHUT_WR));
  }

  close(fd: number): number {
    return this.checked(this.native.close(fd));
  }

  /** Closes a socket with a reset: bytes that its peer has not received are dropped. */
  reset(fd: number): number {
    const [level, name] = OPTION.linger;
    this.value[0] = 1;
    this.value[1] = 0;
    this.native.setsockopt(fd, level, name, this.valueAt, 8);
    return this.close(fd);
  }

  protected checked(result: number): number {
    return result < 0 ? -this.#errno() : result;
  }

  /** Returns the length of the address. */
  #setAddress(ip: Uint8Array, port: number): number {
    const isV4 = ip.length === 4;
    // Flow label and scope are zero in every address that we use.
    this.#address.fill(0);
    this.#address[0] = isV4 ? AF_INET : AF_INET6;
    this.#addressView.setUint16(PORT_AT, port);
    this.#address.set(ip, isV4 ? this.#ipv4.start : this.#ipv6.start);
    return isV4 ? 16 : SOCKADDR_BYTES;
  }
}

function readLocalPorts(): readonly [number, number] {
  try {
    const [lowest, highest] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/);
    return [Number(lowest), Number(highest)];
  } catch {
    return [0, 65_535];
  }
}
