import type { JobStatus, Jobs } from '../coordinator/jobs.ts'

/** Told of each look: the job, null when there is none any more, or the error of a look that failed. Must not throw. */
export type Follower = (seen: JobStatus | null | Error) => void

export interface JobLooks {
  /** Tells of the looks to come until the returned function is called. */
  follow(jobId: string, follower: Follower): () => void
}

interface Followed {
  readonly followers: Set<Follower>
  timer?: NodeJS.Timeout
}

/** Looks at the jobs that somebody follows, at each once per turn however many follow it, and no more when none does. */
export const jobLooks = (get: Jobs['get'], everyMs: number): JobLooks => {
  const jobs = new Map<string, Followed>()
  const wait = (jobId: string, one: Followed): void => {
    one.timer = setTimeout(async () => {
      const seen = await get(jobId).catch(asError)
      for (const follower of [...one.followers]) follower(seen)
      if (one.followers.size > 0) wait(jobId, one)
    }, everyMs)
  }
  const begin = (jobId: string): Followed => {
    const one: Followed = { followers: new Set() }
    jobs.set(jobId, one)
    wait(jobId, one)
    return one
  }
  return {
    follow(jobId, follower) {
      const one = jobs.get(jobId) ?? begin(jobId)
      one.followers.add(follower)
      return () => {
        one.followers.delete(follower)
        if (one.followers.size > 0) return
        clearTimeout(one.timer)
        if (jobs.get(jobId) === one) jobs.delete(jobId)
      }
    },
  }
}

const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)))
