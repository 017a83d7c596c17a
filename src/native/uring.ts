import {readFileSync} from 'node:fs'

import type {Koffi} from './koffi.js'
import {loadKoffi} from './koffi.js'

/** Submission opcodes (include/uapi/linux/io_uring.h). */
export const IORING_OP_FSYNC = 3
export const IORING_OP_READ_FIXED = 4
export const IORING_OP_WRITE_FIXED = 5
export const IORING_OP_POLL_ADD = 6
export const IORING_OP_SENDMSG = 9
export const IORING_OP_TIMEOUT = 11
export const IORING_OP_ACCEPT = 13
export const IORING_OP_ASYNC_CANCEL = 14
export const IORING_OP_FALLOCATE = 17
export const IORING_OP_READ = 22
export const IORING_OP_WRITE = 23
export const IORING_OP_RECV = 27
/** sqe->flags: fd is an index into the registered files. */
export const IOSQE_FIXED_FILE = 1
export const IOSQE_ASYNC = 16
/** sqe->fsync_flags: fdatasync instead of fsync. */
export const IORING_FSYNC_DATASYNC = 1
/** sqe->rw_flags: this write is stable, with the metadata needed to read it, at completion (pwritev2(2)). */
export const RWF_DSYNC = 2
/** io_uring_enter flags: wait for, and run the work of, completions; wake the thread that polls. */
export const IORING_ENTER_GETEVENTS = 1
export const IORING_ENTER_SQ_WAKEUP = 2
/** Flags of the submission ring: the thread that polls sleeps, and has to be woken. */
export const IORING_SQ_NEED_WAKEUP = 1

const SYS_IO_URING_SETUP = 425
const SYS_IO_URING_ENTER = 426
const SYS_IO_URING_REGISTER = 427
const IORING_REGISTER_BUFFERS = 0
const IORING_REGISTER_FILES = 2
const IORING_UNREGISTER_FILES = 3
const IORING_SETUP_SQPOLL = 1 << 1
const IORING_SETUP_COOP_TASKRUN = 1 << 8
const IORING_SETUP_TASKRUN_FLAG = 1 << 9
const IORING_SETUP_SINGLE_ISSUER = 1 << 12
const IORING_SETUP_DEFER_TASKRUN = 1 << 13
const IORING_FEAT_SINGLE_MMAP = 1
const IORING_OFF_SQES = 0x10000000
const PARAMS_BYTES = 120
const SQE_BYTES = 64
const CQE_BYTES = 16
const PROT_READ_WRITE = 3
const MAP_SHARED_POPULATE = 0x8001
const MAP_PRIVATE_ANONYMOUS = 0x22
const MAP_FAILED = 2n ** 64n - 1n
/** A koffi view above this size aborts the process. */
const VIEW_MAX_BYTES = 2 ** 32 - 4096

/** Memory outside the JavaScript heap: the kernel may write to it while JavaScript runs, and it never moves. */
export interface MappedMemory {
  readonly bytes: Uint8Array
  /** The address, split so that the hot path needs no BigInt. */
  readonly addressLow: number
  readonly addressHigh: number
  /** Unmaps. `bytes` must not be touched afterwards: the view outlives the mapping and would crash the process. */
  free(): void
}

/** The shared rings of one io_uring instance. Positions are indices into the 32-bit arrays. */
export interface MappedRing {
  /** Submission and completion ring; head and tail are shared with the kernel and need Atomics. */
  readonly ring: Int32Array
  readonly sqes: Int32Array
  readonly entries: number
  readonly completionEntries: number
  readonly sqTail: number
  readonly sqFlags: number
  /** Whether a flag at sqFlags tells that there is work to be run by enter(), before completions can be seen. */
  readonly flagsWork: boolean
  readonly sqMask: number
  readonly cqHead: number
  readonly cqTail: number
  readonly cqMask: number
  readonly cqes: number
  /** @returns how many were submitted, or a negative errno */
  enter(toSubmit: number, minComplete: number, flags: number): number
  /** @returns 0 or a negative errno */
  registerFile(fd: number): number
  /** @returns 0 or a negative errno */
  registerBuffer(memory: MappedMemory): number
  /** Nothing may be in flight. Unmaps both rings, then closes the descriptor. */
  close(): void
}

