/**
 * The types of settings. Each takes what a file, a variable or a flag may hold and says what it should have been as
 * the end of the sentence "it must be …".
 */
import { delimiter } from 'node:path'
import { z } from 'zod'

const must = (words: string) => ({ error: `must be ${words}` })

export const integer = (min: number, max: number) => {
  const error = must(`a whole number from ${min} to ${max}`)
  return z
    .union(
      [
        z.number(),
        z
          .string()
          .trim()
          .regex(/^-?\d+$/)
          .transform(Number),
      ],
      error,
    )
    .pipe(z.int(error).min(min, error).max(max, error))
}

export const decimal = (min: number, max: number) => {
  const error = must(`a number from ${min} to ${max}`)
  return z
    .union(
      [
        z.number(),
        z
          .string()
          .trim()
          .regex(/^\d+(\.\d+)?$/)
          .transform(Number),
      ],
      error,
    )
    .pipe(z.number(error).min(min, error).max(max, error))
}

export const flag = () => {
  const error = must('true or false')
  return z.union([z.boolean(), z.stringbool({ truthy: ['true', '1'], falsy: ['false', '0'] })], error)
}

export const oneOf = <const T extends readonly [string, ...string[]]>(...values: T) =>
  z.enum(values, must(`one of ${values.join(', ')}`))

export const text = () => z.string(must('a text')).min(1, must('a text'))

/** A path; relative ones count from the working folder, in a file from the file's folder. */
export const path = () => z.string(must('a path')).min(1, must('a path')).meta({ path: true })

/** The path of a file, where one is named. */
export const file = () => path().optional()

export const paths = () => {
  const error = must(`paths, with ${delimiter} between them`)
  return z
    .union([z.string().transform(list => list.split(delimiter).filter(Boolean)), z.array(z.string())], error)
    .pipe(z.array(z.string().min(1, error)).min(1, error))
    .meta({ path: true })
}

export const hostName = () =>
  z.string(must('a host name or address')).regex(/^[\w.:-]+$/, must('a host name or address'))

const addressList = () => {
  const error = must('host:port, several with commas between them')
  const one = z
    .string()
    .trim()
    .regex(/^[^\s:/,]+:\d{1,5}$|^\[[\da-fA-F:]+\]:\d{1,5}$/, error)
  return {
    error,
    list: z.union([z.string().transform(list => list.split(',')), z.array(z.string())], error).pipe(z.array(one)),
  }
}

/** `host:port` pairs, with commas between them; one at least. */
export const brokers = () => {
  const { list, error } = addressList()
  return list.refine(all => all.length > 0, error)
}

/** The same, none unless given. */
export const addresses = () => addressList().list.default([])

/** A URL of one of the schemes (`http:`); a password in it is taken where the protocol has a place for it. */
export const url = (schemes: readonly string[], password: 'password' | 'no password') => {
  const words = `a URL that starts with ${schemes.map(scheme => `${scheme}//`).join(' or ')}`
  return z.string(must(words)).refine(
    value => {
      const parsed = URL.parse(value)
      if (!parsed || !schemes.includes(parsed.protocol)) return false
      return password === 'password' || (!parsed.username && !parsed.password)
    },
    must(password === 'password' ? words : `${words}, without a password in it`),
  )
}

/** Hosts, addresses and networks, each with a port where it is not a usual one; with commas between them. */
export const hosts = () => {
  const error = must('hosts, addresses or networks (10.0.0.0/8), each with :port where it is not the usual one')
  const one = z
    .string()
    .trim()
    .regex(/^(?:\[[\da-f:.]+\](?:\/\d{1,3})?|[a-z\d][\w.-]*(?:\/\d{1,2})?)(?::\d{1,5})?$/i, error)
  return z.union([z.string().transform(list => list.split(',')), z.array(z.string())], error).pipe(z.array(one))
}

/** Names and addresses of hosts; with commas between them. */
export const hostNames = () =>
  listOf(/^(?:[\w.-]+|\[[\da-f:.]+\])$/i, 'host names or addresses, with commas between them')

/** Origins of pages, as browsers write them; with commas between them. */
export const origins = () =>
  listOf(/^https?:\/\/[^\s/?#@]+$/, 'origins such as https://console.example.org, with commas between them')

const listOf = (pattern: RegExp, words: string) => {
  const error = must(words)
  const one = z.string().trim().regex(pattern, error)
  return z.union([z.string().transform(list => list.split(',')), z.array(z.string())], error).pipe(z.array(one))
}

/** What cannot be guessed. */
export const secret = () => {
  const error = must('a text of 32 to 512 characters without spaces')
  return z.string(error).regex(/^\S{32,512}$/, error)
}
