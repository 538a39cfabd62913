#!/usr/bin/env node
// The `penstock` command, on the Node that package.json pins, whatever the machine's own is: src/main.ts of a source tree,
// dist/src/main.js of the package. Plain JavaScript that old versions of Node understand.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const source = join(root, 'src', 'main.ts')
const main = existsSync(source) ? source : join(root, 'dist', 'src', 'main.js')

/** The pinned Node: its version, and its program or null when it is not there; null when nothing is installed. */
const pinned = () => {
  try {
    const manifest = createRequire(join(root, 'package.json')).resolve('node/package.json')
    const program = join(dirname(manifest), 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
    const version = `v${JSON.parse(readFileSync(manifest, 'utf8')).version}`
    return { version, program: existsSync(program) ? program : null }
  } catch (error) {
    if (error.code === 'MODULE_NOT_FOUND') return null
    throw error
  }
}

const runHere = async () => {
  process.argv[1] = main
  await import(pathToFileURL(main).href)
}

const runOn = program => {
  const child = spawn(program, [main, ...process.argv.slice(2)], { stdio: 'inherit' })
  const terminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => {
      // A terminal sends Ctrl-C to the child as well; two of them would mean "at once".
      if (signal !== 'SIGINT' || !terminal) child.kill(signal)
    })
  child.on('error', error => {
    console.error(`error: ${program} cannot be run (${error.message}). Run \`npm install\` in ${root}.`)
    process.exitCode = 1
  })
  child.on('exit', (code, signal) => {
    if (signal === null) {
      process.exitCode = code
      return
    }
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

const refuse = sentence => {
  console.error(`error: ${sentence}`)
  process.exitCode = 1
}
const major = version => version.split('.')[0]

const node = pinned()
if (node === null) refuse(`Penstock is not installed yet. Run \`npm install\` in ${root}, then try again.`)
else if (process.version === node.version) await runHere()
else if (node.program !== null) runOn(node.program)
else if (major(process.version) === major(node.version)) await runHere()
else
  refuse(
    `Penstock runs on Node ${node.version}, and this is ${process.version}. The package \`node\` brings it, but its ` +
      'install script has not run: allow it (`npm install-scripts approve node`, then `npm rebuild node`), or use that Node.',
  )
