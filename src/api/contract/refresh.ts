/** When a source is read again by itself: fields that every source may have beside its own. */
import { z } from 'zod'
import { cronMistake, everySeconds, isTimezone, type Refresh } from '../../coordinator/schedules.ts'
import { type SourceSpec, sourceSpec } from '../../sources/spec.ts'

export interface RefreshFields {
  readonly refresh_every?: string | undefined
  readonly refresh_cron?: string | undefined
  readonly refresh_timezone?: string | undefined
}

const fields = {
  refresh_every: z
    .string()
    .refine(text => everySeconds(text) !== null, { error: 'must be a number with m, h or d, from 1m to 366d' })
    .optional()
    .describe('Read the source again every so often: 15m, 6h, 1d. Not beside refresh_cron.'),
  refresh_cron: z
    .string()
    .max(200)
    .optional()
    .describe('Read the source again at these times: minute, hour, day of month, month, day of week.'),
  refresh_timezone: z
    .string()
    .max(64)
    .refine(isTimezone, { error: 'must be the name of a time zone, such as Europe/Berlin' })
    .optional()
    .describe('For refresh_cron; UTC unless stated.'),
}

/** Whether the fields fit together, even where others of the source are wrong. */
const fit = (context: z.core.ParsePayload<RefreshFields>): void => {
  const { refresh_every, refresh_cron, refresh_timezone } = context.value
  const wrong = (field: keyof RefreshFields, message: string) =>
    context.issues.push({ code: 'custom', path: [field], message, input: context.value })
  if (refresh_every !== undefined && refresh_cron !== undefined)
    wrong('refresh_cron', 'cannot stand beside refresh_every: choose one')
  if (refresh_timezone !== undefined && refresh_cron === undefined)
    wrong('refresh_timezone', 'is for refresh_cron, which is not given')
  if (refresh_cron === undefined || (refresh_timezone !== undefined && !isTimezone(refresh_timezone))) return
  const mistake = cronMistake(refresh_cron, refresh_timezone ?? null)
  if (mistake !== null) wrong('refresh_cron', mistake)
}

const refreshed = (option: z.ZodObject): z.ZodObject => option.safeExtend(fields).check(fit as z.core.CheckFn<object>)

/** A source of a request: what it is, and when it is read again. Events are sent, never read. */
export const requestedSource = z.discriminatedUnion(
  'type',
  sourceSpec.options.map(option =>
    option.shape.type.value === 'events' ? option : refreshed(option),
  ) as unknown as typeof sourceSpec.options,
) as unknown as z.ZodType<SourceSpec & RefreshFields, z.input<typeof sourceSpec> & RefreshFields>

export type RequestedSource = z.output<typeof requestedSource>

/** The source as it is read, and when it is read again; null where nothing is said of that. */
export const splitSource = (
  source: RequestedSource,
): { readonly spec: SourceSpec; readonly refresh: Refresh | null } => {
  const { refresh_every, refresh_cron, refresh_timezone, ...spec } = source
  const refresh = { every_s: everySeconds(refresh_every ?? ''), cron: refresh_cron ?? null }
  const said = refresh.every_s !== null || refresh.cron !== null
  return { spec: spec as SourceSpec, refresh: said ? { ...refresh, timezone: refresh_timezone ?? null } : null }
}
