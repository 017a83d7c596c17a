import {basename, dirname} from 'node:path'
import {type House, type HouseFile, roomOf, targetOf} from './house.js'
import type {Rule} from './rules.js'

/** Test folders that look at the whole tool instead of one room. */
const WHOLE_TOOL = ['e2e', 'interop', 'examples', 'model', 'fuzz', 'bench', 'tidy']

/** Tests at the top of test/ whose subject is not code: test/<name>.test.ts. */
const TOP_TESTS = ['tidy', 'readme']

const BEHAVIOUR = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression', 'ClassDeclaration'])

/** Types and rows of facts are tested where they are used; code that does something needs a test of its own. */
function doesSomething(file: HouseFile): boolean {
  return file.nodes.some((node) => BEHAVIOUR.has(node.type))
}

/** test/a/b.test.ts and test/a/b.<word>.test.ts -> a/b; undefined for anything that is not a test. */
function subjectOf(path: string): string | undefined {
  return /^test\/(.+?)(\.[a-z0-9-]+)?\.test\.ts$/.exec(path)?.[1]
}

/** The subjects whose test may stand for src/<folders>/<name>.ts: itself, or a folder above it by its own name or `index`. */
function mirrorsOf(path: string): string[] {
  const own = path.replace(/^src\/|\.ts$/g, '')
  const mirrors = [own]
  for (let folder = dirname(own); folder !== '.'; folder = dirname(folder)) {
    mirrors.push(`${folder}/${basename(folder)}`, `${folder}/index`)
  }
  if (roomOf(path) === 'commands') mirrors.push(own.replace(/^commands\//, 'e2e/'))
  return [...new Set(mirrors)]
}

/** Tests of the whole tool run it from outside; every other test has to import the room it stands for. */
function testsTheRoom(test: HouseFile, room: string): boolean {
  if (test.path.startsWith('test/e2e/') || room === 'commands') return true
  return test.imports.some(({specifier}) => targetOf(test, specifier)?.startsWith(`src/${room}/`))
}

function untested(house: House): string[] {
  const tests = house.files.filter((file) => subjectOf(file.path) !== undefined)
  return house.files
    .filter((file) => file.path.startsWith('src/') && file.path.endsWith('.ts') && doesSomething(file))
    .filter((file) => {
      const mirrors = mirrorsOf(file.path)
      return !tests.some(
        (test) => mirrors.includes(subjectOf(test.path) ?? '') && testsTheRoom(test, roomOf(file.path) ?? ''),
      )
    })
    .map((file) => `${file.path}: no test mirrors it (${mirrorsOf(file.path).join(', ')})`)
}

function orphans(house: House): string[] {
  const paths = new Set(house.files.map((file) => file.path))
  const folders = new Set([...paths].map((path) => dirname(path)))
  return house.files.flatMap((file) => {
    const subject = subjectOf(file.path)
    if (subject === undefined || WHOLE_TOOL.includes(subject.split('/')[0] ?? '')) return []
    const folder = dirname(subject)
    const standsForFolder = [basename(folder), 'index'].includes(basename(subject)) && folders.has(`src/${folder}`)
    const standsForFile = [`src/${subject}.ts`, `test/${subject}.ts`, `bin/${subject}.js`].some((path) =>
      paths.has(path),
    )
    if (standsForFolder || standsForFile || (folder === '.' && TOP_TESTS.includes(subject))) return []
    return [`${file.path}: there is no src/${subject}.ts`]
  })
}

/** What may lie at the top; dotfiles may too. */
const TOP_LEVEL = [
  'src',
  'bin',
  'test',
  'examples',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.check.json',
  'oclif.manifest.json',
  'knip.json',
  'vitest.config.js',
  'README.md',
  'CHANGELOG.md',
  'LICENSE',
]

function strangersAtTheTop(house: House): string[] {
  return house.topLevel.filter((name) => !name.startsWith('.') && !TOP_LEVEL.includes(name))
}

const LINES_MAX = 500

function tooLong(house: House): string[] {
  return house.files.flatMap((file) => {
    const lines = file.text.trimEnd().split('\n').length
    return /\.(ts|js)$/.test(file.path) && lines >= LINES_MAX ? [`${file.path}: ${lines} lines`] : []
  })
}

const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*$/
const VAGUE = ['utils', 'util', 'helpers', 'helper', 'common', 'lib', 'misc', 'shared', 'manager']

function badNames(house: House): string[] {
  return house.files.flatMap(({path}) => {
    const steps = path.split('/')
    return steps.flatMap((step, depth) => {
      const last = depth === steps.length - 1
      if (last && /^(README|CHANGELOG)\.md$/.test(step)) return []
      const parts = last ? step.split('.').slice(0, -1) : [step]
      if (!parts.every((part) => KEBAB.test(part))) return [`${path}: ${step} is not kebab-case`]
      return VAGUE.includes(parts[0] ?? '') ? [`${path}: ${step} says nothing about what it holds`] : []
    })
  })
}

function somethingToSee(house: House): string[] {
  return ['src', 'test', 'bin'].flatMap((folder) =>
    house.files.some((file) => file.path.startsWith(`${folder}/`) && file.nodes.length > 0)
      ? []
      : [`no code was seen in ${folder}`],
  )
}

/** Where things lie and what they are called. */
export const TREE_RULES = {
  'the rules see code in every folder they lint': somethingToSee,
  'every source file has a test that mirrors it': untested,
  'every test mirrors a source file': orphans,
  'nothing strange lies at the top': strangersAtTheTop,
  'no file is too long to read': tooLong,
  'names are kebab-case and say what they name': badNames,
} as const satisfies Record<string, Rule>
