import {describe, expect, it} from 'vitest'
import type {RunResult} from '../../src/run/result.js'
import {verdictOf, type Verdict} from '../../src/run/verdict.js'
import {runLines, type Changes} from './batch-run.js'

async function verdict(lines: readonly string[], requireStable = false, changes: Changes = {}): Promise<Verdict> {
  return verdictOf(await runLines(lines, changes), requireStable)
}

async function altered(lines: readonly string[], changes: Partial<RunResult>, requireStable = false): Promise<Verdict> {
  return verdictOf({...(await runLines(lines)), ...changes}, requireStable)
}

const VOLATILE = ['OUT 0 4k', 'FLUSH', 'OUT 4k 4k']

describe('how a run ends', () => {
  it.each([
    ['well, though something is not stable', VOLATILE, false, undefined],
    ['with a verdict when that was required to be', VOLATILE, true, 'verdict'],
    ['well when everything required to be stable is', ['OUT 0 4k fua'], true, undefined],
    ['well when nothing was written', ['IN 0 4k'], true, undefined],
    ['with a verdict when the device refuses a request', ['OUT 0 100'], false, 'verdict'],
    ['well when the batch expected that', ['OUT 0 100 expect=IOERR'], true, undefined],
    ['with a verdict when what it expected did not come', ['OUT 0 512 fua expect=IOERR'], false, 'verdict'],
    ['with a verdict when a type is unknown', ['TYPE 99 0 0'], false, 'verdict'],
    ['with a verdict when a dependency failed', ['OUT 0 100 as=a expect=IOERR', 'FLUSH after=a'], false, 'verdict'],
    ['with a verdict when data differs', ['IN 0 512 verify=0x01'], false, 'verdict'],
    ['well when data is as expected', ['IN 0 512 verify=0x00'], false, undefined],
  ] as const)('%s', async (_how, lines, requireStable, kind) => {
    expect((await verdict(lines, requireStable)).kind).toBe(kind)
  })

  it('a volatile write that a stable one has overwritten keeps nobody from being content', async () => {
    const {kind, lines} = await verdict(['OUT 0 4k', 'OUT 0 4k fua'], true)
    expect(kind).toBeUndefined()
    expect(lines).toEqual([
      {
        ok: true,
        text: 'a power cut now loses nothing: every completed write is stable or overwritten by one that is',
      },
    ])
  })

  it('a host I/O error outweighs what the batch expected, and so does a failed closing sync', async () => {
    const {counts} = await runLines(['OUT 0 100'])
    expect((await altered(['OUT 0 100'], {counts: {...counts, hostErrors: 1}}, true)).kind).toBe('io')
    expect((await altered(['OUT 0 100'], {closingSync: 'failed', closingErrno: 5})).kind).toBe('io')
    expect((await altered(VOLATILE, {closingSync: 'done'})).kind).toBeUndefined()
  })

  it('a signal outweighs everything', async () => {
    const failed = {closingSync: 'failed', closingErrno: 5} as const
    expect((await altered(['OUT 0 100'], {...failed, interruptedBy: 'SIGINT'}, true)).kind).toBe('interrupted')
    expect((await altered(['OUT 0 100'], {...failed, interruptedBy: 'SIGTERM'}, true)).kind).toBe('terminated')
  })
})

describe('the sentences', () => {
  const sentences = ({lines}: Verdict): string[] => lines.map(({ok, text}) => `${ok ? '+' : '-'} ${text}`)

  it('say what a power cut loses, and who wrote it', async () => {
    expect(sentences(await verdict(VOLATILE))).toEqual(['- a power cut now may lose 4 KiB (written by #3)'])
    expect(sentences(await verdict(['OUT 0 4k', 'OUT 4k 4k', 'FLUSH']))).toEqual([
      '+ a power cut now loses nothing: all 2 completed writes are stable',
    ])
    expect(sentences(await verdict(['OUT 0 4k fua']))).toEqual([
      '+ a power cut now loses nothing: the completed write is stable',
    ])
    expect(sentences(await verdict(['IN 0 4k']))).toEqual(['+ a power cut now loses nothing: nothing was written'])
  })

  it('name the requests that ended otherwise than expected', async () => {
    const lines = ['TYPE 99 0 0', 'OUT 0 100 expect=IOERR', 'GET_ID', 'IN 0 100', 'GET_ID expect=UNSUPP']
    expect(sentences(await verdict(lines))[0]).toBe('- 3 of 5 requests did not end as the batch expects: #1, #4, #5')
  })

  it('name the reads that found other data', async () => {
    const lines = ['IN 0 512 verify=0x00', 'IN 0 512 verify=0x01', 'IN 0 512 verify=0x02']
    expect(sentences(await verdict(lines))[0]).toBe('- 2 reads found other data than verify= expects: #2, #3')
    expect(sentences(await verdict(lines.slice(0, 2)))[0]).toBe('- 1 read found other data than verify= expects: #2')
  })

  it('give the errno of a failed closing sync', async () => {
    expect(sentences(await altered(VOLATILE, {closingSync: 'failed', closingErrno: 5})).at(-1)).toBe(
      '- the sync before closing failed (EIO): what was not stable is lost or in doubt',
    )
  })

  it('end with what was stable when a signal came', async () => {
    const controller = new AbortController()
    const progress = (done: number): void => void (done === 3 && controller.abort('SIGINT'))
    const cut = await runLines([...VOLATILE, 'GET_ID', 'GET_ID'], {signal: controller.signal, progress})
    const last = 'cut short by SIGINT: 3 of 5 requests submitted, 2 never; stable: 1 of 2 completed writes'
    expect(sentences(verdictOf(cut, false)).at(-1)).toBe(`- ${last}`)
    expect(sentences(verdictOf({...cut, closingSync: 'done'}, false)).at(-1)).toBe(
      `- ${last}, and all of them since the sync before closing`,
    )
  })
})
