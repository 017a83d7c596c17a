import {readdirSync, readFileSync} from 'node:fs'
import {posix} from 'node:path'

/** Tests of the whole tool, which take long, and those of the server: each has a process of its own. */
const WHOLE_TOOL = /^(e2e|examples|fuzz|interop|model|serve)\/|^[^/]*$/

/** What a test does to its process that a test of another file might notice. */
const CHANGES_ITS_PROCESS =
  /\bvi\.(mock|doMock|resetModules|stub\w+|spyOn|useFakeTimers|setSystemTime)|\bprocess\.(env\[[^\]]*\] = |chdir|umask|exitCode = |kill|emit|on\()|\bdelete process\./

/** A helper of tests that is imported. */
const HELPER = / from '(\.[^']*)\.js'/g

/**
 * Whether a test file needs a process of its own. The tests of rooms that leave their process as it was share a few: starting one for
 * each file takes longer than they do.
 *
 * @param sources of tests and their helpers, by their paths from test/ on
 */
export function needsOwnProcess(path: string, sources: ReadonlyMap<string, string>): boolean {
  return WHOLE_TOOL.test(path) || changesItsProcess(path, sources, new Set())
}

function changesItsProcess(path: string, sources: ReadonlyMap<string, string>, seen: Set<string>): boolean {
  const source = seen.has(path) ? undefined : sources.get(path)
  if (source === undefined) return false
  if (CHANGES_ITS_PROCESS.test(source)) return true
  seen.add(path)
  const imported = [...source.matchAll(HELPER)].map(([, name]) => posix.join(posix.dirname(path), `${name}.ts`))
  return imported.some((helper) => changesItsProcess(helper, sources, seen))
}

/** The sources of all tests and their helpers. */
export function testSources(folder: string): ReadonlyMap<string, string> {
  const files = readdirSync(folder, {recursive: true, encoding: 'utf8'}).filter((file) => file.endsWith('.ts'))
  return new Map(files.map((file) => [file, readFileSync(`${folder}/${file}`, 'utf8')]))
}
