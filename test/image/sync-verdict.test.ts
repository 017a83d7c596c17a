import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import type {Medium, WriteCache} from '../../src/image/host-layers.js'
import type {SyncGround} from '../../src/image/sync-ground.js'
import {judgeSync, type SyncVerdict} from '../../src/image/sync-verdict.js'

const SEED = 20090825

const figures = (medianUs: number) => ({
  samples: 100,
  minNs: (medianUs * 1000) / 2,
  medianNs: medianUs * 1000,
  p90Ns: medianUs * 2000,
})

function disks(...facts: readonly (readonly [Medium, WriteCache | undefined])[]): SyncGround {
  return {kind: 'disks', disks: facts.map(([medium, writeCache], i) => ({name: `sd${i}`, medium, writeCache}))}
}

const reaches = (medianUs: number, ground: SyncGround) => judgeSync(figures(medianUs), ground).reaches

describe('a sync quicker than any medium', () => {
  // Two trips to a device take 20 us on the quickest there was; the quickest flash takes 75 us to program.
  it.each([
    [5, 'probably not'],
    [19.9, 'probably not'],
    [20, 'doubtful'],
    [59.9, 'doubtful'],
    [60, 'plausible'],
    [800, 'plausible'],
  ] as const)('of flash with a volatile cache: %f us is %s', (medianUs, verdict) => {
    expect(reaches(medianUs, disks(['flash', 'write back']))).toBe(verdict)
    expect(reaches(medianUs, disks(['virtual', 'write back']))).toBe(verdict)
    expect(reaches(medianUs, disks(['unknown', undefined]))).toBe(verdict)
  })

  // A revolution at 15,000 rpm takes 4 ms.
  it.each([
    [150, 'probably not'],
    [999, 'probably not'],
    [1000, 'doubtful'],
    [1999, 'doubtful'],
    [2000, 'plausible'],
    [8300, 'plausible'],
  ] as const)('of a platter with a volatile cache: %f us is %s', (medianUs, verdict) => {
    expect(reaches(medianUs, disks(['rotating', 'write back']))).toBe(verdict)
  })

  it('a disk without a volatile cache may answer from one with a battery, but not quicker than it can be asked', () => {
    expect(reaches(15, disks(['flash', 'write through']))).toBe('plausible')
    expect(reaches(5, disks(['flash', 'write through']))).toBe('probably not')
    expect(reaches(100, disks(['rotating', 'write through']))).toBe('doubtful')
    expect(reaches(5, disks(['rotating', 'write through']))).toBe('probably not')
  })

  it('persistent memory may be as quick as memory', () => {
    expect(reaches(2, disks(['persistent memory', 'write back']))).toBe('unknown')
    expect(reaches(2, disks(['rotating', 'write back'], ['persistent memory', 'write back']))).toBe('unknown')
  })

  it('of several disks the quickest counts, since a sync may end there', () => {
    expect(reaches(100, disks(['rotating', 'write back'], ['flash', 'write back']))).toBe('plausible')
    expect(reaches(10, disks(['flash', 'write back'], ['flash', 'write through']))).toBe('plausible')
  })
})

describe('what is not a disk', () => {
  it('memory never is a stable medium, however slow', () => {
    const verdict = judgeSync(figures(10_000), {kind: 'memory', what: 'tmpfs'})
    expect(verdict.reaches).toBe('no')
    expect(verdict.text).toContain('tmpfs is memory')
    expect(verdict.certainty).toContain('certain')
  })

  it('what is out of sight cannot be judged, however quick', () => {
    expect(reaches(1, {kind: 'out of sight', why: 'it is on a server'})).toBe('unknown')
    expect(reaches(1, disks())).toBe('unknown')
  })
})

describe('a verdict', () => {
  it('names its figures and how sure one can be', () => {
    const {text, certainty} = judgeSync(figures(12), disks(['flash', 'write back']))
    expect(text).toMatch(/^This host probably does not reach stable media/)
    expect(text).toContain(
      'The median of 100 writes of 4 KiB with a sync is 12 us (quickest 6 us, nine of ten within 24 us)',
    )
    expect(certainty).toMatch(/not certain.*battery/)
  })

  it('that finds nothing wrong says that this is no proof, and more so of a virtual disk', () => {
    expect(judgeSync(figures(500), disks(['flash', 'write back'])).certainty).toContain('no proof')
    expect(judgeSync(figures(500), disks(['virtual', 'write back'])).certainty).toContain('the disk is virtual')
  })

  it('never gets worse when the syncs get slower', () => {
    const order: readonly SyncVerdict['reaches'][] = ['no', 'probably not', 'doubtful', 'plausible']
    const medium = fc.constantFrom<Medium>('rotating', 'flash', 'virtual', 'unknown')
    const cache = fc.constantFrom<WriteCache | undefined>('write back', 'write through', undefined)
    const ground = fc.array(fc.tuple(medium, cache), {minLength: 1, maxLength: 4}).map((facts) => disks(...facts))
    const us = fc.integer({min: 1, max: 20_000})
    fc.assert(
      fc.property(ground, us, us, (where, a, b) => {
        const quick = order.indexOf(reaches(Math.min(a, b), where))
        const slow = order.indexOf(reaches(Math.max(a, b), where))
        expect(quick).toBeGreaterThan(0)
        expect(slow).toBeGreaterThanOrEqual(quick)
      }),
      {seed: SEED},
    )
  })
})
