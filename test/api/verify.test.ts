import { describe, expect, it } from 'vitest'
import { repairReport, verifyReport } from '../../src/api/contract/verify.ts'
import { createServer } from '../../src/api/server.ts'
import { aDifference, aDifferingReport, aKnowledgeBase, aReport, fakePorts } from './fake-ports.ts'

const withBase = () => {
  const ports = fakePorts()
  ports.stored.knowledgeBases.push(aKnowledgeBase())
  return ports
}
const get = (ports: ReturnType<typeof fakePorts>, url: string) => createServer(ports).inject(url)
const post = (ports: ReturnType<typeof fakePorts>, url: string, payload: object) =>
  createServer(ports).inject({ method: 'POST', url, payload })

describe('verifying', () => {
  it('answers with what differs in a knowledge base', async () => {
    const ports = withBase()
    const report = aDifferingReport('handbook', aDifference(), aDifference({ code: 'chunk_count', repair: null }))
    ports.stored.reports.handbook = report
    const answer = await get(ports, '/api/knowledge-bases/handbook/verify')
    expect(answer.statusCode).toBe(200)
    expect(verifyReport.parse(answer.json())).toEqual(report)
    expect(ports.asked.verified).toEqual(['handbook'])
  })

  it('answers with what belongs to no knowledge base', async () => {
    const answer = await get(fakePorts(), '/api/verify')
    expect(verifyReport.parse(answer.json())).toEqual(aReport({ kb_id: null }))
  })

  it('lists twenty differences of a code unless told otherwise', async () => {
    const limits: number[] = []
    const ports = fakePorts()
    const verifyInstallation = async ({ limit }: { limit: number }) => {
      limits.push(limit)
      return aReport({ kb_id: null })
    }
    const server = createServer({ ...ports, verifier: { ...ports.verifier, verifyInstallation } })
    await server.inject('/api/verify')
    await server.inject('/api/verify?limit=7')
    expect(limits).toEqual([20, 7])
    expect((await server.inject('/api/verify?limit=0')).statusCode).toBe(422)
  })

  it('knows no knowledge base that there is not', async () => {
    expect((await get(fakePorts(), '/api/knowledge-bases/other/verify')).statusCode).toBe(404)
    const repair = await post(fakePorts(), '/api/knowledge-bases/other/repair', { codes: ['chunk_count'] })
    expect(repair.statusCode).toBe(404)
  })
})

describe('repairing', () => {
  it('does what is named, and answers with what holds after it', async () => {
    const ports = withBase()
    const answer = await post(ports, '/api/knowledge-bases/handbook/repair', { codes: ['version_left_over'] })
    expect(answer.statusCode).toBe(200)
    expect(repairReport.parse(answer.json())).toEqual({
      repaired: [{ code: 'version_left_over', count: 1 }],
      report: aReport(),
    })
    const ofNone = await post(ports, '/api/repair', { codes: ['applied_left_over'] })
    expect(repairReport.parse(ofNone.json()).report.kb_id).toBeNull()
    expect(ports.asked.repairs).toEqual([
      { kb: 'handbook', codes: ['version_left_over'] },
      { kb: null, codes: ['applied_left_over'] },
    ])
  })

  it.each([[{}], [{ codes: [] }], [{ codes: ['everything'] }], [{ codes: ['chunk_count'], force: true }]])(
    'is refused where it is not said what: %j',
    async body => {
      const ports = withBase()
      const answer = await post(ports, '/api/knowledge-bases/handbook/repair', body)
      expect(answer.statusCode).toBe(422)
      expect(ports.asked.repairs).toEqual([])
    },
  )
})
