import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {beforeAll, describe, expect, it} from 'vitest'
import {type House, houseFile, readHouse, roomsOf} from './tidy/house.js'
import {faultsOf, IMPORT_TABLE, printImportTable} from './tidy/import-table.js'
import {PLANTED} from './tidy/planted.js'
import {type RuleName, RULES} from './tidy/rules.js'

const TOP = fileURLToPath(new URL('..', import.meta.url))
const NAMES = Object.keys(RULES) as RuleName[]

function houseOf(files: Record<string, string>, topLevel: readonly string[] = []): House {
  return {files: Object.entries(files).map(([path, text]) => houseFile(path, text)), topLevel}
}

describe('the house', () => {
  let house: House

  beforeAll(() => {
    house = readHouse(TOP)
  })

  it.each(NAMES)('%s', (name) => {
    expect(RULES[name](house)).toEqual([])
  })

  it('the map in src/README.md shows the import table that is enforced', () => {
    const map = readFileSync(join(TOP, 'src/README.md'), 'utf8')
    const shown = /<!-- import table -->\n\n([\s\S]*?)\n\n<!-- end of import table -->/.exec(map)?.[1]
    const enforced = printImportTable(IMPORT_TABLE, roomsOf(house))
    expect(shown, `The table to put between the markers:\n${enforced}`).toBe(enforced)
  })
})

describe('the import table', () => {
  it('lets a room import lower floors only, and keeps the two halves apart', () => {
    expect(faultsOf(IMPORT_TABLE)).toEqual([])
  })

  const row = {packages: [], holds: ''}
  it.each([
    ['a room on its own floor', {name: 'report', floor: 1, half: 'pure', mayImport: ['frontend'], ...row}],
    ['a room on a higher floor', {name: 'report', floor: 1, half: 'pure', mayImport: ['durability'], ...row}],
    ['a room that has no row', {name: 'report', floor: 1, half: 'pure', mayImport: ['attic'], ...row}],
    ['I/O from the pure half', {name: 'crash', floor: 9, half: 'pure', mayImport: ['aio'], ...row}],
    ['guarantees from the I/O half', {name: 'engine', floor: 9, half: 'io', mayImport: ['durability'], ...row}],
  ] as const)('is faulty when a row allows %s', (_what, faulty) => {
    const others = IMPORT_TABLE.filter(({name}) => name !== faulty.name).map((other) => ({...other, mayImport: []}))
    expect(faultsOf([...others, faulty])).toHaveLength(1)
  })

  it('prints only rooms that exist, also among what a room may import', () => {
    const printed = printImportTable(IMPORT_TABLE, new Set(['base', 'request']))
    expect(printed.split('\n')).toHaveLength(4)
    expect(printed).toContain('| `request` | pure | base ')
  })
})

describe('a rule that could not fail would guard nothing', () => {
  it.each(NAMES)('"%s" sees each failure planted for it', (name) => {
    const {broken, sound} = PLANTED[name]
    expect(broken.length).toBeGreaterThan(0)
    for (const {files, topLevel} of broken) {
      expect(RULES[name](houseOf(files, topLevel)), JSON.stringify(files)).toHaveLength(1)
    }
    for (const {files, topLevel} of sound) {
      expect(RULES[name](houseOf(files, topLevel)), JSON.stringify(files)).toEqual([])
    }
  })
})
