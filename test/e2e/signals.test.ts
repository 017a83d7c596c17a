import {execFileSync, type ChildProcess} from 'node:child_process'
import {
  closeSync,
  constants,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  realpathSync,
  writeFileSync,
} from 'node:fs'
import {open} from 'node:fs/promises'
import {setImmediate as nextTurn} from 'node:timers/promises'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {cacheModeOf} from '../../src/cache-mode/index.js'
import {openImage} from '../../src/image/index.js'
import {Scene} from '../image/scene.js'
import {capability, itNeeds} from '../peers.js'
import {contents, endOf, expectNoStack, hashOf, lines, start, TIMEOUT_MS, type RunDocument} from './cli.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

let scene: Scene
let image: string
beforeEach(() => {
  scene = new Scene()
  image = scene.file('disk.img', 2 ** 20, 0x11)
})
afterEach(() => scene.close())

/** Far more than runs before the signal: each turn waits for the medium. */
const ENDLESS = lines('REPEAT 200000', 'OUT 0 512 pattern=0x55', 'FLUSH', 'END')

function startRun(...args: string[]): ChildProcess {
  const child = start(['run', ...args])
  scene.onClose(() => child.kill('SIGKILL'))
  child.stdin?.end()
  return child
}

/** What the image holds once the first OUT has run. */
function expectedImage(): string {
  const bytes = Buffer.alloc(2 ** 20, 0x11).fill(0x55, 0, 512)
  const path = scene.path('expected.img')
  writeFileSync(path, bytes)
  return path
}

/** Returns when the first write of a run is in the image. */
async function firstWrite(child: ChildProcess): Promise<void> {
  const fd = openSync(image, 'r')
  try {
    const byte = Buffer.alloc(1)
    while (byte[0] !== 0x55) {
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error('the run ended before it was interrupted')
      await nextTurn()
      readSync(fd, byte, 0, 1, 0)
    }
  } finally {
    closeSync(fd)
  }
}

/**
 * Returns when the first write of a run is in its throw-away copy, a file without a name that only the run has open.
 *
 * @param flag a bit of open(2) that the copy of the mode has and others do not; 0 for the first copy there is
 */
async function firstWriteToCopy(child: ChildProcess, flag = 0): Promise<void> {
  const byte = Buffer.alloc(1)
  while (byte[0] !== 0x55) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('the run ended before it was interrupted')
    await nextTurn()
    try {
      const copy = readdirSync(`/proc/${child.pid}/fd`).find((fd) => isNameless(`/proc/${child.pid}/fd/${fd}`))
      const flags = /^flags:\s+([0-7]+)$/m.exec(readFileSync(`/proc/${child.pid}/fdinfo/${copy}`, 'utf8'))?.[1]
      if ((Number.parseInt(flags ?? '', 8) & flag) !== flag) continue
      const fd = openSync(`/proc/${child.pid}/fd/${copy}`, 'r')
      readSync(fd, byte, 0, 1, 0)
      closeSync(fd)
    } catch (error) {
      // Not there yet, or closed between two looks.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
}

function isNameless(descriptor: string): boolean {
  try {
    return /\/#\d+ \(deleted\)$/.test(readlinkSync(descriptor))
  } catch {
    return false // closed meanwhile
  }
}

const SIGNALS = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const

describe.each(SIGNALS)('%s in the middle of a run', (signal, exit) => {
  it.each(['threads', 'auto'])('ends it with its status and a whole report, with --aio %s', async (aio) => {
    const child = startRun(image, ...ENDLESS, '--aio', aio)
    const ending = endOf(child)
    await firstWrite(child)
    child.kill(signal)
    const ended = await ending
    expect(ended).toMatchObject({exit, signal: undefined, stderr: ''})
    expectNoStack(ended)
    const told = ended.stdout.trimEnd().replaceAll(/\s+/g, ' ')
    expect(told).toMatch(
      new RegExp(
        `cut short by ${signal}: \\d+ of 400000 requests submitted, \\d+ never; stable: \\d+ of \\d+ completed`,
      ),
    )
    expect(hashOf(image)).toBe(hashOf(expectedImage()))
  })

  it('leaves one whole document under --json, and an image nobody holds', async () => {
    const child = startRun(image, ...ENDLESS, '--json')
    const ending = endOf(child)
    await firstWrite(child)
    child.kill(signal)
    const ended = await ending
    expect(ended).toMatchObject({exit, stderr: ''})
    const document = JSON.parse(ended.stdout) as RunDocument
    expect(document.interruptedBy).toBe(signal)
    expect(document.counts['total']).toBe(400_000)
    expect(document.counts['ran']).toBeLessThan(400_000)
    expect(document.requests).toHaveLength(document.counts['ran'] as number)
    expect(document.requests.every(({status}) => status === 'OK' || status === 'CANCELED')).toBe(true)
    const again = await openImage(image, {mode: cacheModeOf('writeback'), readOnly: false, forceShare: false})
    again.close()
  })

  it('cancels what has not started and waits for what has', async () => {
    const queue = lines('REPEAT 200000', 'OUT 0 512 pattern=0x55 fua barrier', 'END')
    const child = startRun(image, ...queue, '--depth', '16', '--json')
    const ending = endOf(child)
    await firstWrite(child)
    child.kill(signal)
    const ended = await ending
    expect(ended.exit).toBe(exit)
    const {requests} = JSON.parse(ended.stdout) as RunDocument
    const statuses = requests.map(({status}) => status)
    const firstCanceled = statuses.indexOf('CANCELED')
    expect(firstCanceled).toBeGreaterThan(0)
    expect(new Set(statuses.slice(0, firstCanceled))).toEqual(new Set(['OK']))
    expect(new Set(statuses.slice(firstCanceled))).toEqual(new Set(['CANCELED']))
    expect(statuses.length - firstCanceled).toBeLessThan(16)
  })

  it('before it starts leaves the image as it is and prints nothing', async () => {
    const fifo = scene.path('batch.fp')
    execFileSync('mkfifo', [fifo])
    const before = contents(scene.folder)
    const child = startRun(image, fifo, '--json')
    const ending = endOf(child)
    // Opening for writing waits until the run has opened the other end. A run that never does would leave it waiting.
    void ending.then(() => closeSync(openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK)))
    const writer = await open(fifo, 'w')
    try {
      child.kill(signal)
      const ended = await ending
      // Nothing is open yet that would need care: the signal has its default effect, which a shell reports as 128 + number.
      expect(ended).toMatchObject({signal, stdout: '', stderr: ''})
    } finally {
      await writer.close()
    }
    expect(contents(scene.folder)).toEqual(before)
  })
})

