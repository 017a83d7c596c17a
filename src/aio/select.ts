import {ToolError, type Range} from '../base/index.js'
import {trustsStableWrites, type CacheMode} from '../cache-mode/index.js'
import type {Backend, BackendName, InlineSteps, RingManner} from './backend.js'
import type {FolioSplitter} from './folio-splitter.js'
import {PartBackend} from './part.js'
import type {SimDevice} from './sim/device.js'
import type {DiskModel} from './sim/disk-model.js'
import type {RingSockets} from './uring/sockets.js'

/** What a backend is opened on. */
export interface BackendTarget {
  /** The image, open under its mode's flags; it stays with its owner. */
  readonly fd: number
  /** A second descriptor of the image with O_DSYNC, opened when first asked for; it stays with its owner. */
  readonly dsyncFd: () => number
  /** Where on the descriptor the image begins, 0 unless told; a simulated disk has nothing else. */
  readonly startBytes?: number | undefined
  readonly sizeBytes: number
  readonly readOnly: boolean
  readonly mode: CacheMode
  /** Steps at a time. */
  readonly tokens: number
  /** Requests in flight at a time. */
  readonly depth: number
  /** Chooses everything a simulated disk leaves to chance. */
  readonly seed: number
  /** What a simulated disk costs; a plain model with jitter when left out. The other backends take the time they take. */
  readonly diskModel?: DiskModel | undefined
  /** A simulated device to share with other backends, from openSimDevice(): its own model counts, not diskModel. */
  readonly device?: SimDevice | undefined
  /** Steps that a real backend may leave to plain system calls; none when left out. */
  readonly inline?: InlineSteps | undefined
  /** How a ring is used, where the backend turns out to have one; not polled, one batch for each submit() when left out. */
  readonly ring?: RingManner | undefined
  /** Sockets that share the ring, from openRingSockets(); the other backends leave them alone. */
  readonly sockets?: RingSockets | undefined
  /** Content and allocation a simulated disk starts with; whole sectors. */
  readonly read: (offsetBytes: number, target: Uint8Array) => void
  readonly freshRanges: (offsetBytes: number, lengthBytes: number) => readonly Range[] | undefined
}

/** An open backend. */
export interface OpenBackend {
  readonly backend: Backend
  /** Why this backend and no other, as a clause. */
  readonly reason: string
  /** Where blocks have no stable allocation: the image's own answer, or the simulated disk's. */
  readonly freshRanges: BackendTarget['freshRanges']
  /** What the image holds now: what its own `read` says, or the simulated disk. */
  readonly read: BackendTarget['read']
}

interface BackendRow {
  readonly name: BackendName
  readonly summary: string
  /** @returns the backend, or the reason it cannot be had here */
  readonly open: (target: BackendTarget) => Promise<OpenBackend | string>
}

/** Every backend; `auto` takes the first that is `real` and can be opened. */
export const BACKENDS: readonly BackendRow[] = [
  {
    name: 'uring',
    summary: 'io_uring',
    async open(target) {
      const [{loadUring}, {UringBackend}] = await Promise.all([
        import('../native/index.js'),
        import('./uring/backend.js'),
      ])
      const loaded = await loadUring()
      if (!loaded.ok) return loaded.reason
      try {
        const options = {guest: target.sockets, manner: target.ring}
        const backend = new UringBackend(loaded.uring, target.fd, target.tokens, options)
        return {backend, reason: 'io_uring is available', freshRanges: target.freshRanges, read: target.read}
      } catch (error) {
        if (error instanceof ToolError && error.kind === 'environment') return error.message
        throw error
      }
    },
  },
  {
    name: 'threads',
    summary: 'plain node:fs calls on a thread pool',
    async open(target) {
      const {ThreadsBackend} = await import('./threads/backend.js')
      const backend = new ThreadsBackend(target.fd, target.dsyncFd, target.tokens)
      return {backend, reason: 'node:fs works everywhere', freshRanges: target.freshRanges, read: target.read}
    },
  },
  {
    name: 'sim',
    summary: 'a simulated disk in simulated time; the image is only read',
    async open(target) {
      const [{SimBackend}, {SimDisk}] = await Promise.all([import('./sim/backend.js'), import('./sim/disk.js')])
      const disk = new SimDisk({
        sizeBytes: target.sizeBytes,
        seed: target.seed,
        // As the image would be opened: O_DSYNC only where it can be trusted.
        mode: {...target.mode, dsync: target.mode.dsync && trustsStableWrites(target.mode, target.depth)},
        initial: target.read,
        allocated: (sector) => target.freshRanges(sector * 512, 512)?.length === 0,
      })
      const backend = new SimBackend({
        disk,
        seed: target.seed,
        tokens: target.tokens,
        capacity: target.tokens,
        readOnly: target.readOnly,
        ...(target.diskModel && {model: target.diskModel}),
        ...(target.device && {device: target.device}),
      })
      const model = target.device ? target.device.model : target.diskModel
      return {
        backend,
        reason: `simulated ${model ? `${model.name} ` : ''}disk, seed ${target.seed}`,
        freshRanges: (offsetBytes, lengthBytes) => disk.freshRanges(offsetBytes, lengthBytes, 'extents'),
        read: (offsetBytes, target) => disk.read(offsetBytes, target),
      }
    },
  },
]

