import {chmodSync, truncateSync} from 'node:fs'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {parseBatch, resolveBatch} from '../../src/batch/index.js'
import {cacheModeOf} from '../../src/cache-mode/index.js'
import {openImage} from '../../src/image/index.js'
import {loadLibc, loadUring} from '../../src/native/index.js'
import {orderingModeOf} from '../../src/ordering/index.js'
import {runBatch, verdictOf, type RunOptions} from '../../src/run/index.js'
import {Scene} from '../image/scene.js'
import {capability, itNeeds, peer, root, rootIt} from '../peers.js'
import {contents, expectNoStack, expectRefusal, flushpoint, hashOf, lines, runJson, TIMEOUT_MS} from './cli.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

const OUT = lines('OUT 0 4k pattern=0xee')
const native = await loadLibc()
const locks = capability(native.ok, native.ok ? '' : native.reason)
const ring = await loadUring()
const uring = capability(ring.ok, ring.ok ? '' : ring.reason)
const isRoot = root().present

let scene: Scene
let image: string
beforeEach(() => {
  scene = new Scene()
  image = scene.file('disk.img', 2 ** 20, 0x11)
})
afterEach(() => scene.close())

/** A run on the image in this process. */
function optionsFor(...batch: string[]): RunOptions {
  return {
    path: image,
    mode: cacheModeOf('writeback'),
    ordering: orderingModeOf('drain'),
    aio: 'threads',
    depth: 1,
    readOnly: false,
    snapshot: false,
    forceShare: false,
    createBytes: undefined,
    seed: 1,
    statements: resolveBatch(parseBatch(batch.join('\n'), 'batch'), 'batch'),
    fileBytes: () => undefined,
    signal: new AbortController().signal,
    progress: () => {},
  }
}

/** Root may do everything unless it gives the right away. */
const AS_ORDINARY_USER = isRoot ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search'] : []

describe('an image without permission', () => {
  const needs = isRoot ? [peer('setpriv')] : []
  const through = AS_ORDINARY_USER

  itNeeds(needs, 'to write is refused, and read with --read-only', async () => {
    chmodSync(image, 0o444)
    const refusal = {exit: 3, code: 'E_ACCESS', says: 'disk.img may not be opened for writing (EACCES)'}
    await expectRefusal(scene, ['run', 'disk.img', ...OUT], refusal, {through})
    expect(await runJson([image, ...lines('IN 0 4k verify=0x11'), '--read-only'], {through})).toMatchObject({exit: 0})
  })

  itNeeds(needs, 'to read is refused in every mode', async () => {
    chmodSync(image, 0)
    const refusal = {exit: 3, code: 'E_ACCESS', says: 'disk.img may not be opened for reading (EACCES)'}
    await expectRefusal(scene, ['run', 'disk.img', ...OUT, '--read-only'], refusal, {through})
    await expectRefusal(scene, ['run', 'disk.img', ...OUT, '--snapshot'], refusal, {through})
    chmodSync(image, 0o600)
    expect(hashOf(image)).toBe(hashOf(scene.file('same.img', 2 ** 20, 0x11)))
  })

  itNeeds(needs, 'to make files around it is refused for --create', async () => {
    chmodSync(scene.folder, 0o555)
    scene.onClose(() => chmodSync(scene.folder, 0o755))
    const refusal = {exit: 3, code: 'E_ACCESS', says: 'new.img cannot be made (EACCES)'}
    await expectRefusal(scene, ['run', 'new.img', ...OUT, '--create', '1M'], refusal, {through})
  })
})

describe('an image in use by another flushpoint', () => {
  const refusal = {exit: 3, code: 'E_LOCKED', says: 'disk.img'}
  const mode = cacheModeOf('writeback')

  itNeeds([locks], 'that writes is refused to writers, readers and snapshots until it is closed', async () => {
    const held = await openImage(image, {mode, readOnly: false, forceShare: false})
    try {
      await expectRefusal(scene, ['run', 'disk.img', ...OUT], refusal)
      await expectRefusal(scene, ['run', 'disk.img', ...lines('IN 0 512'), '--read-only'], refusal)
      await expectRefusal(scene, ['run', 'disk.img', ...OUT, '--snapshot'], refusal)
      await expectRefusal(scene, ['run', 'disk.img', ...OUT, '--cache', 'writethrough,writeback'], refusal)
    } finally {
      held.close()
    }
    expect(await runJson([image, ...OUT])).toMatchObject({exit: 0})
  })

  itNeeds([locks], 'is read beside it with --force-share, and the report says so', async () => {
    const held = await openImage(image, {mode, readOnly: false, forceShare: false})
    try {
      const shared = await runJson([image, ...lines('IN 0 4k verify=0x11'), '--read-only', '--force-share'])
      expect(shared.exit).toBe(0)
      expect(shared.document.notes.join(' ')).toContain('without locks')
    } finally {
      held.close()
    }
  })

  itNeeds([locks], 'that reads is refused to writers and shared with readers', async () => {
    const held = await openImage(image, {mode, readOnly: true, forceShare: false})
    try {
      await expectRefusal(scene, ['run', 'disk.img', ...OUT], refusal)
      expect(await runJson([image, ...lines('IN 0 4k'), '--read-only'])).toMatchObject({exit: 0})
    } finally {
      held.close()
    }
  })
})

describe('an image after a run', () => {
  for (const aio of ['uring', 'threads'] as const) {
    itNeeds(aio === 'uring' ? [locks, uring] : [locks], `is free for the next at once, with --aio ${aio}`, async () => {
      for (let turn = 0; turn < 10; turn++) {
        await runBatch({...optionsFor('OUT 0 4k fua', 'FLUSH'), aio})
        const next = await openImage(image, {mode: cacheModeOf('writeback'), readOnly: false, forceShare: false})
        next.close()
      }
    })
  }
})

