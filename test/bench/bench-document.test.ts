import {describe, expect, it} from 'vitest'

import {benchDocument} from '../../src/bench/bench-document.js'
import type {BenchResult} from '../../src/bench/result.js'
import {FORMAT_NAMES} from '../../src/report/index.js'
import {rendered} from '../report/sample.js'
import {cellOf, diskWorkOf, MS, requestsOf, resultOf, roundOf, writesOf, writingRounds} from './bench-sample.js'

const text = (result: BenchResult, verdict = false, width = 100): Promise<string> =>
  rendered(benchDocument(result, {verdict, version: 'flushpoint-0.0.0'}), 'table', {width})

const TWO = resultOf([
  cellOf('writethrough', writingRounds(100, 101, 99)),
  cellOf('none', writingRounds(200, 202, 198)),
  cellOf('writeback', writingRounds(100, 50, 150)),
])

describe('a bench for people', () => {
  it('has a row for each cell: IOPS with its interval, ratio to the first, MiB/s', async () => {
    const lines = (await text(TWO)).split('\n')
    const row = (name: string) => lines.find((line) => line.startsWith(`${name} `))?.split(/ {2,}/)
    expect(lines.find((line) => line.startsWith('cell '))?.split(/ {2,}/)).toEqual([
      'cell',
      'IOPS',
      '±',
      'CV',
      'x first',
      'MiB/s',
      'user',
      'system',
    ])
    // ±: 4.303 (Student t, 2 degrees of freedom) times 1 over the root of 3 is 2.48 of 100.
    expect(row('writethrough')).toEqual(['writethrough', '100', '2.5 %', '1 %', '1', '0.391', '0 %', '0 %'])
    expect(row('none')).toEqual(['none', '200', '2.5 %', '1 %', '2', '0.781', '0 %', '0 %'])
  })

  it('has latencies for reads, writes and flushes apart, far out into the tail', async () => {
    const write = writesOf(9998, 10_000)
    write.latency.record(5 * MS)
    write.latency.record(80 * MS)
    const result = resultOf([cellOf('none', [roundOf({write, flush: requestsOf(7, MS), read: requestsOf(3, 2000)})])])
    const shown = (await text(result)).replaceAll(/ {2,}/g, ' | ')
    expect(shown).toContain('cell | request | count | min | mean | median | max\n')
    expect(shown).toContain('none | read | 3 | 2 us | 2 us | 2 us | 2 us\n')
    expect(shown).toContain('none | write | 10000 | 10 us | 18.5 us | 10 us | 80 ms\n')
    expect(shown).toContain('none | flush | 7 | 1 ms | 1 ms | 1 ms | 1 ms\n')
    expect(shown).toContain('cell | request | p90 | p99 | p99.9 | p99.99\n')
    expect(shown).toMatch(/none \| write \| 10 us \| 10 us \| 10 us \| (4\.99|5|5\.0[12]) ms\n/)
  })

  it('has flushes wanted and sent, and what the device counted, where there is something to tell', async () => {
    const round = roundOf({
      write: writesOf(10, MS),
      flushesWanted: 5,
      flushesSent: 4,
      device: diskWorkOf(12, 3),
    })
    const shown = (await text(resultOf([cellOf('none', [round])]))).replaceAll(/ {2,}/g, ' | ')
    expect(shown).toContain('cell | flushes wanted | sent | device flushes | device writes\n')
    expect(shown).toContain('none | 5 | 4 | 3 | 12\n')
    expect(await text(TWO)).not.toContain('flushes wanted')
  })

  it('names the backend, and which cells have which where they differ', async () => {
    const cells = ['writeback', 'none', 'directsync'].map((mode, i) =>
      cellOf(mode, [roundOf()], {}, {backend: `b${i % 2}`}),
    )
    expect(await text(resultOf(cells.slice(0, 1)))).toMatch(/^backend: {2}b0$/m)
    expect(await text(resultOf(cells))).toMatch(/^backend: {2}writeback; directsync: b0\n +none: b1$/m)
  })

  it('draws IOPS with their intervals, and distributions of latency without what nobody took', async () => {
    const write = requestsOf(300, 10_000)
    for (let i = 0; i < 100; i++) write.latency.record(10 * MS)
    const spread = await text(resultOf([cellOf('none', [roundOf({write, flush: requestsOf(5, MS)})])]))
    expect(spread).toMatch(
      /^Latency of writes, none\nbelow 16\.4 us {2}█{60} {2}75 %\n\.\.\.\nbelow 16\.8 ms {2}█{20} +25 %\n\n/m,
    )
    expect(spread).not.toContain('Latency of flushes')
    const shown = await text(TWO)
    expect(shown).toMatch(/^none +█+▓*░* +200$/m)
    expect(shown).toContain('Shaded: where it may be as well, with 95 % confidence.')
  })

  it('warns of a difference within the noise, and calls all of them only with a verdict', async () => {
    const plain = await text(TWO, false, 200)
    expect(plain).toContain('Compared\n- writeback against writethrough: within the noise: ')
    expect(plain).not.toContain('more IOPS')
    const verdict = await text(TWO, true, 200)
    expect(verdict).toContain('Verdict\n- none against writethrough: more IOPS, 2 times (2 to 2).\n- writeback against')
  })

  it('says after one round that nothing is known of noise', async () => {
    const shown = await text(
      resultOf([cellOf('none', writingRounds(10)), cellOf('writeback', writingRounds(90))]),
      true,
    )
    expect(shown).toContain('rounds:   1; one round tells nothing of the next')
    expect(shown.replaceAll(/\s+/g, ' ')).toContain('no difference can be called after one round')
    expect(shown).not.toContain('±')
  })

  it('of a simulated disk has exact figures', async () => {
    const result = resultOf([cellOf('none', writingRounds(10)), cellOf('writeback', writingRounds(90))], {
      simulated: true,
    })
    const shown = await text(result, true)
    expect(shown).toContain('simulated: the same figures every time')
    expect(shown).toContain('writeback against none: more IOPS, 9 times.')
    expect(shown).not.toContain('Shaded')
  })

  it('says first of all that it was cut short, and what is not to be trusted', async () => {
    const rounds = [...writingRounds(10), roundOf({round: 1, cutBy: 'signal', write: writesOf(1, MS)})]
    const failed = roundOf({write: {...writesOf(3, MS), errors: 2}, cutBy: 'error'})
    const result = resultOf([cellOf('none', rounds), cellOf('writeback', [failed]), cellOf('directsync', [])], {
      complete: false,
      rounds: 2,
      notes: ['the image disappeared'],
    })
    const shown = (await text(result, false, 300)).split('\n')
    expect(shown[0]).toBe('Bench of disk.img, cut short')
    expect(shown[3]).toBe(
      '✗ not ok: The bench was cut short: 1 of 6 runs ended in time. What follows is what was measured until then.',
    )
    expect(shown).toContain('- the image disappeared')
    expect(shown).toContain('- none: 1 of 2 rounds cut short and left out')
    expect(shown).toContain('- writeback: its figures are of rounds that were cut short')
    expect(shown).toContain('- writeback: 2 requests failed')
    expect(shown).toContain('- directsync: was not measured')
  })

  it('notes more syncs than flushes wanted', async () => {
    const round = roundOf({write: writesOf(3, MS), flushesWanted: 1, flushesSent: 16})
    expect(await text(resultOf([cellOf('none', [round])]))).toContain('- none: 16 syncs were sent for 1 flushes wanted')
  })
})

