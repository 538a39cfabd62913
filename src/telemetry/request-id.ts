import { randomUUID } from 'node:crypto'

const pattern = /^[A-Za-z0-9._:-]{1,128}$/

/** What a request is called in its answer and in the log: its X-Request-ID where that will do, else one that is made. */
export const requestIdOf = (headers: Readonly<Record<string, string | readonly string[] | undefined>>): string => {
  const given = headers['x-request-id']
  return typeof given === 'string' && pattern.test(given) ? given : randomUUID()
}
