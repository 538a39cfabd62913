import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A certificate and its private key, as PEM files. */
export interface Certificate {
  readonly certFile: string
  readonly keyFile: string
}

export interface Authority {
  /** Its own certificate, by which others are trusted. */
  readonly caFile: string
  /** Signs one for a name, good for 127.0.0.1 and localhost unless told otherwise. */
  issue(name: string, alternatives?: string): Promise<Certificate>
}

const openssl = async (...args: readonly string[]): Promise<void> => {
  try {
    await run('openssl', args)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new Error('Tests of TLS make their certificates with the openssl command: install OpenSSL.', { cause: error })
  }
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

/** A certificate authority that nobody trusts, with its files in this folder. */
export const makeAuthority = async (folder: string, name = 'authority'): Promise<Authority> => {
  const file = (end: string) => join(folder, `${name}${end}`)
  const own = ['-subj', `/CN=Penstock test ${name}`, '-days', '2']
  await openssl('req', '-x509', ...newKey, '-keyout', file('.key'), '-out', file('.pem'), ...own)
  return {
    caFile: file('.pem'),
    async issue(whom, alternatives = 'IP:127.0.0.1,DNS:localhost') {
      const [certFile, keyFile] = [file(`-${whom}.pem`), file(`-${whom}.key`)]
      const [request, extensions] = [file(`-${whom}.csr`), file(`-${whom}.ext`)]
      writeFileSync(extensions, `subjectAltName=${alternatives}\n`)
      await openssl('req', ...newKey, '-keyout', keyFile, '-out', request, '-subj', `/CN=${whom}`)
      await openssl(
        ...['x509', '-req', '-in', request, '-CA', file('.pem'), '-CAkey', file('.key'), '-CAcreateserial'],
        ...['-days', '2', '-sha256', '-extfile', extensions, '-out', certFile],
      )
      return { certFile, keyFile }
    },
  }
}

/** The text of each of its files, as options of TLS have them. */
export const pemTexts = ({ certFile, keyFile }: Certificate) => ({
  cert: readFileSync(certFile, 'utf8'),
  key: readFileSync(keyFile, 'utf8'),
})