describe('a bench for scripts', () => {
  it('has in csv a row for each sort of request in each cell, with plain numbers', async () => {
    const round = roundOf({
      write: writesOf(1000, 1_000_000),
      flush: requestsOf(4, 2_000_000),
      flushesWanted: 4,
      flushesSent: 4,
      cpu: {userNs: 500 * MS, systemNs: 250 * MS},
    })
    const csv = await rendered(
      benchDocument(resultOf([cellOf('none', [round])]), {verdict: false, version: 'flushpoint-0.0.0'}),
      'csv',
    )
    expect(csv.split('\n')).toEqual([
      'cell,mode,aio,rounds,runtimeNs,request,requests,bytes,errors,requestsPerSecond,requestsPerSecondLow,requestsPerSecondHigh,variation,minNs,meanNs,p50Ns,p90Ns,p99Ns,p99_9Ns,p99_99Ns,maxNs,cpuUser,cpuSystem,flushesWanted,flushesSent,deviceWrites,deviceFlushes,cut,roundsLeftOut',
      `none,none,threads,1,1000000000,write,1000,4096000,0,1000,,,,${'1000000,'.repeat(8)}0.5,0.25,4,4,,,0,0`,
      `none,none,threads,1,1000000000,flush,4,0,0,4,,,,${'2000000,'.repeat(8)}0.5,0.25,4,4,,,0,0`,
      '',
    ])
  })

  it('has in ndjson a record for each cell and each of its rounds', async () => {
    const lines = (await rendered(benchDocument(TWO, {verdict: false, version: 'x'}), 'ndjson')).trimEnd().split('\n')
    const records = lines.map(
      (line) => JSON.parse(line) as {record: string; name?: string; cell?: string; round?: number},
    )
    expect(records.map(({record}) => record).join(' ')).toBe(Array(3).fill('cell round round round').join(' '))
    expect(records[1]).toMatchObject({record: 'round', cell: 'writethrough', round: 0, write: {requests: 100}})
  })

  it.each(FORMAT_NAMES)('can be printed as %s without a cell or a round', async (format) => {
    for (const cells of [[], [cellOf('none', [])]]) {
      const printed = await rendered(benchDocument(resultOf(cells), {verdict: true, version: 'x'}), format)
      expect(printed).not.toMatch(/NaN|undefined|Infinity/)
    }
  })
})
