import { intakeLetters } from '../coordinator/dead-letters.ts'
import { deleting, taken } from './api-error.ts'
import type { Mistake } from './contract/errors.ts'
import { operator } from './doors/access.ts'
import { operatorsOnly } from './keys.ts'
import type { ApiPorts, Owners } from './ports.ts'

/**
 * What one tenant sees and may change: THE PLACE where it is asked whose a knowledge base or a job is, before anything
 * else is. What is another's is as if it were not there. Every port that a handler can reach is named here, so a new one
 * does not compile before somebody has thought of whose its things are.
 */
export const ownPorts = (ports: ApiPorts, tenant: string, owners: Owners): ApiPorts => {
  const owns = async (kbId: string): Promise<boolean> => (await owners.of(kbId)) === tenant
  /** Also what is nobody's yet. */
  const mayTake = async (kbId: string): Promise<boolean> => [null, tenant].includes(await owners.of(kbId))
  const stays = async (kbId: string): Promise<void> => {
    if (await owners.isDeleting(kbId)) throw deleting(kbId)
  }
  /** Runs `work` if the knowledge base is the tenant's, and is not being deleted; `none` is the answer where it is not. */
  const ofKb = async <T, N>(kbId: string, none: N, work: () => Promise<T>): Promise<T | N> => {
    if (!(await owns(kbId))) return none
    await stays(kbId)
    return work()
  }
  const ofJob = async <T, N>(jobId: string, none: N, work: () => Promise<T>): Promise<T | N> => {
    // The letters of INTAKE are of many tenants: the port gives each its own.
    if (jobId === intakeLetters) return work()
    return (await jobs.get(jobId)) === null ? none : work()
  }
  const asOperator = async <T>(work: () => Promise<T>): Promise<T> => {
    if (tenant !== operator) throw operatorsOnly()
    return work()
  }
  const jobs: ApiPorts['jobs'] = {
    submit: (request, once) => ports.jobs.submit(request, once),
    submitted: once => ports.jobs.submitted(once),
    async get(jobId) {
      const job = await ports.jobs.get(jobId)
      return job !== null && (await owns(job.kb_id)) ? job : null
    },
    ofKnowledgeBase: async kbId => ((await owns(kbId)) ? ports.jobs.ofKnowledgeBase(kbId) : null),
    list: filter => ports.jobs.list(filter),
    command: request => ofKb(request.kb_id, { outcome: 'no_job' } as const, () => ports.jobs.command(request)),
  }
  return {
    jobs,
    deadLetters: {
      groups: (jobId, limit) => ofJob(jobId, [], () => ports.deadLetters.groups(jobId, limit)),
      list: (jobId, filter) =>
        ofJob(jobId, { dead_letters: [], next: null }, () => ports.deadLetters.list(jobId, filter)),
      plan: (jobId, ...rest) => ofJob(jobId, null, () => ports.deadLetters.plan(jobId, ...rest)),
      replay: (jobId, request) =>
        ofJob(jobId, { outcome: 'no_job' } as const, () => ports.deadLetters.replay(jobId, request)),
      discard: (jobId, selection) => ofJob(jobId, 0, () => ports.deadLetters.discard(jobId, selection)),
    },
    // Of a plan, which is the tenant's.
    dryRun: ports.dryRun,
    async intake() {
      const all = await ports.intake()
      const own = new Map<string, boolean>()
      const mine = async (kbId: string) => {
        const owner = await owners.of(kbId)
        own.set(kbId, owner === tenant || (owner === null && tenant === operator))
      }
      for (const { kb_id } of [...all.parked, ...all.partitions.flatMap(({ held }) => held ?? [])]) await mine(kb_id)
      return {
        partitions: all.partitions.map(one => (one.held && !own.get(one.held.kb_id) ? { ...one, held: null } : one)),
        parked: all.parked.filter(({ kb_id }) => own.get(kb_id)),
        dead_letters: all.dead_letters,
      }
    },
    deletions: { ask: async kbId => ((await owns(kbId)) ? ports.deletions.ask(kbId) : null) },
    kbSettings: { change: (kbId, change) => ofKb(kbId, null, () => ports.kbSettings.change(kbId, change)) },
    schedules: {
      list: kbId => ofKb(kbId, null, () => ports.schedules.list(kbId)),
      remove: (kbId, id) => ofKb(kbId, false, () => ports.schedules.remove(kbId, id)),
    },
    catalogue: {
      list: page => ports.catalogue.list(page),
      get: async kbId => ((await owns(kbId)) ? ports.catalogue.get(kbId) : null),
      documents: (kbId, page) => ofKb(kbId, null, () => ports.catalogue.documents(kbId, page)),
    },
    explain: (kbId, id) => ofKb(kbId, null, () => ports.explain(kbId, id)),
    jaegerUrl: ports.jaegerUrl,
    consoleFolder: ports.consoleFolder,
    knowledge: { search: query => ofKb(query.kb, [], () => ports.knowledge.search(query)) },
    verifier: {
      verify: (kbId, options) => ofKb(kbId, null, () => ports.verifier.verify(kbId, options)),
      repair: (kbId, ...rest) => ofKb(kbId, null, () => ports.verifier.repair(kbId, ...rest)),
      verifyInstallation: options => asOperator(() => ports.verifier.verifyInstallation(options)),
      repairInstallation: (...of) => asOperator(() => ports.verifier.repairInstallation(...of)),
    },
    uploads: {
      maxBytes: ports.uploads.maxBytes,
      async put(kbId, path, content, announced) {
        if (!(await mayTake(kbId))) throw taken(kbId)
        await stays(kbId)
        // A file that is refused takes no name.
        const kept = await ports.uploads.put(kbId, path, content, announced, async () => {
          if (!(await owners.claim(kbId, tenant))) throw taken(kbId)
          await stays(kbId)
        })
        // Its knowledge base may have been deleted, with its files, before this one was in its place.
        if ((await owns(kbId)) && !(await owners.isDeleting(kbId))) return kept
        await ports.uploads.delete(kbId, path)
        throw deleting(kbId)
      },
      list: (kbId, page) => ofKb(kbId, { uploads: [], next: null }, () => ports.uploads.list(kbId, page)),
      delete: (kbId, path) => ofKb(kbId, false, () => ports.uploads.delete(kbId, path)),
    },
    tables: {
      list: kbId => ofKb(kbId, null, () => ports.tables.list(kbId)),
      get: (kbId, table) => ofKb(kbId, null, () => ports.tables.get(kbId, table)),
      rows: (kbId, ...rest) => ofKb(kbId, null, () => ports.tables.rows(kbId, ...rest)),
    },
    structured: {
      async check(source, rows, signal, kb) {
        if (kb !== null && (await owns(kb))) await stays(kb)
        const mistakes = [...noFiles(source, tenant), ...(kb === null || (await mayTake(kb)) ? [] : [notYours])]
        return mistakes.length > 0 ? { mistakes } : ports.structured.check(source, rows, signal, kb)
      },
    },
    async checkSource(source, kb) {
      const mistakes = noFiles(source, tenant)
      if (kb !== null && (await owns(kb))) await stays(kb)
      // Of a knowledge base of another nothing is said here: its admission is refused.
      return mistakes.length > 0 ? mistakes : ports.checkSource(source, kb !== null && (await mayTake(kb)) ? kb : null)
    },
    keys: ports.keys,
    embedder: ports.embedder,
    sourceId: ports.sourceId,
    preview: ports.preview,
    atOnce: ports.atOnce,
    dependencies: ports.dependencies,
    ...(ports.answerWithinMs === undefined ? {} : { answerWithinMs: ports.answerWithinMs }),
    lanes: ports.lanes,
    // Served to the operator alone.
    metrics: ports.metrics,
    metricsTargets: tenant === operator ? ports.metricsTargets : [],
    meter: ports.meter,
    log: ports.log,
    version: ports.version,
  }
}

const notYours: Mistake = {
  path: 'uploads',
  message: 'has nothing to read: the knowledge base has no uploads of yours',
}

/** The files of the machine are the operator's; the others have what they upload. */
const noFiles = (source: object, tenant: string): readonly Mistake[] =>
  tenant !== operator && 'path' in source && source.path !== undefined
    ? [{ path: 'path', message: "must not be given: files of this machine are the operator's; upload them" }]
    : []
