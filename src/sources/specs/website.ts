import { z } from 'zod'
import { addressGlobs } from './globs.ts'

const longestUrl = 2048

/** A password in an address would stand in every message and in the uri of every document. */
const address = z
  .string()
  .max(longestUrl, `must have at most ${longestUrl} characters`)
  .refine(
    text => {
      const url = URL.parse(text)
      return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === ''
    },
    { error: 'must be a URL that begins with http:// or https://, without a user name or a password in it' },
  )

const host = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$/i, 'must be a host, such as docs.example.org')
  .max(253, 'must have at most 253 characters')

/** As that of the installation: less is for no site, and one page would take minutes. */
const leastRate = 0.01

/** What a website source is when it does not say. */
export const websiteDefaults = Object.freeze({ maxDepth: 10, maxPages: 10_000, sitemaps: true, respectRobots: true })

/** The pages of a website, followed from its first ones. */
export const websiteSpec = z.strictObject({
  type: z.literal('website'),
  urls: z
    .array(address)
    .min(1, 'needs at least one address')
    .max(100, 'takes at most 100 addresses')
    .describe('Where to begin. The first names the source: with another one it is another source.'),
  sitemaps: z
    .union([z.boolean(), z.array(address).min(1).max(32)], 'must be true, false or a list of addresses')
    .optional()
    .describe('True, as unless stated: those that robots.txt names, and /sitemap.xml. Or a list of their addresses.'),
  max_depth: z
    .int('must be a whole number')
    .min(0)
    .max(100)
    .optional()
    .describe(
      'Links from a first page or one of a sitemap that are followed in a row; 0 follows none, 10 unless stated.',
    ),
  max_pages: z
    .int('must be a whole number')
    .min(1)
    .max(1_000_000)
    .optional()
    .describe('Addresses that are asked at most; 10000 unless stated.'),
  include: addressGlobs
    .optional()
    .describe('Globs, matched against host and path (`docs.example.org/guide/**`): only these become documents.'),
  exclude: addressGlobs.optional().describe('Globs, matched against host and path: these are left out.'),
  hosts: z
    .array(host)
    .max(100, 'takes at most 100 hosts')
    .optional()
    .describe('Hosts that are read beside those of `urls`; with or without www. is the same.'),
  rate: z
    .number('must be a number')
    .min(leastRate, `must be at least ${leastRate}`)
    .max(1000)
    .optional()
    .describe('Requests a second to each host at most, 0.01 or more; the bound of the installation unless stated.'),
  concurrency: z
    .int('must be a whole number')
    .min(1)
    .max(64)
    .optional()
    .describe('Requests at once to each host at most; the bound of the installation unless stated.'),
  respect_robots: z
    .boolean()
    .optional()
    .describe('False reads what robots.txt forbids, for a site of your own. True unless stated.'),
})

export type WebsiteSpec = z.output<typeof websiteSpec>
