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
---
kind: Pool
name: pg
policy: primary
proxy_protocol: v2
queue: { length: 100, timeout: 5s }
tls: { server_name: "", verify: true, ca: "" }
backends:
  - { address: "10.0.0.1:5432", tier: 0, max_connections: 200 }
dns:
  - { name: "db.example.com:5432", weight: 1, tier: 1, max_connections: 0 }
  - { name: "_pg._tcp.example.com" }
---
kind: Listener
name: pg
address: "0.0.0.0:7000-7010"
routes: [ { server_names: ["a.example.com", "*.b.example.com"], alpn: [], pool: web } ]
first_bytes_timeout: 3s
tls: { certificates: [www], min_version: 1.3, alpn: [], client_ca: "", client_certificate: none }
accept_proxy_protocol: [10.0.0.0/8]
allow: []
deny: [192.0.2.0/24]
limits: { connections: 0, per_source: 100, rate: 0, rate_per_source: 5, dry_run: false }
---
kind: Listener
name: six
address: "[::]:5432"
ipv6_only: true
pool: pg
`;