/** What io_uring needs of the system. */
export interface Uring {
  /**
   * Makes a ring for at least this many entries.
   *
   * @param pollIdleMs a thread of the kernel looks for entries, and sleeps after so long without one; undefined for no such thread
   * @returns the ring, or the reason there is none, for people
   */
  openRing(entries: number, pollIdleMs?: number): {ok: true; ring: MappedRing} | {ok: false; reason: string}
  /** Page-aligned zeroed memory. @returns undefined when the system has none */
  mapMemory(bytes: number): MappedMemory | undefined
}

/** Loads the io_uring calls. Never throws: without koffi, or on a system that is not Linux, it says why not. */
export async function loadUring(): Promise<{ok: true; uring: Uring} | {ok: false; reason: string}> {
  const loaded = await loadKoffi()
  return loaded.ok ? {ok: true, uring: bindUring(loaded.koffi)} : loaded
}

function bindUring(koffi: Koffi): Uring {
  const libc = koffi.load(null)
  const setup = libc.func('long syscall(long number, uint32_t entries, void *params)')
  const enter = libc.func(
    'long syscall(long number, int fd, uint32_t to_submit, uint32_t min_complete, uint32_t flags, void *sig, size_t size)',
  )
  const register = libc.func('long syscall(long number, int fd, uint32_t op, void *argument, uint32_t count)')
  const mmap = libc.func('void *mmap(void *address, size_t length, int prot, int flags, int fd, int64_t offset)')
  const munmap = libc.func('int munmap(void *address, size_t length)')
  const close = libc.func('int close(int fd)')

  /** Maps and views memory, or undefined when mmap fails. */
  const map = (bytes: number, flags: number, fd: number, offset: number) => {
    // SAFETY: address null lets the kernel choose; the result is checked before it is used.
    const pointer: unknown = mmap(null, bytes, PROT_READ_WRITE, flags, fd, offset)
    const address = koffi.address(pointer)
    if (address === MAP_FAILED || address === 0n) return undefined
    // SAFETY: the view covers exactly the mapping; whoever unmaps drops every reference to it first.
    const buffer = koffi.view(pointer, bytes)
    // SAFETY: called once, with the pointer and length that mmap returned.
    return {address, buffer, unmap: () => void munmap(pointer, bytes)}
  }

  return {
    mapMemory(bytes) {
      if (bytes > VIEW_MAX_BYTES) return undefined
      const mapping = map(bytes, MAP_PRIVATE_ANONYMOUS, -1, 0)
      return (
        mapping && {
          bytes: new Uint8Array(mapping.buffer),
          addressLow: Number(mapping.address & 0xffffffffn),
          addressHigh: Number(mapping.address >> 32n),
          free: mapping.unmap,
        }
      )
    },

    openRing(entries, pollIdleMs) {
      const params = Buffer.alloc(PARAMS_BYTES)
      const fd = setupRing(entries, params, pollIdleMs, (count, buffer) => {
        // SAFETY: params is 120 bytes, the size of struct io_uring_params, and outlives the call.
        const result = Number(setup(SYS_IO_URING_SETUP, count, buffer))
        return result < 0 ? -koffi.errno() : result
      })
      if (fd < 0) return {ok: false, reason: refusalReason(-fd)}
      const sqOffset = (field: number): number => params.readUInt32LE(40 + field * 4)
      const cqOffset = (field: number): number => params.readUInt32LE(80 + field * 4)
      const sqEntries = params.readUInt32LE(0)
      const cqEntries = params.readUInt32LE(4)
      const ringBytes = Math.max(sqOffset(6) + sqEntries * 4, cqOffset(5) + cqEntries * CQE_BYTES)
      const singleMapping = (params.readUInt32LE(20) & IORING_FEAT_SINGLE_MMAP) !== 0
      const ringMapping = singleMapping ? map(ringBytes, MAP_SHARED_POPULATE, fd, 0) : undefined
      const sqeMapping = ringMapping && map(sqEntries * SQE_BYTES, MAP_SHARED_POPULATE, fd, IORING_OFF_SQES)
      if (!ringMapping || !sqeMapping) {
        ringMapping?.unmap()
        // SAFETY: fd came from io_uring_setup and nobody else knows it.
        close(fd)
        return {ok: false, reason: 'the rings of io_uring could not be mapped (kernel before 5.4, or out of memory)'}
      }
      const ring = new Int32Array(ringMapping.buffer)
      for (let i = 0; i < sqEntries; i++) ring[sqOffset(6) / 4 + i] = i // submission slot i always holds sqe i
      return {
        ok: true,
        ring: {
          ring,
          sqes: new Int32Array(sqeMapping.buffer),
          entries: sqEntries,
          completionEntries: cqEntries,
          sqTail: sqOffset(1) / 4,
          sqFlags: sqOffset(4) / 4,
          flagsWork: (params.readUInt32LE(8) & IORING_SETUP_TASKRUN_FLAG) !== 0,
          sqMask: sqEntries - 1,
          cqHead: cqOffset(0) / 4,
          cqTail: cqOffset(1) / 4,
          cqMask: cqEntries - 1,
          cqes: cqOffset(5) / 4,
          enter(toSubmit, minComplete, flags) {
            // SAFETY: no pointers; the sqes the kernel reads were completely written before the tail was published.
            const result = Number(enter(SYS_IO_URING_ENTER, fd, toSubmit, minComplete, flags, null, 0))
            return result < 0 ? -koffi.errno() : result
          },
          registerFile(file) {
            const files = new Int32Array([file])
            // SAFETY: one 32-bit descriptor, read during the call only.
            return Number(register(SYS_IO_URING_REGISTER, fd, IORING_REGISTER_FILES, files, 1)) < 0 ? -koffi.errno() : 0
          },
          registerBuffer(memory) {
            const address = (BigInt(memory.addressHigh) << 32n) | BigInt(memory.addressLow)
            const iovec = new BigUint64Array([address, BigInt(memory.bytes.length)])
            // SAFETY: one struct iovec, read during the call only; the kernel pins the pages it names.
            return Number(register(SYS_IO_URING_REGISTER, fd, IORING_REGISTER_BUFFERS, iovec, 1)) < 0
              ? -koffi.errno()
              : 0
          },
          close() {
            // The kernel takes a ring down some time after close(2). Until then a registered file would stay open, and with
            // it its locks and its mount. Fails where none was registered.
            // SAFETY: no pointers; nothing is in flight that could use the file.
            register(SYS_IO_URING_REGISTER, fd, IORING_UNREGISTER_FILES, null, 0)
            ringMapping.unmap()
            sqeMapping.unmap()
            // SAFETY: the mappings are gone and nothing is in flight; fd is not used again.
            close(fd)
          },
        },
      }
    },
  }
}

