/**
 * Bundles the command line into dist: each command is one file that holds all it uses, so that it starts without looking for hundreds
 * of modules. koffi (native) and the plugins stay in node_modules.
 */
import {build} from 'esbuild'
import {readdirSync} from 'node:fs'
import path from 'node:path'
import {fileURLToPath} from 'node:url'

const src = fileURLToPath(new URL('../src/', import.meta.url))

/**
 * What oclif finds plugins by patterns and commands without a manifest with: a tenth of what a start has to read. The patterns in
 * package.json are plain names, and the manifest is in the package.
 */
const STAND_INS = {minimatch: './stand-in/minimatch.js', tinyglobby: './stand-in/tinyglobby.js'}

const COMMON = {
  bundle: true,
  platform: 'node',
  mainFields: ['module', 'main'],
  target: 'node20',
  sourcemap: true,
  sourcesContent: false,
  alias: Object.fromEntries(
    Object.entries(STAND_INS).map(([name, file]) => [name, fileURLToPath(new URL(file, import.meta.url))]),
  ),
  // What oclif tries to load and does without, and what cannot be bundled.
  external: ['koffi', 'typescript', 'ts-node', 'pnpapi'],
  logLevel: 'warning',
}

/** An ES module. These names are what CommonJS packages in it expect. */
const MODULE = {
  ...COMMON,
  format: 'esm',
  banner: {
    js: `import {createRequire as bundleRequire} from 'node:module'
import {fileURLToPath as bundlePath} from 'node:url'
const require = bundleRequire(import.meta.url)
const __filename = bundlePath(import.meta.url)
const __dirname = bundlePath(new URL('.', import.meta.url))`,
  },
}

/** A script that V8 takes as compiled code (load.js). It cannot import(): it requires. */
const SCRIPT = {...COMMON, format: 'cjs', outExtension: {'.js': '.cjs'}, supported: {'dynamic-import': false}}

/**
 * Writes ES modules, paths in src, to `outdir` under their own paths: scripts of threads (src/base/script.ts looks for them there),
 * and what needs to import.
 */
export async function bundleModules(files, outdir) {
  await build({...MODULE, entryPoints: files.map((file) => path.join(src, file)), outbase: src, outdir})
}

/**
 * Writes scripts to `outdir`.
 *
 * @param modules the text of an ES module by the name of its script, without ending; it imports from ./ as if it lay in src
 */
export async function bundleScripts(modules, outdir) {
  const names = Object.keys(modules)
  const depthOf = (name) => name.split('/').length - 1
  await Promise.all(
    [...new Set(names.map(depthOf))].map((depth) => {
      // A module believes that it lies a folder below the top, as the rooms do.
      const room = `${'../'.repeat(depth)}room/module`
      return build({
        ...SCRIPT,
        entryPoints: names.filter((name) => depthOf(name) === depth).map((name) => ({in: `text:${name}`, out: name})),
        outdir,
        define: {'import.meta.url': 'bundleUrl'},
        banner: {
          js: `const bundleUrl = require('node:url').pathToFileURL(require('node:path').join(__dirname, '${room}')).href`,
        },
        plugins: [texts(modules)],
      })
    }),
  )
}

/** Finds the modules whose text is given. */
function texts(modules) {
  return {
    name: 'texts',
    setup({onResolve, onLoad}) {
      onResolve({filter: /^text:/}, ({path: name}) => ({path: name.slice('text:'.length), namespace: 'text'}))
      onLoad({filter: /./, namespace: 'text'}, ({path: name}) => ({contents: modules[name], resolveDir: src}))
    },
  }
}

/** What a script of a command exports: the command, and how it is started. */
function commandModule(name) {
  return `export {startCommand} from './cli/start-command.js'\nexport {default} from './${name}.js'`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = readdirSync(src, {recursive: true}).map((file) => file.split(path.sep).join('/'))
  const commands = files.filter((file) => /^commands\/.*\.ts$/.test(file)).map((file) => file.replace(/\.ts$/, ''))
  const modules = files.filter((file) => /-worker\.ts$|^cli\/(start|command-not-found)\.ts$/.test(file))
  const outdir = fileURLToPath(new URL('../dist', import.meta.url))
  const scripts = Object.fromEntries(commands.map((name) => [name, commandModule(name)]))
  await Promise.all([bundleModules(modules, outdir), bundleScripts(scripts, outdir)])
}
