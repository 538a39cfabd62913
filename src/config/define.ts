import type { z } from 'zod'

export const MiB = 1024 * 1024

/** A setting: its type, the variable that sets it, its default and what it means. `secret` is never shown. */
export const setting = <T extends z.ZodType>(env: string, type: T, doc: string, secret = false): T =>
  type.meta({ ...type.meta(), env, secret, description: doc })

/** For settings whose default is worked out, so none stands in the schema (see `computedDefaults`). */
export const unset = null
