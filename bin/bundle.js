/**
 * Bundles the command line into dist. Each command is one file there, and a few chunks hold what they share: it starts without
 * looking for hundreds of modules. koffi (native) and the plugins stay in node_modules.
 *
 * bundle.js [OUTDIR ENTRY...]: other entries (paths in src) to another folder, for a test.
 */
import {build} from 'esbuild'
import {readdirSync} from 'node:fs'
import path from 'node:path'
import {fileURLToPath} from 'node:url'

const src = fileURLToPath(new URL('../src/', import.meta.url))

/** CommonJS packages expect these names; an ES module has to make them. */
const BANNER = `import {createRequire as bundleRequire} from 'node:module'
import {fileURLToPath as bundlePath} from 'node:url'
const require = bundleRequire(import.meta.url)
const __filename = bundlePath(import.meta.url)
const __dirname = bundlePath(new URL('.', import.meta.url))`

/**
 * What oclif finds plugins by patterns and commands without a manifest with: a tenth of what a start has to read. The patterns in
 * package.json are plain names, and the manifest is in the package.
 */
const STAND_INS = {minimatch: './stand-in/minimatch.js', tinyglobby: './stand-in/tinyglobby.js'}
const alias = Object.fromEntries(
  Object.entries(STAND_INS).map(([name, file]) => [name, fileURLToPath(new URL(file, import.meta.url))]),
)

/** What oclif tries to load and does without, and what cannot be bundled. */
const OUTSIDE = ['koffi', 'typescript', 'ts-node', 'pnpapi']

/** Files that something other than an import names: the start, commands, hooks, scripts of threads (`scriptUrl`). */
function entriesOf(folder) {
  const files = readdirSync(folder, {recursive: true}).map((file) => file.split(path.sep).join('/'))
  const isEntry = (file) => /^commands\/.*\.ts$|-worker\.ts$|^cli\/(start|command-not-found)\.ts$/.test(file)
  return files.filter(isEntry)
}

/**
 * Writes `entries` (paths in src) to `outdir` under their own paths. Chunks lie one folder deep, as the rooms of src do:
 * a path relative to a module of a room is the same from a chunk. The script of a thread shares nothing: alone it holds only what
 * it uses, and starts in half the time.
 */
export async function bundle(entries, outdir) {
  const isThread = (entry) => entry.endsWith('-worker.ts')
  const own = (threads) => entries.filter((entry) => isThread(entry) === threads)
  await Promise.all([buildEntries(own(false), outdir, true), buildEntries(own(true), outdir, false)])
}

function buildEntries(entries, outdir, splitting) {
  return build({
    entryPoints: entries.map((entry) => path.join(src, entry)),
    outbase: src,
    outdir,
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting,
    format: 'esm',
    platform: 'node',
    mainFields: ['module', 'main'],
    target: 'node20',
    sourcemap: true,
    alias,
    external: OUTSIDE,
    banner: {js: BANNER},
    logLevel: 'warning',
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [outdir = fileURLToPath(new URL('../dist', import.meta.url)), ...entries] = process.argv.slice(2)
  await bundle(entries.length > 0 ? entries : entriesOf(src), outdir)
}
