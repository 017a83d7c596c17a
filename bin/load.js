import {readFileSync} from 'node:fs'
import module from 'node:module'
import path from 'node:path'
import vm from 'node:vm'

/** Where the code of a bundle lies as this very Node compiled it, if the build was made with it. */
export function codeCacheOf(file) {
  return `${file}.${process.version}-${process.arch}.cache`
}

/**
 * What a bundle exports. Compiled code beside it spares V8 the work that is half of a start; V8 looks whether it is its own, and
 * without it the bundle is loaded as any other. A bundle of compiled code cannot `import()`: it has to be given the way.
 */
export function load(file) {
  const code = codeBeside(file)
  const script = code && scriptOf(file, code)
  if (script && !script.cachedDataRejected) return run(script, file)
  module.enableCompileCache?.() // Node >= 22.1
  return module.createRequire(file)(file)
}

function codeBeside(file) {
  try {
    return readFileSync(codeCacheOf(file))
  } catch {
    return undefined
  }
}

/** The script of a CommonJS module. The text is ASCII: one byte for each character is half of the work. */
export function scriptOf(file, cachedData) {
  const text = readFileSync(file, 'latin1')
  const source = `(function (exports, require, module, __filename, __dirname) {${text}\n})`
  return new vm.Script(source, {filename: file, cachedData})
}

/** Runs the script of a CommonJS module. @returns what it exports */
export function run(script, file) {
  const own = {exports: {}}
  script.runInThisContext()(own.exports, module.createRequire(file), own, file, path.dirname(file))
  return own.exports
}
