import {describe, expect, it} from 'vitest'
import {negotiate} from '../../src/negotiation/index.js'
import {question, type Asked} from './question.js'

function notes(asked: Asked): string {
  return negotiate(question(asked)).notes.join('\n')
}

describe('the notes of an agreement', () => {
  it('are empty where nothing is out of the ordinary', () => {
    for (const frontend of ['ide', 'scsi', 'virtio-blk']) {
      for (const mode of ['writethrough', 'directsync', 'writeback', 'none']) {
        expect(negotiate(question({frontend, mode})).notes).toEqual([])
      }
    }
  })

  it('are sentences', () => {
    const all = [
      negotiate(question({mode: 'unsafe', negotiate: []})),
      negotiate(question({era: '2009'})),
      negotiate(question({frontend: 'xen-blkback', era: '2009'})),
      negotiate(question({frontend: 'xen-blkback', mode: 'none'})),
      negotiate(question({features: ['RO']})),
      negotiate(question({era: 'plan', negotiate: []})),
    ].flatMap((agreement) => agreement.notes)
    expect(all.length).toBeGreaterThan(8)
    for (const note of all) expect(note).toMatch(/^[A-Za-z].*\.$/)
  })

  it('E7: under unsafe they say that flushes are ignored, behind every front end', () => {
    for (const frontend of ['ide', 'scsi', 'virtio-blk', 'xen-blkback']) {
      expect(notes({frontend, mode: 'unsafe'})).toContain('Under unsafe a flush is answered OK and ignored')
    }
  })

  it('say of Xen that its facts are of 2010', () => {
    expect(notes({frontend: 'xen-blkback', era: '2009'})).toContain('is of 2010, and not of 2009')
    expect(notes({frontend: 'xen-blkback'})).not.toContain('is of 2010')
  })

  it('E17: say of a WRITE_BARRIER that is answered with an error what the driver must not do', () => {
    expect(notes({frontend: 'xen-blkback'})).toMatch(/WRITE_BARRIER is answered with an error: .*without a flush/)
    expect(notes({frontend: 'xen-blkback', features: ['feature-barrier']})).not.toContain('answered with an error')
  })

  it('E18: say of FLUSH_DISKCACHE with segments that its own data may stay volatile', () => {
    expect(notes({frontend: 'xen-blkback'})).toMatch(/FLUSH_DISKCACHE with segments.*may stay volatile/)
  })

  it('say that a flush is an empty WRITE_BARRIER where there is nothing else', () => {
    expect(notes({frontend: 'xen-blkback', features: ['feature-barrier']})).toContain('empty WRITE_BARRIER')
  })

  it('say that a device that offers RO refuses writes', () => {
    expect(notes({features: ['RO', 'FLUSH'], negotiate: []})).toContain('every write is answered IOERR')
  })
})
