import {fstatSync} from 'node:fs'

import {
  openBackend,
  openPagePipes,
  openRingSockets,
  type AioChoice,
  type Backend,
  type InlineSteps,
  type RingManner,
} from '../aio/index.js'
import {Recording} from '../archive/index.js'
import {ERRNO, invariant, SECTOR_BYTES, ToolError} from '../base/index.js'
import type {CacheMode} from '../cache-mode/index.js'
import {SYNC_TOKENS} from '../engine/index.js'
import {
  givesBlocksBack,
  openImage,
  shortenedImage,
  snapshotImage,
  sourceOf,
  type Image,
  type ImageSource,
} from '../image/index.js'
import {loadLibc, loadListening} from '../native/index.js'
import {STEP_PUNCH} from '../request/index.js'
import {statusBySeeking, type StatusSource} from './nbd/block-status.js'
import type {ServeOptions, ServeResult} from './options.js'
import {DEPTH, runAlone, Server} from './server.js'

/** What a probe punches lies behind the end of the image. */
const PROBE_BYTES = 4096

/**
 * Serves an image over NBD until it is told to end. Whatever happens, nothing stays open; what clients were promised is kept by
 * then, and what was never flushed is synced too.
 *
 * @throws ToolError when the image, the backend or the socket cannot be opened
 */
export async function serveNbd(options: ServeOptions): Promise<ServeResult> {
  const image = await openServed(options)
  // What clients change is read beside them, through the page cache.
  let source: ImageSource | undefined
  try {
    const native = await loadListening()
    const listening = native.ok ? native.listening : undefined
    const entries = 2 * options.maxConnections + 32
    const sockets = listening && aioChoice(options) !== 'threads' ? await openRingSockets(entries) : undefined
    const opened = await openBackend(aioChoice(options), {
      fd: image.fd,
      startBytes: image.startBytes,
      dsyncFd: () => image.dsyncFd(),
      sizeBytes: image.sizeBytes,
      readOnly: options.readOnly,
      mode: options.mode,
      tokens: DEPTH + SYNC_TOKENS,
      depth: DEPTH,
      seed: 0,
      sockets,
      inline: inlineFor(options.mode, image),
      ring: ringFor(options.mode),
      read: () => invariant(false, 'a served image is not simulated'),
      freshRanges: (offsetBytes, lengthBytes) => image.freshRanges(offsetBytes, lengthBytes),
    })
    try {
      const ring = opened.backend.name === 'uring' && sockets && listening ? {sockets, listening} : undefined
      const status = await statusOf(image)
      const writes = !options.readOnly && !image.readOnly
      const givesBack = writes && (await canPunch(opened.backend, image))
      source = options.trace === undefined ? undefined : sourceOf(image)
      const recording =
        source && options.trace !== undefined ? record(options.trace, options, image, source) : undefined
      const pagePipes = ring && !options.mode.direct ? await openPagePipes() : undefined
      return await new Server({options, image, opened, ring, listening, status, givesBack, pagePipes, recording}).run()
    } finally {
      await opened.backend.close()
    }
  } finally {
    source?.close()
    image.close()
  }
}

/** Longer transfers are the kernel's workers': they would keep this thread from everybody else. */
const AT_ONCE_BYTES = 128 * 1024

/**
 * Small transfers through the page cache are done by this thread. A buffered write of a ring goes to a worker of the kernel on ext4,
 * which costs many times the write; a read whose data are in the cache costs a system call less where a client has only one request.
 * ext4 is slow with large folios, which it has since Linux 6.16. Before that, and on ext2 and ext3, which go by its name here, to look
 * for them is in vain, once for each 256 KiB.
 */
function inlineFor({direct, dsync}: CacheMode, {fileSystem}: Image): InlineSteps | undefined {
  if (direct) return undefined
  const splitsFolios = fileSystem === 'ext4'
  return {reads: true, writes: !dsync, waits: false, sync: false, mostBytes: AT_ONCE_BYTES, splitsFolios}
}

/** What is in the page cache is copied where it is asked for, unless a worker is asked. A disk that reads by itself needs none. */
function ringFor({direct}: CacheMode): RingManner {
  return {polled: false, workerReadBytes: direct ? undefined : AT_ONCE_BYTES}
}

function openServed(options: ServeOptions): Promise<Image> {
  const {path, part, mode, readOnly, forceShare, snapshot} = options
  if (!snapshot) return openImage(path, {mode, readOnly, forceShare, depth: DEPTH, part})
  const touched = [{offsetBytes: 0, lengthBytes: part?.lengthBytes ?? Number.MAX_SAFE_INTEGER}]
  return snapshotImage(path, {mode, forceShare, depth: DEPTH, touched, part})
}

/** TLS needs the sockets of node:net, which live on the event loop: a ring would make it wait. */
function aioChoice({aio, tls: secured}: ServeOptions): AioChoice {
  if (secured === undefined) return aio
  if (aio === 'uring') {
    throw new ToolError('usage', 'E_SERVE_FLAGS', '--aio uring does not go with TLS', {
      hint: 'Leave --aio out: with TLS the image is read and written by the thread pool.',
    })
  }
  return 'threads'
}

/** Where the image holds data, as far as the host can tell. */
async function statusOf(image: Image): Promise<StatusSource> {
  const native = await loadLibc()
  const libc = native.ok && !image.blockDevice ? native.libc : undefined
  const {fd, startBytes} = image
  const seek =
    libc &&
    ((offset: number, to: 'data' | 'hole') => {
      const found = libc.seek(fd, startBytes + offset, to)
      return found < 0 ? found : found - startBytes
    })
  return statusBySeeking(seek, ERRNO.ENXIO)
}

/** Whether holes can be punched: told by a device, and tried behind the end of a file, where nothing changes. Behind a partition lies the next one. */
async function canPunch(backend: Backend, {fd, startBytes, blockDevice}: Image): Promise<boolean> {
  if (!backend.canPunch) return false
  const {size, rdev} = fstatSync(fd)
  if (blockDevice) return givesBlocksBack(rdev)
  const behind = Math.ceil(size / PROBE_BYTES + 1) * PROBE_BYTES - startBytes
  return (await runAlone(backend, STEP_PUNCH, behind, PROBE_BYTES)) === 0
}

/** Nobody knows what clients will change: it is read when they do, or all that the image holds at once. */
function record(name: string, options: ServeOptions, image: Image, source: ImageSource): Recording {
  const {path, mode, touchedOnly} = options
  const sizeBytes = image.capacitySectors * SECTOR_BYTES
  const header = {sizeBytes, mode: mode.name, ordering: 'none', source: 'flushpoint serve nbd'} as const
  const data = image.dataRanges(0, sizeBytes) ?? [{offsetBytes: 0, lengthBytes: sizeBytes}]
  return new Recording({
    ...{name, header, imagePath: path, before: touchedOnly ? 'when touched' : data, data},
    dataIn: ({offsetBytes, lengthBytes}) => image.dataRanges(offsetBytes, lengthBytes),
    read(bytes, at) {
      const done = source.readInto(bytes, at)
      if (done < bytes.length) throw shortenedImage(path, at + done, 'copied')
    },
  })
}
