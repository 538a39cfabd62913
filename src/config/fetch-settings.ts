import { z } from 'zod'
import { MiB, setting, unset } from './define.ts'
import { decimal, hosts, integer, url } from './values.ts'

/** How sources read the web, and what of it. */
export const fetchSettings = z.object({
  allow: setting(
    'PENSTOCK_FETCH_ALLOW',
    hosts().default([]),
    'Hosts, addresses and networks that sources may read although they are not public, or at other ports than 80 and 443.',
  ),
  maxBytes: setting(
    'PENSTOCK_FETCH_MAX_BYTES',
    integer(1024, 1024 * MiB).default(16 * MiB),
    'Pages larger than this many bytes, as sent or as decompressed, are rejected.',
  ),
  timeoutMs: setting(
    'PENSTOCK_FETCH_TIMEOUT_MS',
    integer(100, 3_600_000).default(30_000),
    'From asking for a page to its last byte, in ms.',
  ),
  idleMs: setting(
    'PENSTOCK_FETCH_IDLE_MS',
    integer(100, 3_600_000).default(10_000),
    'Silence of a server after which a request is given up, in ms.',
  ),
  rate: setting(
    'PENSTOCK_FETCH_RATE',
    decimal(0.01, 10_000).default(5),
    'Requests a second to one host at most; sources may ask for less.',
  ),
  concurrency: setting(
    'PENSTOCK_FETCH_CONCURRENCY',
    integer(1, 64).default(4),
    'Requests at once to one host at most; sources may ask for less.',
  ),
  contact: setting(
    'PENSTOCK_FETCH_CONTACT',
    url(['http:', 'https:', 'mailto:'], 'no password').nullable().default(unset),
    'Where those whose pages are read learn who does it; part of the user agent.',
  ),
})
