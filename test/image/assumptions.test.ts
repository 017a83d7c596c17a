import {describe, expect, it} from 'vitest'
import {assumptionsOf, type Evidence} from '../../src/image/assumptions.js'
import type {SyncProbe} from '../../src/image/sync-probe.js'
import type {SyncVerdict} from '../../src/image/sync-verdict.js'
import {evidence, layer, mounted} from './evidence.js'

/** The answers, in order: barriers, layers pass flushes, disks are told, disks obey, overwrites in place. */
const answers = (more: Partial<Evidence>) => assumptionsOf(evidence(more)).map(({holds}) => holds)
const [BARRIERS, PASSING, TELLING, OBEYING, OVERWRITING] = [0, 1, 2, 3, 4]
const judged = (which: number, more: Partial<Evidence>) => assumptionsOf(evidence(more))[which]

function probed(flushes: number | undefined, reaches: SyncVerdict['reaches'] = 'plausible'): SyncProbe {
  return {
    folder: '/data',
    writeBytes: 4096,
    samples: 100,
    minNs: 1,
    medianNs: 1,
    p90Ns: 1,
    flushCounts: flushes === undefined ? [] : [{name: 'sda', flushes}],
    verdict: {reaches, text: 'Some figures.', certainty: 'So sure.'},
  }
}

const onLoop = (type: string, ...options: string[]) => [
  layer('loop0', {
    kind: 'loop',
    medium: undefined,
    backing: {path: '/loop.img', fileSystem: mounted(type, ...options)},
    below: ['sda'],
  }),
  layer('sda'),
]

describe('the assumptions about a plain host', () => {
  it('all hold but that a disk keeps its word, which only a power cut shows', () => {
    expect(answers({})).toEqual([true, true, true, 'unknown', true])
  })

  it('on memory none holds', () => {
    const memory = {fileSystem: mounted('tmpfs'), layers: [], inPlace: {answer: false, why: 'It is memory.'}}
    expect(answers(memory)).toEqual([false, false, false, false, false])
  })

  it('behind a server nothing is known', () => {
    const inPlace = {answer: 'unknown', why: 'It cannot be told.'} as const
    expect(answers({fileSystem: mounted('nfs4'), layers: [], inPlace})).toEqual(Array(5).fill('unknown'))
  })

  it('each comes with its evidence', () => {
    for (const {text, why} of assumptionsOf(evidence())) {
      expect(text).toMatch(/^[A-Z].*\.$/)
      expect(why).toMatch(/^\S.*\.$/)
    }
  })
})

describe('barriers', () => {
  it('are off when any file system on the way has them off', () => {
    expect(judged(BARRIERS, {fileSystem: mounted('ext4', 'nobarrier')})?.holds).toBe(false)
    expect(judged(BARRIERS, {layers: onLoop('xfs', 'nobarrier')})?.holds).toBe(false)
    expect(judged(BARRIERS, {layers: onLoop('xfs')})?.holds).toBe(true)
  })

  it('are unknown when any file system on the way is', () => {
    expect(judged(BARRIERS, {layers: onLoop('nfs4')})?.holds).toBe('unknown')
    expect(judged(BARRIERS, {fileSystem: undefined})?.holds).toBe('unknown')
    const layers = [layer('loop0', {kind: 'loop', medium: undefined})]
    expect(judged(BARRIERS, {fileSystem: undefined, deviceNode: true, layers})?.holds).toBe('unknown')
  })

  it('are not needed for a device node, whose sync flushes', () => {
    expect(judged(BARRIERS, {fileSystem: undefined, deviceNode: true})?.holds).toBe(true)
  })
})

