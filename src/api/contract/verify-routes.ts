/** Looking whether what is stored is right, and repairing what can be without changing what readers see. */
import { byKb } from './requests.ts'
import { busy, invalid, noKb, route } from './route.ts'
import { repairReport, repairRequest, verifyQuery, verifyReport } from './verify.ts'

/** A large knowledge base is read whole; this is about as long as clients wait for a first byte. */
const slow = { tag: 'service', timeoutMs: 290_000 } as const
const verified = {
  ...slow,
  method: 'GET',
  query: verifyQuery,
  answer: verifyReport,
  statuses: { 200: 'What differs; nothing was changed.' },
} as const
const repaired = {
  ...slow,
  method: 'POST',
  query: verifyQuery,
  body: repairRequest,
  answer: repairReport,
  statuses: { 200: 'What was done, and what differs after it.' },
} as const

export const verifyRoutes = {
  verify: route({
    ...verified,
    path: '/api/knowledge-bases/{kb_id}/verify',
    summary: 'Compare the jobs, documents, versions, chunks, vectors and offsets of a knowledge base',
    params: byKb,
    errors: { ...noKb, ...invalid, ...busy },
  }),
  repair: route({
    ...repaired,
    path: '/api/knowledge-bases/{kb_id}/repair',
    summary: 'Carry out repairs that change nothing of what readers see, and verify again',
    params: byKb,
    errors: { ...noKb, ...invalid, ...busy },
  }),
  verifyInstallation: route({
    ...verified,
    path: '/api/verify',
    summary: 'Compare what belongs to no knowledge base: free lanes, control, positions, tables without an owner',
    errors: { ...invalid, ...busy },
  }),
  repairInstallation: route({
    ...repaired,
    path: '/api/repair',
    summary: 'The repairs of what belongs to no knowledge base',
    errors: { ...invalid, ...busy },
  }),
} as const
