import {expect, it} from 'vitest'

import {resolveBatch, parseBatch, type BatchRequest} from '../../src/batch/index.js'
import {cutStability, isCut, withCut} from '../../src/run/cut.js'

const requests: BatchRequest[] = resolveBatch(
  parseBatch('OUT 0 8k\nIN 0 8k\nOUT 16k 4k\nOUT 16k 4k', '-c'),
  '-c',
).flatMap((statement) => (statement.kind === 'request' ? [statement.request] : []))

it('what an image that was cut has lost is at risk in every failure, each byte once', () => {
  expect(withCut({bytes: 0, ranges: []}, requests, 4096)).toEqual({
    bytes: 8192,
    ranges: [
      {offsetBytes: 4096, lengthBytes: 4096, requests: [1]},
      {offsetBytes: 16384, lengthBytes: 4096, requests: [3]},
      {offsetBytes: 16384, lengthBytes: 4096, requests: [4]},
    ],
  })
})

it('an image that was not cut has lost nothing that way', () => {
  const risk = {bytes: 1, ranges: []}
  expect(withCut(risk, requests, undefined)).toBe(risk)
  expect(requests.map((request) => isCut(request, undefined))).toEqual([false, false, false, false])
})

it('only writes that end behind the cut are concerned', () => {
  expect(requests.map((request) => isCut(request, 8192))).toEqual([false, false, true, true])
  expect(cutStability(3, 8192).why).toContain('#3')
})