/**
 * Sets up a ring with the best flags the kernel knows: deferred task work (6.1), one issuer (6.0), no interrupts for task
 * work and a flag that tells of it (5.19), none. Where a thread polls there is no task work to defer. EINVAL means "flag
 * unknown"; anything else is final.
 */
function setupRing(
  entries: number,
  params: Buffer,
  pollIdleMs: number | undefined,
  setup: (entries: number, params: Buffer) => number,
): number {
  const coop = IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG
  const best = coop | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN
  const plain = [best, coop, 0]
  const polled = [IORING_SETUP_SQPOLL | IORING_SETUP_SINGLE_ISSUER, IORING_SETUP_SQPOLL]
  let result = -1
  for (const flags of pollIdleMs === undefined ? plain : polled) {
    params.fill(0)
    params.writeUInt32LE(flags, 8)
    params.writeUInt32LE(pollIdleMs ?? 0, 16) // sq_thread_idle
    result = setup(entries, params)
    if (result !== -22) break
  }
  return result
}

/** Why io_uring_setup said no, with the cause an administrator can act on. */
function refusalReason(errno: number): string {
  const sysctl = '/proc/sys/kernel/io_uring_disabled'
  if (errno === 1) {
    let value = ''
    try {
      value = readFileSync(sysctl, 'utf8').trim()
    } catch {
      value = 'unknown'
    }
    return value === '1' || value === '2'
      ? `io_uring is switched off here (kernel.io_uring_disabled=${value})`
      : 'io_uring is not permitted here (EPERM: a container or seccomp profile may forbid it)'
  }
  if (errno === 38) return 'this kernel has no io_uring (it came with Linux 5.1)'
  return `io_uring_setup failed with errno ${errno}`
}
