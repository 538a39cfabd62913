/** Where a Penstock may be listening. */
export interface ServerPlaces {
  /** What the settings come to: PENSTOCK_URL, else host and port. */
  readonly url: string
  /** True when somebody chose the URL or the port; else a running `up` knows better. */
  readonly chosen: boolean
  /** The address that a running `up` wrote into the data folder, or null. */
  running(): Promise<string | null>
}

/** The base URL to call: what was chosen, else what a running `up` wrote, else the default. */
export const findServer = async ({ url, chosen, running }: ServerPlaces): Promise<string> => {
  const known = !/:0\/?$/.test(url)
  if (chosen && known) return url
  const found = await running()
  if (found !== null) return found
  if (known) return url
  throw new Error(
    'PENSTOCK_PORT is 0 and no running `penstock up` was found in the data folder. Start one, or set PENSTOCK_URL.',
  )
}
