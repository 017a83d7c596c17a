import {describe, expect, it} from 'vitest'
import {diskModelOf} from '../../src/aio/index.js'
import {runBeside, type GuestBatch} from '../../src/run/index.js'
import {runJson} from '../../src/run/json.js'
import {runOptions, statementsOf} from './batch-run.js'

function guest(sourceName: string, ...lines: readonly string[]): GuestBatch {
  return {sourceName, statements: statementsOf(lines), fileBytes: () => undefined}
}

const FLUSHING = guest('flushing.fp', 'REPEAT 8', 'OUT ${i}*4k 4k pattern=0xaa', 'FLUSH', 'END')
const WRITING = guest('writing.fp', 'REPEAT 16', 'OUT ${i}*64k 4k pattern=0xbb', 'END', 'IN 0 4k verify=0xbb')

async function pairOf(
  a: GuestBatch,
  b: GuestBatch,
  signal = new AbortController().signal,
): ReturnType<typeof runBeside> {
  const {
    statements: _statements,
    fileBytes: _fileBytes,
    ...options
  } = runOptions(['FLUSH'], {mode: 'none', signal, depth: 2})
  return runBeside([a, b], {...options, diskModel: diskModelOf('ssd')})
}

describe('two guests on one drive', () => {
  it('each run alone first, and then beside each other', async () => {
    const pairs = await pairOf(FLUSHING, WRITING)
    expect(pairs?.map(({sourceName}) => sourceName)).toEqual(['flushing.fp', 'writing.fp'])
    for (const {alone, beside} of pairs ?? []) {
      expect(beside.counts).toEqual(alone.counts)
      expect(beside.atRisk).toEqual(alone.atRisk)
      expect(beside.aio.syncs).toBe(alone.aio.syncs)
    }
  })

  it('share the drive: each is slower than alone', async () => {
    const pairs = await pairOf(FLUSHING, FLUSHING)
    for (const {alone, beside} of pairs ?? []) expect(beside.aio.elapsedNs).toBeGreaterThan(alone.aio.elapsedNs)
  })

  it('have an image each: neither reads what the other wrote', async () => {
    const pairs = await pairOf(FLUSHING, WRITING)
    expect(pairs?.[1].beside.counts).toMatchObject({verifyFailed: 0, ran: 17})
  })

  it('take as long as they did the last time', async () => {
    const told = async (): Promise<unknown> =>
      (await pairOf(FLUSHING, WRITING))?.map(({alone, beside}) => [runJson(alone), runJson(beside)])
    expect(await told()).toEqual(await told())
  })

  it('are nothing to compare when a signal cut one short', async () => {
    expect(await pairOf(FLUSHING, WRITING, AbortSignal.abort('SIGINT'))).toBeUndefined()
  })
})
