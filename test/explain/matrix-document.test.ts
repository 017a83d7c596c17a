import {describe, expect, it} from 'vitest'
import {matrixDocument, matrixOf} from '../../src/explain/index.js'
import {eraOf, frontendOf, type StepName} from '../../src/frontend/index.js'
import {FORMAT_NAMES, type Document} from '../../src/report/index.js'
import {jsonOf, rendered} from './rendered.js'

function documentOf(era: string, frontend?: string, steps: readonly StepName[] = []): Document {
  return matrixDocument(
    matrixOf({
      era: eraOf(era),
      steps,
      frontend: frontend === undefined ? undefined : frontendOf(frontend),
      mode: undefined,
    }),
  )
}

describe('the matrix for people', () => {
  it('of 2009 says safe or which kind of failure, with the reason in a footnote', async () => {
    const text = await rendered(documentOf('2009'))
    expect(text).toMatch(/^ide +safe \[\d+\] +unsafe \(stability\) \[\d+\] +unsafe \(stability\) \[\d+\]$/m)
    expect(text).toMatch(/^scsi +safe \[\d+\] +safe \[\d+\] +safe \[\d+\]$/m)
    expect(text).toMatch(/^virtio-blk +unsafe \(ordering\) \[\d+\]( +unsafe \(stability\) \[\d+\]){2}$/m)
    expect(new Set(text.match(/^\[\d+\]/gm))).toEqual(new Set(text.match(/\[\d+\]/g)))
    expect(text.replaceAll(/\s+/g, ' ')).toContain(
      'so even SCSI under none kept data only on drives without a volatile',
    )
  })

  it('with steps says what they are for and which cells they change', async () => {
    const text = await rendered(documentOf('2009', undefined, ['ide-wce', 'async-fsync']))
    expect(text).toMatch(/^ide-wce +QEMU .*safety$/m)
    expect(text).toMatch(/^async-fsync +QEMU .*cost$/m)
    expect(text).toContain('- ide under writeback: unsafe (stability) before, safe now\n')
    expect(text).not.toContain('- scsi')
  })

  it('says so when steps change no cell', async () => {
    expect(await rendered(documentOf('2009', undefined, ['async-fsync']))).toContain('What the steps change\nNo cell.')
  })

  it('of one front end comes with every fact, its year and its source', async () => {
    const text = await rendered(documentOf('today', 'scsi'))
    expect(text).toMatch(/^scsi, emulated SCSI disk: today$/m)
    expect(text).toMatch(/^FUA +yes .*2023/m)
    expect(text).toMatch(/^unsafe +unsafe \(stability\) +yes /m)
    expect((await rendered(documentOf('2009', 'ide'))).replaceAll(/\s+/g, ' ')).toMatch(/offers nothing .* 2009 "Notes/)
  })
})

describe('the matrix for scripts', () => {
  it('has the schema flushpoint/matrix@1: era, steps, and cells with their reasons and sources', async () => {
    const json = (await jsonOf(documentOf('2009', undefined, ['virtio-drain']))) as {cells: object[]}
    expect(json).toMatchObject({
      schema: 'flushpoint/matrix@1',
      era: '2009',
      steps: ['virtio-drain'],
      changed: [
        {
          frontend: 'virtio-blk',
          mode: 'writethrough',
          before: {safe: false, failure: 'ordering'},
          after: {safe: true, failure: 'none'},
        },
      ],
    })
    expect(json.cells).toHaveLength(9)
    for (const cell of json.cells) {
      expect(cell).toEqual({
        frontend: expect.stringMatching(/^(ide|scsi|virtio-blk)$/) as unknown,
        mode: expect.stringMatching(/^(writethrough|writeback|none)$/) as unknown,
        safe: expect.any(Boolean) as unknown,
        failure: expect.stringMatching(/^(none|stability|ordering)$/) as unknown,
        reason: expect.stringMatching(/^[A-Z].*\.$/) as unknown,
        source: expect.stringContaining('25 August 2009') as unknown,
        guestFlushes: expect.any(Boolean) as unknown,
      })
    }
  })

  it('has the facts of each front end it shows, under their names', async () => {
    const json = (await jsonOf(documentOf('today', 'virtio-blk'))) as {facts: object[]}
    expect(json.facts).toContainEqual(
      expect.objectContaining({frontend: 'virtio-blk', fact: 'features', value: ['FLUSH', 'CONFIG_WCE']}),
    )
    expect(json.facts).toContainEqual(expect.objectContaining({fact: 'fua', value: false}))
  })

  it('is one row a cell in csv', async () => {
    const lines = (await rendered(documentOf('2009'), 'csv')).trimEnd().split('\n')
    expect(lines).toHaveLength(10)
    expect(lines[0]).toBe('frontend,mode,safe,failure,reason,source')
    expect(lines[3]).toMatch(/^ide,none,false,stability,/)
  })

  it.each(FORMAT_NAMES)('can be printed as %s', async (format) => {
    expect(await rendered(documentOf('today'), format)).toContain('xen-blkback')
  })
})
