/** A manifest with a resource of each kind. */
export const WHOLE = `kind: Policy
name: steady
strategy: least_connections
health_check: { type: tcp, interval: 5s, timeout: 2s, healthy_threshold: 2, unhealthy_threshold: 3 }
connect: { timeout: 5s, retries: 2 }
timeouts: { idle: 1h, half_closed: 1m }
drain_timeout: 1m30s
connection_log: { one_in: 0 }
---
kind: Pool
name: web
policy: steady
backends:
  - { address: "10.0.0.1:8080", weight: 2 }
  - { address: "10.0.0.2:8080", state: draining }
---
kind: Listener
name: web
address: "0.0.0.0:80"
pool: web
`;
