import { Cron } from 'croner'

/** When a source is read again: every so often, or at the times of a cron pattern. One of the two. */
export interface Refresh {
  /** Seconds. */
  readonly every_s: number | null
  /** Five fields: minute, hour, day of month, month, day of week. */
  readonly cron: string | null
  /** An IANA name, for `cron`; UTC unless given. */
  readonly timezone: string | null
}

/** A source of a submission, with what becomes of its schedule. */
export interface ScheduledSource {
  /** Its identity inside the kb. */
  readonly source: string
  readonly spec: { readonly type: string; readonly [key: string]: unknown }
  /** Null leaves the times of a schedule that the source has as they are. */
  readonly refresh: Refresh | null
}

/** The port by which the API sees the sources that are read again by themselves. */
export interface Schedules {
  /** By the time at which they are due; null when there is no such knowledge base. */
  list(kbId: string): Promise<readonly ScheduleBody[] | null>
  /** False when there was none. What the source has brought stays. */
  remove(kbId: string, scheduleId: string): Promise<boolean>
}

/** A schedule as the API shows it. Times are ISO 8601 in UTC. */
export interface ScheduleBody extends Refresh {
  readonly schedule_id: string
  readonly source: string
  readonly spec: ScheduledSource['spec']
  /** When the next run is due; in the past while it waits. */
  readonly next_at: string
  /** Of the last time it was due; null before the first. */
  readonly last_at: string | null
  /** The run that it started then; null where it could not. */
  readonly last_job_id: string | null
  readonly last_status: string | null
  /** Why a run that is due has not started, or could not. */
  readonly note: string | null
}

const seconds = { m: 60, h: 3600, d: 86_400 } as const
const leastSeconds = 60
const mostSeconds = 366 * 86_400

/** Seconds of `15m`, `6h` or `1d`; null for what is no such interval, from a minute to 366 days. */
export const everySeconds = (text: string): number | null => {
  const [, count, unit] = /^(\d{1,6})([mhd])$/.exec(text) ?? []
  if (count === undefined || unit === undefined) return null
  const every = Number(count) * seconds[unit as keyof typeof seconds]
  return every >= leastSeconds && every <= mostSeconds ? every : null
}

/** Why a pattern or a time zone cannot be used, as the end of a sentence about it; null where it can. */
export const cronMistake = (cron: string, timezone: string | null): string | null => {
  try {
    return patternOf(cron, timezone).nextRun() === null ? 'names no time that comes' : null
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^CronPattern: /, '') : String(error)
    return `is no cron pattern of five fields: ${reason}`
  }
}

export const isTimezone = (name: string): boolean => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

/**
 * The first time after `now` at which a source is due again, counted from the time at which it was: however many were
 * missed in between, one run makes up for them.
 */
export const nextTime = ({ every_s, cron, timezone }: Refresh, was: Date, now: Date): Date => {
  if (every_s !== null) {
    const everyMs = every_s * 1000
    const missed = Math.max(0, Math.floor((now.getTime() - was.getTime()) / everyMs))
    return new Date(was.getTime() + (missed + 1) * everyMs)
  }
  const next = patternOf(cron ?? '', timezone).nextRun(now)
  if (next === null) throw new Error(`The cron pattern ${cron} names no time after ${now.toISOString()}.`)
  return next
}

const patternOf = (cron: string, timezone: string | null) =>
  new Cron(cron, { mode: '5-part', timezone: timezone ?? 'UTC', paused: true })
