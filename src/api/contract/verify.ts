/** Comparing what is stored with itself and with Kafka. `docs/VERIFY.md` explains the codes. */
import { z } from 'zod'
import { codeNames } from '../../verify/codes.ts'
import type { Difference, RepairReport, VerifyReport } from '../../verify/verifier.ts'
import { jobId, kbId } from './requests.ts'

const count = z.int().min(0)
const code = z.enum(codeNames)
const severity = z
  .enum(['error', 'warning'])
  .describe('error: what readers see or a job goes by is wrong; warning: nobody is the worse for it yet.')

const difference = z.object({
  code,
  severity,
  where: z.object({
    kb_id: kbId.nullable(),
    job_id: jobId.nullable(),
    document_id: z.string().nullable(),
    uri: z.string().nullable(),
    stage: z.string().nullable(),
    lane: z.int().nullable(),
  }),
  expected: z.string(),
  found: z.string(),
  message: z.string(),
  repair: z.string().nullable().describe('What a repair would do about it; null where that is not safe, or was done.'),
  advice: z.string().describe('What people can do about it.'),
}) satisfies z.ZodType<Difference>

export const verifyReport = z.object({
  kb_id: kbId.nullable().describe('null for what belongs to no knowledge base.'),
  checked_at: z.iso.datetime(),
  status: z.enum(['clean', 'differs']),
  checked: z.object({
    jobs: count,
    documents: count.describe('That readers see, as on the page of the knowledge base.'),
    chunks: count,
    lanes: count,
  }),
  totals: z
    .array(z.object({ code, severity, count, repairable: count, repair: z.string().nullable() }))
    .readonly()
    .describe('Every code that was found, with how often.'),
  differences: z.array(difference).readonly().describe('The first of each code, up to `limit`.'),
  not_compared: z.array(z.string()).readonly().describe('What could not be compared, and why.'),
}) satisfies z.ZodType<VerifyReport>

export const repairReport = z.object({
  repaired: z.array(z.object({ code, count })).readonly(),
  report: verifyReport.describe('What holds after it.'),
}) satisfies z.ZodType<RepairReport>

const limit = z.coerce
  .number<string | number>()
  .int()
  .min(1)
  .max(1000)
  .default(20)
  .describe('Differences listed of each code; all are counted.')

export const verifyQuery = z.strictObject({ limit })
export const repairRequest = z.strictObject({
  codes: z
    .array(code)
    .min(1, 'needs at least one code')
    .describe('What may be repaired: nothing else is touched, whatever is found by then.'),
})

export type { CodeTotal, Difference, RepairReport, VerifyReport } from '../../verify/verifier.ts'
