import { z } from 'zod'
import { setting } from './define.ts'
import { addresses, hostName, integer } from './values.ts'

/** Where operators ask a process: metrics, health, the level of its log. */
export const metricsSettings = z.object({
  host: setting(
    'PENSTOCK_METRICS_HOST',
    hostName().default('127.0.0.1'),
    "The address of each process's own /metrics, /healthz, /readyz and /log-level.",
  ),
  port: setting(
    'PENSTOCK_METRICS_PORT',
    integer(0, 65535).default(0),
    'The port for them; 0 takes a free one, which the log tells. `penstock up` gives its second process the next one.',
  ),
  targets: setting(
    'PENSTOCK_METRICS_TARGETS',
    addresses(),
    'host:port of every process, for GET /metrics/targets, by which Prometheus finds them; `penstock up` fills it in.',
  ),
})
