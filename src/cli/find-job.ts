import { type Client, ClientError } from '../api/client.ts'
import type { JobStatus } from '../api/contract/answers.ts'
import { intakeLetters } from '../api/contract/dead-letters.ts'
import { kbId } from '../api/contract/requests.ts'

/** The job of that id, else the newest run of the knowledge base of that name; throws a sentence when there is neither. */
export const findJob = async (client: Client, name: string, signal: AbortSignal): Promise<JobStatus> => {
  const job = await orNull(client.job({ params: { job_id: name } }, signal))
  if (job !== null) return job
  const newest = kbId.safeParse(name).success
    ? await orNull(client.kbStatus({ params: { kb_id: name } }, signal))
    : null
  if (newest !== null) return newest
  throw new ClientError(
    404,
    'not_found',
    `'${name}' is no job, and no knowledge base that has had one. \`penstock status\` lists the jobs.`,
  )
}

/** The name under which dead letters are kept: that of a job, or INTAKE for what upstream published and nobody could take. */
export const findLetters = async (client: Client, name: string, signal: AbortSignal): Promise<string> =>
  name === intakeLetters ? name : (await findJob(client, name, signal)).job_id

const orNull = async (asked: Promise<JobStatus>): Promise<JobStatus | null> => {
  try {
    return await asked
  } catch (error) {
    if (error instanceof ClientError && (error.status === 404 || error.status === 422)) return null
    throw error
  }
}
