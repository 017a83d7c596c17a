import {spawnSync} from 'node:child_process'
import {writeFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, vi} from 'vitest'
import {openSource} from '../../src/archive/index.js'
import {cacheModeOf} from '../../src/cache-mode/index.js'
import {orderingModeOf} from '../../src/ordering/index.js'
import {requestName, exportLog, memorySource, readLog, type TraceReading} from '../../src/trace/index.js'
import {Scene} from '../image/scene.js'
import {peerIt} from '../peers.js'
import {TIMEOUT_MS} from '../e2e/cli.js'
import {IMAGE_BYTES, logOf} from './qemu-log.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

function imported(path: string): {readonly reading: TraceReading; readonly close: () => void} {
  const {source, close} = openSource(path)
  const assumptions = {sizeBytes: IMAGE_BYTES, mode: cacheModeOf('writeback'), ordering: orderingModeOf('drain')}
  return {reading: readLog(source, assumptions), close}
}

/** Requests in the order of the trace: "OUT 0+4096 170". */
function told({events}: TraceReading): string[] {
  return Array.from(events).flatMap((traced) => {
    const {event} = traced
    if (event.kind !== 'submit') return []
    const {data} = traced
    const range = event.lengthBytes > 0 ? ` ${event.offsetBytes}+${event.lengthBytes}` : ''
    const fill = data?.every((byte) => byte === data[0]) ? ` ${data[0]}` : ''
    return [`${requestName(event.type)}${range}${fill}`]
  })
}

/** QEMU flushes where it sees fit, also at its end; what counts is that a flush is there. */
function once(requests: readonly string[]): string[] {
  return requests.filter((request, i) => request !== 'FLUSH' || requests[i - 1] !== 'FLUSH')
}

describe('a log that QEMU wrote', () => {
  peerIt(['qemu-io'], 'is read as the writes, discards and flushes that were asked for', () => {
    const log = logOf(
      scene,
      512,
      'write -P 1 0 4k',
      'write -P 2 8k 512',
      'flush',
      'write -P 3 8k 4k',
      'write -z 32k 8k',
      'flush',
      'discard 64k 4k',
      'flush',
      'write -P 4 1048064 512',
    )
    const {reading, close} = imported(log)
    expect(once(told(reading))).toEqual([
      'OUT 0+4096 1',
      'OUT 8192+512 2',
      'FLUSH',
      'OUT 8192+4096 3',
      'OUT 32768+8192 0',
      'FLUSH',
      'DISCARD 65536+4096',
      'FLUSH',
      'OUT 1048064+512 4',
      'FLUSH',
    ])
    close()
  })

  peerIt(['qemu-io'], 'may have larger sectors', () => {
    const {reading, close} = imported(logOf(scene, 4096, 'write -P 7 4k 8k', 'flush'))
    expect(once(told(reading))).toEqual(['OUT 4096+8192 7', 'FLUSH'])
    close()
  })

  peerIt(['qemu-io'], 'is the same when it is exported and imported again', () => {
    const {reading, close} = imported(
      logOf(scene, 512, 'write -P 1 0 64k', 'flush', 'write -P 2 4k 4k', 'discard 8k 8k', 'flush'),
    )
    const again = Buffer.concat([...exportLog(reading).bytes])
    const assumptions = {sizeBytes: IMAGE_BYTES, mode: cacheModeOf('writeback'), ordering: orderingModeOf('drain')}
    expect(told(readLog(memorySource(again), assumptions))).toEqual(told(reading))
    expect(told(reading).length).toBeGreaterThan(4)
    close()
  })

  peerIt(['qemu-io', 'qemu-img'], 'ends, write after write, with the image that QEMU left', () => {
    const {reading, close} = imported(logOf(scene, 512, 'write -P 9 16k 4k', 'write -P 8 18k 4k', 'flush'))
    const image = Buffer.alloc(IMAGE_BYTES)
    for (const traced of reading.events) {
      if (traced.event.kind === 'submit' && traced.data) image.set(traced.data, traced.event.offsetBytes)
    }
    writeFileSync(scene.path('replayed.img'), image)
    const compared = spawnSync(
      'qemu-img',
      ['compare', '-f', 'raw', scene.path('replayed.img'), scene.path('disk.img')],
      {
        encoding: 'utf8',
      },
    )
    expect(compared.stdout).toContain('Images are identical.')
    close()
  })
})