describe('a layer', () => {
  const stack = (upper: 'write back' | 'write through' | undefined, lower: 'write back' | 'write through') => ({
    layers: [
      layer('dm-0', {kind: 'dm', medium: undefined, writeCache: upper, below: ['md0']}),
      layer('md0', {kind: 'md', medium: undefined, writeCache: 'write back', below: ['sda']}),
      layer('sda', {writeCache: lower}),
    ],
  })

  it('that the kernel takes for write through keeps flushes from a volatile cache below', () => {
    expect(judged(PASSING, stack('write through', 'write back'))).toMatchObject({
      holds: false,
      why: expect.stringMatching(/dm-0 says write through.*md0 below/),
    })
  })

  it('of which nothing is known may keep them', () => {
    expect(judged(PASSING, stack(undefined, 'write back'))?.holds).toBe('unknown')
    expect(judged(PASSING, stack('write back', 'write back'))?.holds).toBe(true)
  })

  it('is refuted by a disk that counted no flush while syncs were made', () => {
    expect(judged(PASSING, {syncProbe: probed(0)})?.holds).toBe(false)
  })

  it('is borne out by as many flushes as syncs; fewer may be those of others', () => {
    expect(judged(PASSING, {syncProbe: probed(100)})).toMatchObject({
      holds: true,
      why: expect.stringContaining('Flushes counted during 100 syncs: 100 at sda.'),
    })
    expect(judged(PASSING, {syncProbe: probed(3)})?.holds).toBe('unknown')
  })

  it('is not judged by a disk that does not count, or that needs no flush', () => {
    expect(judged(PASSING, {syncProbe: probed(undefined)})?.holds).toBe(true)
    const layers = [layer('sda', {writeCache: 'write through'})]
    expect(judged(PASSING, {layers, syncProbe: probed(0)})?.holds).toBe(true)
  })
})

describe('a disk', () => {
  it('that is write through by its own word needs no flush', () => {
    const own = layer('sda', {writeCache: 'write through', ownCache: 'write through'})
    expect(judged(TELLING, {layers: [own]})?.holds).toBe(true)
    expect(judged(TELLING, {layers: [layer('nvme0n1', {writeCache: 'write through'})]})?.holds).toBe(true)
  })

  // Writing "write through" to queue/write_cache stops the kernel from flushing and does not change the disk.
  it('that says write back itself is not flushed when its queue was set to write through', () => {
    const layers = [layer('sda', {writeCache: 'write through', ownCache: 'write back'})]
    expect(judged(TELLING, {layers})).toMatchObject({
      holds: false,
      why: expect.stringContaining('/sys/block/sda/queue/write_cache'),
    })
  })

  it('that is write through and has FUA is suspected of the same', () => {
    const layers = [layer('nvme0n1', {writeCache: 'write through', fua: true})]
    expect(judged(TELLING, {layers})?.holds).toBe('unknown')
  })

  it('is judged with the worst of its fellows', () => {
    const liar = layer('sdb', {writeCache: 'write through', ownCache: 'write back'})
    const silent = layer('sdc', {writeCache: undefined})
    expect(judged(TELLING, {layers: [layer('sda'), silent]})?.holds).toBe('unknown')
    expect(judged(TELLING, {layers: [layer('sda'), silent, liar]})?.holds).toBe(false)
  })

  it.each([
    ['no', false],
    ['probably not', false],
    ['doubtful', 'unknown'],
    ['plausible', 'unknown'],
    ['unknown', 'unknown'],
  ] as const)('keeps its word, by a verdict of "%s": %s', (reaches, holds) => {
    expect(judged(OBEYING, {syncProbe: probed(100, reaches)})).toMatchObject({holds, why: 'Some figures. So sure.'})
  })
})

describe('an overwrite', () => {
  it('is in place when the file system says so and no layer below allocates on its own', () => {
    expect(judged(OVERWRITING, {inPlace: {answer: false, why: 'It has holes.'}})).toMatchObject({
      holds: false,
      why: 'It has holes.',
    })
    expect(judged(OVERWRITING, {layers: onLoop('xfs')})).toMatchObject({
      holds: 'unknown',
      why: expect.stringContaining('loop0 (loop) may allocate'),
    })
  })
})
