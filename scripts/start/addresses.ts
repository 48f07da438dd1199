/** The addresses that `npm start` uses, and a check whether they are free. */
import { createServer } from 'node:net';

const HOST = '127.0.0.1';

export interface Addresses {
  readonly grpc: string;
  readonly http: string;
  readonly admin: string;
  readonly demo: readonly string[];
  /** Of the listeners in examples/quickstart.yaml and examples/more.yaml. */
  readonly web: string;
  readonly sticky: string;
  /** Of a fourth backend that the reader may start. */
  readonly spare: string;
}

/** All addresses, `offset` added to every port. */
export function addresses(offset: number): Addresses {
  const at = (port: number) => `${HOST}:${port + offset}`;
  return {
    grpc: at(7000),
    http: at(7080),
    admin: at(7100),
    demo: [at(9101), at(9102), at(9103)],
    web: at(8080),
    sticky: at(8081),
    spare: at(9104),
  };
}

/** The port of `HOST:PORT`. */
export function portOf(address: string): string {
  return address.slice(address.lastIndexOf(':') + 1);
}

/** A manifest with `offset` added to the port of every loopback address in it. */
export function shiftManifest(manifest: string, offset: number): string {
  return manifest.replaceAll(
    /\b127\.0\.0\.1:(\d+)/g,
    (_, port: string) => `${HOST}:${Number(port) + offset}`,
  );
}

/** Whether nobody listens on `address`. It may be taken by the time it is used. */
export function isFree(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(Number(portOf(address)), HOST, () => probe.close(() => resolve(true)));
  });
}
