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
  - { address: "10.0.0.1:8080", weight: 2, tier: 1 }
  - { address: "10.0.0.2:8080", state: draining }
---
kind: Listener
name: web
address: "0.0.0.0:80"
pool: web
---
kind: Policy
name: primary
health_check:
  type: https
  port: 8008
  http: { method: GET, path: /primary, host: "", status: ["200-299", 204], body: "master" }
  tls: { server_name: pg.example.com, verify: true, ca: "" }
  unhealthy_interval: 1s
when_none_healthy: refuse
on_unhealthy: close
slow_start: 30s
max_lifetime: 1h
expect_healthy: 1
---
kind: Policy
name: redis
health_check:
  type: script
  tls: {}
  script:
    - send_secret: redis-password
    - send: "PING\\r\\n"
    - expect: '/^\\+PONG\\r\\n/'
`;