describe('SIGINT in the middle of a comparison', () => {
  const procFs = capability(process.platform === 'linux', 'what a process has open is seen through /proc of Linux')

  itNeeds([procFs], 'ends it with the modes that ran, the last one cut short, and leaves nothing behind', async () => {
    const before = contents(scene.folder)
    const child = startRun(image, ...ENDLESS, '--cache', 'writeback,writethrough', '--json')
    const ending = endOf(child)
    await firstWriteToCopy(child)
    child.kill('SIGINT')
    const ended = await ending
    expect(ended).toMatchObject({exit: 130, stderr: ''})
    const document = JSON.parse(ended.stdout) as {schema: string; runs: RunDocument[]}
    expect(document.schema).toBe('flushpoint/compare@1')
    expect(document.runs.map(({interruptedBy}) => interruptedBy)).toEqual(['SIGINT'])
    expect(contents(scene.folder)).toEqual(before)
  })

  itNeeds([procFs], 'outweighs a request that was refused under the mode before', async () => {
    // The first mode waits for nothing and is through soon; each write of the second waits for the medium.
    const batch = lines('OUT 1M 512', 'REPEAT 20000', 'OUT 0 512 pattern=0x55', 'END')
    const child = startRun(image, ...batch, '--cache', 'unsafe,writethrough', '--json')
    const ending = endOf(child)
    await firstWriteToCopy(child, constants.O_DSYNC)
    child.kill('SIGINT')
    const ended = await ending
    expect(ended).toMatchObject({exit: 130, stderr: ''})
    const {runs} = JSON.parse(ended.stdout) as {runs: RunDocument[]}
    expect(runs.map(({interruptedBy}) => interruptedBy)).toEqual([null, 'SIGINT'])
  })
})

/** Returns when a process has the image open, which it has from after it began to listen to signals until it has run. */
async function hasImageOpen(child: ChildProcess): Promise<void> {
  const open = realpathSync(image)
  const folder = `/proc/${child.pid}/fd`
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('it ended before it opened the image')
    try {
      if (readdirSync(folder).some((fd) => readlinkSync(`${folder}/${fd}`) === open)) return
    } catch (error) {
      // Closed between two looks.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
    await nextTurn()
  }
}

describe('two guests on a simulated drive', () => {
  const procFs = capability(process.platform === 'linux', 'what a process has open is seen through /proc of Linux')

  for (const [signal, exit] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    itNeeds([procFs], `${signal} ends both, with one document and nothing to compare`, async () => {
      const batch = scene.path('endless.fp')
      writeFileSync(batch, ['REPEAT 200000', 'OUT 0 512 pattern=0x55', 'FLUSH', 'END'].join('\n'))
      const before = contents(scene.folder)
      const child = startRun(image, batch, '--aio', 'sim', '--disk', 'ssd', '--beside', batch, '--json')
      const ended = endOf(child)
      await hasImageOpen(child)
      child.kill(signal)
      const {stdout, stderr, ...how} = await ended
      expect(how).toEqual({exit, signal: undefined})
      expect(stderr).toBe('')
      expect(JSON.parse(stdout)).toMatchObject({
        error: {code: 'E_INTERRUPTED', exit, hint: expect.stringContaining('only read') as unknown},
      })
      expect(contents(scene.folder)).toEqual(before)
    })
  }
})
