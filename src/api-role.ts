import type { AddressInfo } from 'node:net'
import { createServer } from './api/server.ts'
import { accessOf } from './api-access.ts'
import { markedUploads } from './coordinator/deletion-uploads.ts'
import { checkTenantRole } from './knowledge/tenant-role.ts'
import type { Parts } from './parts.ts'
import type { Running } from './runtime/run-stage.ts'
import { defaultTenant } from './schemas/tenants.ts'
import { tenantPorts } from './tenant-ports.ts'
import { startUploadRemoval, uploadsOf } from './upload-removal.ts'

/** Starts the HTTP API of this process. `nudge` is called when a job was admitted. */
export const startApi = async (parts: Parts, nudge: () => void): Promise<Running & { readonly url: string }> => {
  const { config, log } = parts
  const { em } = (await parts.database()).orm
  await checkTenantRole(em)
  const access = await accessOf(config, em, log)
  const removal = startUploadRemoval({ marked: markedUploads(em), uploads: uploadsOf(config), log })
  const portsOf = await tenantPorts(parts, () => {
    nudge()
    removal.nudge()
  })
  const server = createServer(portsOf(defaultTenant), access, portsOf)
  const { host, port } = config.api
  await server.listen({ host, port })
  const { address, port: actual } = server.server.address() as AddressInfo
  const shown = address.includes(':') ? `[${address}]` : address
  const stop = async () => {
    await server.close()
    await removal.stop()
  }
  return { url: `http://${shown}:${actual}`, stop }
}
