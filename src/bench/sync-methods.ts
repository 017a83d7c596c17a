import {closeSync} from 'node:fs'
import {setImmediate} from 'node:timers/promises'

import {ERRNO, errnoName, Histogram, ToolError} from '../base/index.js'
import {cacheModeOf} from '../cache-mode/index.js'
import {openImage, type OpenOptions} from '../image/index.js'
import {loadTransfers, loadUring, type Transfers} from '../native/index.js'
import {rotated} from './rotation.js'

/** One way to make a write stable, and what it costs. */
export interface SyncMethod {
  readonly name: string
  /** The system calls of one operation. */
  readonly calls: string
  /** Nanoseconds of each operation; undefined where it cannot be had, then `reason` says why. */
  readonly latency: Histogram | undefined
  readonly reason: string | undefined
}

export interface SyncMethodsOptions {
  readonly path: string
  /** The part of it that counts, a partition. */
  readonly part?: OpenOptions['part']
  readonly offsetBytes: number
  readonly blockBytes: number
  readonly rounds: number
  /** Of each method in each round. */
  readonly runtimeNs: number
  readonly signal: AbortSignal
}

/** One operation of a way. @returns 0 or a negative errno */
type Operation = () => number

interface Way {
  readonly name: string
  readonly calls: string
  readonly flags: readonly ('O_DSYNC' | 'O_DIRECT')[]
  readonly operation: (calls: Transfers, fd: number, write: (stable: boolean) => number) => Operation
}

const syncedBy =
  (sync: 'fdatasync' | 'fsync'): Way['operation'] =>
  (calls, fd, write) =>
  () =>
    write(false) || calls[sync](fd)

/** Every way, as pg_test_fsync orders them. */
const WAYS: readonly Way[] = [
  {name: 'O_DSYNC', calls: 'pwrite', flags: ['O_DSYNC'], operation: (_calls, _fd, write) => () => write(false)},
  {name: 'fdatasync', calls: 'pwrite, fdatasync', flags: [], operation: syncedBy('fdatasync')},
  {name: 'fsync', calls: 'pwrite, fsync', flags: [], operation: syncedBy('fsync')},
  {name: 'RWF_DSYNC', calls: 'pwritev2', flags: [], operation: (_calls, _fd, write) => () => write(true)},
  {name: 'O_DIRECT + fdatasync', calls: 'pwrite, fdatasync', flags: ['O_DIRECT'], operation: syncedBy('fdatasync')},
]

/**
 * Measures what it takes to make one block stable, by each of the ways there are (as pg_test_fsync does): each operation writes the
 * same block again and waits until it is stable. The ways take turns, each round another one first.
 *
 * @throws ToolError of kind environment where the image cannot be opened or native calls cannot be had
 */
export async function measureSyncMethods(options: SyncMethodsOptions): Promise<SyncMethod[]> {
  const {path, part, blockBytes, offsetBytes} = options
  const [bound, uring] = [await loadTransfers(), await loadUring()]
  if (!bound.ok) throw native(bound.reason)
  if (!uring.ok) throw native(uring.reason)
  const image = await openImage(path, {mode: cacheModeOf('writeback'), readOnly: false, forceShare: false, part})
  const memory = uring.uring.mapMemory(blockBytes)
  const fds: number[] = []
  try {
    if (memory === undefined) throw new ToolError('environment', 'E_MEMORY', `no memory for ${blockBytes} bytes`)
    if (offsetBytes + blockBytes > image.sizeBytes) {
      throw new ToolError(
        'usage',
        'E_BENCH_SIZE',
        `${path} ends before a block of ${blockBytes} bytes at ${offsetBytes}`,
        {
          hint: 'Choose a smaller --bs or --offset.',
        },
      )
    }
    memory.bytes.fill(0x5a)
    const calls = bound.transfers
    const address = calls.addressOf(memory.bytes)
    const operations = WAYS.map(({flags, operation}): Operation | string => {
      try {
        const fd = image.reopen(...flags)
        fds.push(fd)
        const atBytes = image.startBytes + offsetBytes
        const write = (stable: boolean): number => {
          const done = stable
            ? calls.writeStable(fd, address, blockBytes, atBytes)
            : calls.write(fd, address, blockBytes, atBytes)
          return done === blockBytes ? 0 : done < 0 ? done : -ERRNO.EIO
        }
        return operation(calls, fd, write)
      } catch (error) {
        if (error instanceof ToolError) return error.message
        throw error
      }
    })
    return await inTurns(operations, options)
  } finally {
    for (const fd of fds) closeSync(fd)
    memory?.free()
    bound.transfers.close()
    image.close()
  }
}

async function inTurns(
  operations: readonly (Operation | string)[],
  {rounds, runtimeNs, signal}: SyncMethodsOptions,
): Promise<SyncMethod[]> {
  const rows = operations.map((operation, i) => ({
    operation,
    latency: new Histogram(),
    reason: typeof operation === 'string' ? operation : undefined,
    way: WAYS[i] as Way,
  }))
  for (let round = 0; round < rounds; round++) {
    for (const row of rotated(rows, round)) {
      if (row.reason !== undefined || typeof row.operation === 'string' || signal.aborted) continue
      const errno = await time(row.operation, row.latency, runtimeNs, signal)
      if (errno !== 0) row.reason = `it failed: ${errnoName(errno)}`
    }
  }
  return rows.map(({way: {name, calls}, latency, reason}) => ({
    name,
    calls,
    latency: reason === undefined && latency.count > 0 ? latency : undefined,
    reason: reason ?? (latency.count === 0 ? 'stopped before its turn' : undefined),
  }))
}

/** Signals are heard between stretches of this length. */
const STRETCH_MS = 20

async function time(once: Operation, latency: Histogram, runtimeNs: number, signal: AbortSignal): Promise<number> {
  const end = performance.now() + runtimeNs / 1e6
  let yieldAt = performance.now() + STRETCH_MS
  for (let before = performance.now(); before < end && !signal.aborted;) {
    const result = once()
    const after = performance.now()
    if (result < 0) return -result
    latency.record((after - before) * 1e6)
    before = after
    if (after < yieldAt) continue
    await setImmediate()
    before = performance.now()
    yieldAt = before + STRETCH_MS
  }
  return 0
}

function native(reason: string): ToolError {
  return new ToolError('environment', 'E_NATIVE', `--sync-methods makes system calls of its own: ${reason}`, {
    hint: 'Install with optional dependencies, so that koffi is there.',
  })
}
