import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, it, vi } from 'vitest'
import { createClient } from '../../src/api/client.ts'
import { buildProgram, runProgram } from '../../src/cli/program.ts'
import { aDifference, aDifferingReport, aKnowledgeBase, aReport, type FakePorts, fakePorts } from '../api/fake-ports.ts'
import { penstock, withServer } from './run.ts'

vi.setConfig({ testTimeout: 60_000 })

const unsafe = aDifference({
  code: 'lane_lost',
  severity: 'error',
  message: 'Job job-1 works in lane 3, which is not its own any more.',
  repair: null,
  advice: 'Cancel the job and ingest again.',
})

/** Two knowledge bases, of which the first has these differences. */
const withReport = (...differences: ReturnType<typeof aDifference>[]): FakePorts => {
  const ports = fakePorts()
  ports.stored.knowledgeBases.push(aKnowledgeBase(), aKnowledgeBase({ kb_id: 'notes' }))
  if (differences.length > 0) ports.stored.reports.handbook = aDifferingReport('handbook', ...differences)
  return ports
}

/** Runs a verb at a terminal whose person answers so. */
const atTerminal = (ports: FakePorts, answer: boolean, ...args: readonly string[]) =>
  withServer(ports, async url => {
    const [stdout, stderr] = [new PassThrough(), Object.assign(new PassThrough(), { isTTY: true })]
    const asked: string[] = []
    const context = {
      ...{ stdout, stderr, cwd: '/', version: '1', signal: new AbortController().signal, settings: () => [] },
      client: async () => createClient(url),
      createKey: () => Promise.reject(new Error('There is no database here.')),
      async confirm(question: string) {
        asked.push(question)
        return answer
      },
    }
    const code = await runProgram(buildProgram(context), args, context)
    stdout.end()
    stderr.end()
    return { code, asked, stdout: await text(stdout), stderr: await text(stderr) }
  })

describe.concurrent('penstock verify', () => {
  it('ends with 0 where nothing differs, over all knowledge bases and what belongs to none', async ({ expect }) => {
    const ports = withReport()
    const { code, stdout, stderr } = await penstock(ports, 'verify')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toBe(
      'The installation: 0 free lanes; nothing differs.\n' +
        'Knowledge base handbook: 3 jobs, 300 documents, 1,234 chunks; nothing differs.\n' +
        'Knowledge base notes: 3 jobs, 300 documents, 1,234 chunks; nothing differs.\n' +
        'Nothing differs.\n',
    )
    expect(ports.asked.verified).toEqual([null, 'handbook', 'notes'])
  })

  it('looks at one knowledge base, says what differs and what to do, and ends with 3', async ({ expect }) => {
    const ports = withReport(aDifference(), unsafe, aDifference())
    const { code, stdout } = await penstock(ports, 'verify', 'handbook')
    expect(code).toBe(3)
    expect(stdout).toBe(
      'Knowledge base handbook: 3 jobs, 300 documents, 1,234 chunks; 3 differences.\n' +
        '  warning version_left_over: 2 differences\n' +
        '    Version 1 of document d1 is not what readers see, and no job owns it.\n' +
        '    Version 1 of document d1 is not what readers see, and no job owns it.\n' +
        '    → No reader sees these rows; repair drops them.\n' +
        '  error lane_lost: 1 difference\n' +
        '    Job job-1 works in lane 3, which is not its own any more.\n' +
        '    → Cancel the job and ingest again.\n',
    )
    expect(ports.asked).toMatchObject({ verified: ['handbook'], repairs: [] })
  })

  it('prints the reports as JSON, with the same exit code', async ({ expect }) => {
    const ports = withReport(unsafe)
    const { code, stdout } = await penstock(ports, 'verify', '--json')
    expect(code).toBe(3)
    expect(JSON.parse(stdout)).toEqual({
      reports: [aReport({ kb_id: null }), ports.stored.reports.handbook, aReport({ kb_id: 'notes' })],
    })
  })

  it('ends with 1 where something could not be compared, and says what', async ({ expect }) => {
    const ports = withReport()
    ports.stored.reports.notes = aReport({ kb_id: 'notes', not_compared: ['Kafka did not answer.'] })
    const { code, stdout } = await penstock(ports, 'verify', 'notes')
    expect(code).toBe(1)
    expect(stdout).toContain('  not compared: Kafka did not answer.\n')
    expect((await penstock(ports, 'verify', 'elsewhere')).code).toBe(1)
  })

  it('repairs what it has listed, with --yes, and judges by what holds after it', async ({ expect }) => {
    const ports = withReport(aDifference(), unsafe)
    ports.stored.afterRepair.handbook = aDifferingReport('handbook', unsafe)
    const { code, stdout, stderr } = await penstock(ports, 'verify', '--repair', '--yes')
    expect(code).toBe(3)
    expect(stderr).toBe(
      'Repairs, none of which changes what readers see:\n' +
        '  version_left_over, 1 in knowledge base handbook: drop the rows of the version, which no reader sees\n',
    )
    expect(stdout).toContain('Repaired version_left_over in knowledge base handbook: 1 time.\n')
    expect(stdout).toMatch(/1 difference in all\.\n$/)
    expect(ports.asked.repairs).toEqual([{ kb: 'handbook', codes: ['version_left_over'] }])

    const whole = withReport(aDifference())
    const json = await penstock(whole, 'verify', 'handbook', '--repair', '--yes', '--json')
    expect(json.code).toBe(0)
    expect(JSON.parse(json.stdout)).toEqual({
      reports: [aReport()],
      before: [whole.stored.reports.handbook],
      repaired: [{ kb_id: 'handbook', code: 'version_left_over', count: 1 }],
    })
  })

  it('needs --yes where nobody can be asked, and changes nothing without it', async ({ expect }) => {
    const ports = withReport(aDifference())
    const { code, stderr } = await penstock(ports, 'verify', '--repair')
    expect(code).toBe(2)
    expect(stderr).toContain('error: there is no terminal to ask at: add --yes to do what is listed\n')
    expect(ports.asked.repairs).toEqual([])
    expect((await penstock(ports, 'verify', '--yes')).code).toBe(2)
  })

  it('asks at a terminal after it has listed the repairs, and takes no for an answer', async ({ expect }) => {
    const ports = withReport(aDifference())
    const no = await atTerminal(ports, false, 'verify', 'handbook', '--repair')
    expect(no).toMatchObject({ code: 3, asked: ['Do this?'] })
    expect(no.stderr).toMatch(/^verifying knowledge base handbook \(1 of 1\) …\nRepairs, .*\nNothing was changed\.\n$/s)
    expect(ports.asked.repairs).toEqual([])
    const yes = await atTerminal(ports, true, 'verify', 'handbook', '--repair')
    expect(yes).toMatchObject({ code: 0, asked: ['Do this?'] })
    expect(ports.asked.repairs).toHaveLength(1)
  })

  it('does not ask where nothing can be repaired', async ({ expect }) => {
    const { code, asked, stderr } = await atTerminal(withReport(unsafe), true, 'verify', 'handbook', '--repair')
    expect({ code, asked }).toEqual({ code: 3, asked: [] })
    expect(stderr).toContain('Nothing of it can be repaired safely.\n')
  })
})
