import type { TestProject } from 'vitest/node'
import { serveServices } from './shared-service.ts'

/** Every shared service, by the name tests ask for. Imported when asked for, so that unit tests start at once. */
const starters = {
  kafka: async () => (await import('./kafka.ts')).startTestKafka(),
  registry: async () => (await import('./kafka.ts')).startTestRegistry(),
  postgres: async () => (await import('./postgres.ts')).startTestPostgres(),
}

export default async (project: TestProject) => {
  const services = await serveServices(starters)
  project.provide('sharedServices', services.url)
  return services.stop
}
