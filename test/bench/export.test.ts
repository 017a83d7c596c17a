import {existsSync, linkSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'

import {exportDocument, exportsOf, refuseExports} from '../../src/bench/export.js'
import {capability, itNeeds} from '../peers.js'
import {documentOf, tableOf} from '../report/sample.js'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flushpoint-export-'))
})

afterEach(() => {
  rmSync(folder, {recursive: true, force: true})
})

const DOCUMENT = documentOf([tableOf(['cell', '>IOPS'], [['none', '200']])], {title: 'Bench', json: {jobs: []}})

describe('exporting', () => {
  it('writes each file in the format of its extension, over what was there', async () => {
    const paths = ['a.json', 'b.csv', 'c.md', 'd.TXT'].map((name) => join(folder, name))
    writeFileSync(paths[0] as string, 'x'.repeat(9999))
    await exportDocument(DOCUMENT, exportsOf(paths))
    const [json, csv, markdown, text] = paths.map((path) => readFileSync(path, 'utf8'))
    expect(json).toBe('{\n  "jobs": []\n}\n')
    expect(csv).toBe('cell,IOPS\nnone,200\n')
    expect(markdown).toContain('| none | 200 |\n')
    expect(text).toContain('none   200\n')
  })

  it('refuses an extension that names no format, before anything is measured', () => {
    expect(() => exportsOf(['a.json', 'b.xml'])).toThrow('--export b.xml: the extension names no format')
    expect(() => exportsOf(['report'])).toThrow('--export report: ')
  })

  it('refuses a file that is named twice', () => {
    expect(() => exportsOf(['a.json', 'b.csv', 'a.json'])).toThrow('--export a.json is given twice')
  })

  it('refuses to write over what is measured or read, by whatever name', () => {
    const [image, link, hard] = ['disk.json', 'link.json', 'hard.json'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ]
    writeFileSync(image, 'an image')
    symlinkSync(image, link)
    linkSync(image, hard)
    for (const path of [image, link, hard, join(folder, '.', 'disk.json')]) {
      expect(() => refuseExports(exportsOf([path]), ['other', image])).toThrow(`this is ${image}, which would be`)
    }
    const made = join(folder, 'made.json')
    expect(() => refuseExports(exportsOf([made]), [made])).toThrow('would be overwritten')
    expect(() => refuseExports(exportsOf([made]), [image])).not.toThrow()
  })

  it('refuses a folder that is not there, before anything is measured', () => {
    expect(() => refuseExports(exportsOf([join(folder, 'no', 'a.json')]), [])).toThrow('there is no folder')
    expect(() => refuseExports([{path: folder, format: 'json'}], [])).toThrow('a folder')
  })

  it('tells which file cannot be opened, and why', async () => {
    const path = join(folder, 'missing', 'a.json')
    await expect(exportDocument(DOCUMENT, exportsOf([path]))).rejects.toMatchObject({
      kind: 'environment',
      code: 'E_EXPORT',
      message: `${path} cannot be opened for writing (ENOENT)`,
    })
  })

  it('passes on that a document has no table for csv', async () => {
    await expect(exportDocument(documentOf([]), exportsOf([join(folder, 'a.csv')]))).rejects.toMatchObject({
      code: 'E_NO_TABLE',
    })
  })

  itNeeds([capability(existsSync('/dev/full'), 'there is no /dev/full')], 'tells of a full disk', async () => {
    await expect(exportDocument(DOCUMENT, [{path: '/dev/full', format: 'json'}])).rejects.toMatchObject({
      kind: 'io',
      message: '/dev/full cannot be written (ENOSPC)',
    })
  })
})