describe('a read-only file system', () => {
  rootIt('refuses to open an image for writing and to make one', async () => {
    const mounted = scene.mount(scene.folder, '-o', 'bind,ro')
    const path = join(mounted, 'disk.img')
    await expectRefusal(scene, ['run', path, ...OUT], {
      exit: 3,
      code: 'E_READ_ONLY_FS',
      says: 'disk.img is on a read-only file system (EROFS)',
    })
    await expectRefusal(scene, ['run', join(mounted, 'new.img'), ...OUT, '--create', '1M'], {
      exit: 3,
      code: 'E_ACCESS',
      says: 'new.img cannot be made (EROFS)',
    })
  })

  rootIt('lets an image be read, and written to a throw-away copy that lies elsewhere', async () => {
    const mounted = scene.mount(scene.folder, '-o', 'bind,ro')
    const path = join(mounted, 'disk.img')
    const before = contents(scene.folder)
    expect(await runJson([path, ...lines('IN 0 4k verify=0x11'), '--read-only'])).toMatchObject({exit: 0})
    const {exit, document} = await runJson([path, ...OUT, ...lines('IN 0 4k verify=0xee'), '--snapshot'])
    expect(exit).toBe(0)
    expect(document.notes.join(' ')).toContain('EROFS')
    expect(contents(scene.folder)).toEqual(before)
  })
})

describe('a disk that is full in the middle', () => {
  /** A sparse image of 8 MiB where only 1 MiB fits. */
  function crampedImage(): string {
    const mounted = scene.mount('tmpfs', '-t', 'tmpfs', '-o', 'size=1M')
    const path = join(mounted, 'cramped.img')
    return scene.file(path.slice(scene.folder.length + 1), 8 * 2 ** 20)
  }
  const batch = lines(
    'REPEAT 4',
    'OUT ${i}*1M 512k pattern=0xaa',
    'END',
    'FLUSH',
    'IN 1M 512k verify=0xaa',
    'IN 7M 4k verify=0x00',
  )

  for (const aio of ['threads', 'auto']) {
    rootIt(`ends what does not fit as IOERR (ENOSPC), goes on, and ends with 4, with --aio ${aio}`, async () => {
      const {exit, document} = await runJson([crampedImage(), ...batch, '--aio', aio])
      expect(exit).toBe(4)
      const ends = document.requests.map(({status, errno}) => `${status} ${errno}`)
      expect(ends).toEqual(['OK 0', 'OK 0', 'IOERR 28', 'IOERR 28', 'OK 0', 'OK 0', 'OK 0'])
      expect(document.counts).toMatchObject({hostErrors: 2, ran: 7, ok: 5, verifyFailed: 0})
      expect(document.hazards.find(({code}) => code === 'WRITE_FAILED')?.requests).toEqual([3, 4])
      // Part of a failed write may be there: its range counts as lost, the others do not.
      expect(document.atRisk.processKill).toMatchObject({
        bytes: 2 ** 20,
        ranges: [
          {offsetBytes: 2 * 2 ** 20, lengthBytes: 2 ** 19, requests: [3]},
          {offsetBytes: 3 * 2 ** 20, lengthBytes: 2 ** 19, requests: [4]},
        ],
      })
    })

    rootIt(`keeps nothing when the host stops, since it lies in memory, with --aio ${aio}`, async () => {
      const {exit, document} = await runJson([
        crampedImage(),
        '-c',
        'OUT 0 4k',
        '-c',
        'FLUSH',
        '--require',
        'stable',
        '--aio',
        aio,
      ])
      expect(exit).toBe(1)
      expect([document.atRisk.osCrash.bytes, document.atRisk.powerLoss.bytes]).toEqual([4096, 4096])
      expect(document.hazards.map(({code}) => code)).toEqual(['NOTHING_LASTS'])
    })
  }

  rootIt('is told in the table with the name of the error', async () => {
    const ended = await flushpoint(['run', crampedImage(), ...batch])
    expect(ended).toMatchObject({exit: 4, stderr: ''})
    expect(ended.stdout).toContain('IOERR (ENOSPC)')
    expectNoStack(ended)
  })

  rootIt('after which a stable write is not believed any more, as 8.8 asks', async () => {
    const {exit, document} = await runJson([crampedImage(), ...batch, '--cache', 'writethrough'])
    expect(exit).toBe(4)
    expect(document.requests.map(({status}) => status)).toEqual(['OK', 'OK', 'IOERR', 'IOERR', 'IOERR', 'OK', 'OK'])
  })
})

describe('an image somebody makes shorter meanwhile', () => {
  /** Runs a batch at depth 1 and has the image cut to one page when the first request is done. */
  function runWhileCut(...batch: string[]): ReturnType<typeof runBatch> {
    return runBatch({
      ...optionsFor(...batch),
      progress: (done) => {
        if (done === 1) truncateSync(image, 4096)
      },
    })
  }

  it('answers what is gone with IOERR, never with zeroes, and ends with 4', async () => {
    const result = await runWhileCut('IN 512k 4k', 'IN 512k 4k', 'IN 2k 4k', 'IN 0 4k verify=0x11')
    expect([...result.outcomes].map(({status}) => status)).toEqual(['OK', 'IOERR', 'IOERR', 'OK'])
    expect(result.counts).toMatchObject({hostErrors: 2, verifyFailed: 0})
    expect(verdictOf(result, false).kind).toBe('io')
  })

  it('is noticed at the end of the run', async () => {
    const result = await runWhileCut('IN 0 4k', 'IN 0 4k')
    expect(result.notes.join(' ')).toMatch(/the size of the image changed during the run, from 1048576 to 4096 bytes/)
  })
})
