import { z } from 'zod'
import { setting, unset } from './define.ts'
import { file, flag, hostNames, integer, origins, secret } from './values.ts'

/** Who may call the API, and as what. */
export const accessSettings = z.object({
  requireKeys: setting(
    'PENSTOCK_REQUIRE_KEYS',
    flag().default(false),
    'Want a key on loopback too, as behind a proxy on the same machine; on any other address the API always does.',
  ),
  adminKey: setting(
    'PENSTOCK_ADMIN_KEY',
    secret().nullable().default(unset),
    'A key with the scope admin that is good for as long as it is set, to make the first ones with; 32 characters or more.',
    true,
  ),
  adminKeyFile: setting('PENSTOCK_ADMIN_KEY_FILE', file(), 'A file that holds it, instead.'),
  allowedHosts: setting(
    'PENSTOCK_ALLOWED_HOSTS',
    hostNames().default([]),
    'Names by which the API may be called, beside those of loopback, PENSTOCK_HOST and the address it is reached at.',
  ),
  allowedOrigins: setting(
    'PENSTOCK_ALLOWED_ORIGINS',
    origins().default([]),
    'Origins of other sites whose pages may call the API, such as https://console.example.org.',
  ),
  rateLimit: setting(
    'PENSTOCK_RATE_LIMIT',
    integer(0, 10_000_000).default(6_000),
    'Requests a minute of one key, and of one address without a good key, in each process of the API; 0 for no limit.',
  ),
})