export type AioChoice = 'auto' | BackendName

/** What --aio accepts. */
export const AIO_CHOICES: readonly AioChoice[] = ['auto', ...BACKENDS.map((row) => row.name)]

/**
 * Opens a backend. `auto` prefers the first row and falls back with the reason; a named one is taken or refused.
 *
 * @throws ToolError of kind environment when the named backend cannot be had here
 */
export async function openBackend(choice: AioChoice, target: BackendTarget): Promise<OpenBackend> {
  const refused: string[] = []
  for (const row of BACKENDS) {
    if (choice !== 'auto' && choice !== row.name) continue
    const whole = await row.open(target)
    if (typeof whole !== 'string') {
      const opened = row.name === 'sim' ? whole : placed(await withInline(whole, target), target.startBytes)
      if (choice !== 'auto')
        return {...opened, reason: row.name === 'sim' ? opened.reason : `asked for with --aio ${choice}`}
      return refused.length === 0 ? opened : {...opened, reason: `fallback: ${refused.join('; ')}`}
    }
    refused.push(whole)
  }
  throw new ToolError('environment', 'E_AIO', `--aio ${choice}: ${refused.join('; ')}`, {
    hint: 'Use --aio auto to take what this machine has, or --aio threads.',
  })
}

/** Without native calls every step is the backend's. */
async function withInline(opened: OpenBackend, {fd, inline}: BackendTarget): Promise<OpenBackend> {
  if (inline === undefined) return opened
  const [{loadTransfers}, {InlineBackend}] = await Promise.all([import('../native/index.js'), import('./inline.js')])
  const calls = await loadTransfers()
  if (!calls.ok) return opened
  const splitter = inline.splitsFolios === true ? await splitterOf(fd) : undefined
  return {...opened, backend: new InlineBackend(opened.backend, fd, inline, calls.transfers, splitter)}
}

async function splitterOf(fd: number): Promise<FolioSplitter | undefined> {
  const [{loadFolios}, {FolioSplitter: Splitter}] = await Promise.all([
    import('../native/index.js'),
    import('./folio-splitter.js'),
  ])
  const calls = await loadFolios()
  return calls.ok ? new Splitter(calls.folios, fd) : undefined
}

/** A simulated disk begins where the image does; a real one is all of the file. */
function placed(opened: OpenBackend, startBytes = 0): OpenBackend {
  return startBytes === 0 ? opened : {...opened, backend: new PartBackend(opened.backend, startBytes)}
}

/**
 * A simulated device for several backends: give it to each of them as BackendTarget.device. They share its clock, its drive
 * and its ordered tags. Open all of them before the first is driven; close each when its driver is done or gives up.
 */
export async function openSimDevice(model: DiskModel): Promise<SimDevice> {
  const {SimDevice: Device} = await import('./sim/device.js')
  return new Device(model)
}

/**
 * Sockets for a server: give them to openBackend() as BackendTarget.sockets. They work when the backend turns out to be uring.
 *
 * @param entries operations on their way at a time
 */
export async function openRingSockets(entries: number): Promise<RingSockets> {
  const {RingSockets: Sockets} = await import('./uring/sockets.js')
  return new Sockets(entries)
}
