import { notFound } from './api-error.ts'
import type { Handlers } from './handler.ts'
import type { ApiPorts } from './ports.ts'

/** Comparing what is stored, and repairing what is asked for by code. */
export const verifyHandlers = ({
  verifier,
  atOnce,
}: ApiPorts): Pick<Handlers, 'verify' | 'repair' | 'verifyInstallation' | 'repairInstallation'> => ({
  verify: {
    async answer({ params: { kb_id }, query: { limit } }, { signal }) {
      return { status: 200, body: there(kb_id, await atOnce.run(() => verifier.verify(kb_id, { limit, signal }))) }
    },
  },
  repair: {
    async answer({ params: { kb_id }, query: { limit }, body: { codes } }, { signal }) {
      return {
        status: 200,
        body: there(kb_id, await atOnce.run(() => verifier.repair(kb_id, codes, { limit, signal }))),
      }
    },
  },
  verifyInstallation: {
    async answer({ query: { limit } }, { signal }) {
      return { status: 200, body: await atOnce.run(() => verifier.verifyInstallation({ limit, signal })) }
    },
  },
  repairInstallation: {
    async answer({ query: { limit }, body: { codes } }, { signal }) {
      return { status: 200, body: await atOnce.run(() => verifier.repairInstallation(codes, { limit, signal })) }
    },
  },
})

const there = <T>(kbId: string, report: T | null): T => {
  if (report === null) throw notFound('knowledge base', kbId)
  return report
}
