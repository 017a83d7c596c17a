import {existsSync, readdirSync, readFileSync} from 'node:fs'
import {join, posix, relative} from 'node:path'
import {parseAst} from 'vitest/node'

/** One import, export-from, import() or import type of a source file. */
export interface ImportSite {
  readonly specifier: string
  readonly line: number
}

/** A node of the syntax tree, as far as the rules look at it. */
export interface SyntaxNode {
  readonly type: string
  readonly start: number
  readonly [property: string]: unknown
}

/** A file of the house: its path from the top with forward slashes, its text, and for code its syntax. */
export interface HouseFile {
  readonly path: string
  readonly text: string
  readonly nodes: readonly SyntaxNode[]
  readonly imports: readonly ImportSite[]
}

/** What the rules look at. */
export interface House {
  readonly files: readonly HouseFile[]
  /** Names at the top that are not ignored by git. */
  readonly topLevel: readonly string[]
}

/** Folders and single files the rules read. */
const LINTED = ['src', 'test', 'bin', 'examples', 'README.md', 'CHANGELOG.md', 'vitest.config.js']

/** The line of a position in a text, from 1. */
export function lineAt(text: string, position: number): number {
  return text.slice(0, position).split('\n').length
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}

function collect(value: unknown, into: SyntaxNode[]): void {
  if (Array.isArray(value)) {
    for (const element of value) collect(element, into)
  } else if (isNode(value)) {
    into.push(value)
    for (const child of Object.values(value)) collect(child, into)
  }
}

const IMPORTING = new Set([
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
  'TSImportType',
])

function importsOf(nodes: readonly SyntaxNode[], text: string): ImportSite[] {
  const sites: ImportSite[] = []
  for (const node of nodes) {
    if (!IMPORTING.has(node.type) || !isNode(node['source'])) continue
    const specifier = node['source']['value']
    if (typeof specifier === 'string') sites.push({specifier, line: lineAt(text, node.start)})
  }
  return sites
}

/** A file from its text; code is parsed. @throws where code does not parse */
export function houseFile(path: string, text: string): HouseFile {
  if (!/\.(ts|js)$/.test(path)) return {path, text, nodes: [], imports: []}
  const nodes: SyntaxNode[] = []
  collect(parseAst(text, {lang: 'ts', sourceType: 'module'}), nodes)
  return {path, text, nodes, imports: importsOf(nodes, text)}
}

function filesBelow(top: string, path: string): string[] {
  const full = join(top, path)
  if (!existsSync(full)) return []
  return readdirSync(full, {withFileTypes: true, recursive: true})
    .filter((entry) => entry.isFile())
    .map((entry) => relative(top, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
}

/** The patterns of .gitignore that this repository uses: names, with `*` for any characters. */
function ignoredBy(gitignore: string): (name: string) => boolean {
  const patterns = gitignore
    .split('\n')
    .map((line) => line.trim().replace(/^\/|\/$/g, ''))
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => new RegExp(`^${line.replaceAll('.', '\\.').replaceAll('*', '.*')}$`))
  return (name) => patterns.some((pattern) => pattern.test(name))
}

/** The house as it stands on disk. */
export function readHouse(top: string): House {
  const paths = LINTED.flatMap((entry) => (/\.\w+$/.test(entry) ? [entry] : filesBelow(top, entry)))
  const ignored = ignoredBy(readFileSync(join(top, '.gitignore'), 'utf8'))
  return {
    files: paths
      .filter((path) => existsSync(join(top, path)))
      .toSorted()
      .map((path) => houseFile(path, readFileSync(join(top, path), 'utf8'))),
    topLevel: readdirSync(top).filter((name) => !ignored(name)),
  }
}

/** The room of a path below src/, or undefined for anything else (and for files directly in src/). */
export function roomOf(path: string): string | undefined {
  return /^src\/([^/]+)\//.exec(path)?.[1]
}

/** Where a relative specifier points to, as a path from the top with its TypeScript extension; undefined for packages. */
export function targetOf(file: HouseFile, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined
  return posix.join(posix.dirname(file.path), specifier).replace(/\.js$/, '.ts')
}

/** The package a specifier names, without its subpath; undefined for relative paths and node modules. */
export function packageOf(specifier: string): string | undefined {
  if (specifier.startsWith('.') || specifier.startsWith('node:')) return undefined
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

/** The rooms that have a folder. */
export function roomsOf(house: House): ReadonlySet<string> {
  return new Set(house.files.map((file) => roomOf(file.path)).filter((name) => name !== undefined))
}
