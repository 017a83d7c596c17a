import {readFileSync, closeSync, openSync, writeFileSync} from 'node:fs'
import {constants} from 'node:os'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {
  IORING_ENTER_GETEVENTS,
  IORING_FSYNC_DATASYNC,
  IORING_OP_FSYNC,
  IORING_OP_READ,
  IORING_OP_READ_FIXED,
  IORING_OP_WRITE,
  IOSQE_FIXED_FILE,
  loadUring,
  RWF_DSYNC,
  type MappedMemory,
  type MappedRing,
  type Uring,
} from '../../src/native/index.js'
import {openDescriptors, procFd, Scene} from '../image/scene.js'
import {ringRefusal} from './ring-refusal.js'
import {capability, itNeeds} from '../peers.js'

const answer = await loadUring()
const native = capability(answer.ok, answer.ok ? '' : answer.reason)

function uring(): Uring {
  if (!answer.ok) throw new Error(answer.reason)
  return answer.uring
}

const refusal = ringRefusal(answer)
const rings = capability(refusal === '', refusal)

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => {
  vi.unstubAllEnvs()
  scene.close()
})

function openRing(entries: number): MappedRing {
  const opened = uring().openRing(entries)
  if (!opened.ok) throw new Error(opened.reason)
  scene.onClose(() => opened.ring.close())
  return opened.ring
}

function mapMemory(bytes: number): MappedMemory {
  const memory = uring().mapMemory(bytes)
  if (!memory) throw new Error(`no memory of ${bytes} bytes`)
  scene.onClose(() => memory.free())
  return memory
}

function open(path: string, flags: string): number {
  const fd = openSync(path, flags)
  scene.onClose(() => closeSync(fd))
  return fd
}

interface Entry {
  readonly opcode: number
  readonly sqeFlags?: number
  readonly fd: number
  readonly offsetBytes?: number
  readonly memory?: MappedMemory
  readonly lengthBytes?: number
  readonly opFlags?: number
  readonly userData?: number
}

/** Writes one submission entry (struct io_uring_sqe) and publishes it. */
function publish(ring: MappedRing, entry: Entry): void {
  const tail = Atomics.load(ring.ring, ring.sqTail)
  const word = (tail & ring.sqMask) * 16
  ring.sqes.fill(0, word, word + 16)
  ring.sqes[word] = entry.opcode | ((entry.sqeFlags ?? 0) << 8)
  ring.sqes[word + 1] = entry.fd
  ring.sqes[word + 2] = entry.offsetBytes ?? 0
  ring.sqes[word + 4] = (entry.memory?.addressLow ?? 0) | 0
  ring.sqes[word + 5] = entry.memory?.addressHigh ?? 0
  ring.sqes[word + 6] = entry.lengthBytes ?? 0
  ring.sqes[word + 7] = entry.opFlags ?? 0
  ring.sqes[word + 8] = entry.userData ?? 0
  Atomics.store(ring.ring, ring.sqTail, tail + 1)
}

/** Takes every completion (struct io_uring_cqe) that is there. */
function reap(ring: MappedRing): {userData: number; result: number}[] {
  const found: {userData: number; result: number}[] = []
  let head = Atomics.load(ring.ring, ring.cqHead)
  for (const tail = Atomics.load(ring.ring, ring.cqTail); head !== tail; head++) {
    const word = ring.cqes + (head & ring.cqMask) * 4
    found.push({userData: ring.ring[word] ?? -1, result: ring.ring[word + 2] ?? 0})
  }
  Atomics.store(ring.ring, ring.cqHead, head)
  return found
}

/** One entry there and back. @returns its result */
function roundTrip(ring: MappedRing, entry: Entry): number {
  publish(ring, {...entry, userData: 77})
  expect(ring.enter(1, 1, IORING_ENTER_GETEVENTS)).toBe(1)
  const [first, ...more] = reap(ring)
  expect(first?.userData).toBe(77)
  expect(more).toEqual([])
  return first?.result ?? 0
}

describe('loading io_uring', () => {
  it('never throws: there are its calls, or there is a reason', async () => {
    const loaded = await loadUring()
    expect(loaded.ok ? typeof loaded.uring.openRing : typeof loaded.reason).toBe(loaded.ok ? 'function' : 'string')
  })

  it('is left out with FLUSHPOINT_NO_NATIVE=1, and the reason names it', async () => {
    vi.resetModules()
    vi.stubEnv('FLUSHPOINT_NO_NATIVE', '1')
    try {
      const fresh = await import('../../src/native/index.js')
      expect(await fresh.loadUring()).toEqual({ok: false, reason: 'FLUSHPOINT_NO_NATIVE=1 is set'})
    } finally {
      vi.resetModules()
    }
  })

  itNeeds([native], 'a ring of more entries than the kernel has is refused with a reason, not an exception', () => {
    const opened = uring().openRing(2 ** 31)
    expect(opened.ok ? '' : opened.reason).toMatch(/io_uring/)
  })
})

describe('mapped memory', () => {
  itNeeds([native], 'starts on a page, is all zeroes, and keeps what is written', () => {
    const {bytes, addressLow} = mapMemory(10_000)
    expect(bytes).toHaveLength(10_000)
    expect(addressLow % 4096).toBe(0)
    expect(bytes.every((byte) => byte === 0)).toBe(true)
    bytes.fill(0xaa)
    expect(bytes.every((byte) => byte === 0xaa)).toBe(true)
  })

  itNeeds([native], 'has an address of its own, in two halves', () => {
    const [first, second] = [mapMemory(4096), mapMemory(4096)]
    const addresses = [first, second].map(({addressLow, addressHigh}) => addressHigh * 2 ** 32 + addressLow)
    expect(new Set(addresses).size).toBe(2)
    expect(addresses.every((address) => Number.isSafeInteger(address) && address > 0)).toBe(true)
  })

  itNeeds([native], 'larger than JavaScript can look at, or of no bytes, is not given', () => {
    expect(uring().mapMemory(2 ** 32)).toBeUndefined()
    expect(uring().mapMemory(0)).toBeUndefined()
  })
})

describe('a ring', () => {
  itNeeds([rings], 'has at least the entries asked for, in powers of two, and twice the completions', () => {
    const {entries, completionEntries, sqMask, cqMask} = openRing(5)
    expect({entries, completionEntries, sqMask, cqMask}).toEqual({
      entries: 8,
      completionEntries: 16,
      sqMask: 7,
      cqMask: 15,
    })
  })

  itNeeds([rings], 'reads a file into mapped memory', () => {
    const path = scene.path('file')
    writeFileSync(path, 'the quick brown fox')
    const memory = mapMemory(4096)
    const entry = {opcode: IORING_OP_READ, fd: open(path, 'r'), memory, offsetBytes: 4, lengthBytes: 100}
    expect(roundTrip(openRing(4), entry)).toBe(15)
    expect(Buffer.from(memory.bytes.subarray(0, 16)).toString('latin1')).toBe('quick brown fox\0')
  })

  itNeeds([rings], 'writes, plainly and stable at completion, and syncs', () => {
    const path = scene.file('file', 8192)
    const memory = mapMemory(4096)
    const ring = openRing(4)
    const fd = open(path, 'r+')
    memory.bytes.fill(0x11)
    expect(roundTrip(ring, {opcode: IORING_OP_WRITE, fd, memory, lengthBytes: 4096})).toBe(4096)
    memory.bytes.fill(0x22)
    const stable = {opcode: IORING_OP_WRITE, fd, memory, offsetBytes: 4096, lengthBytes: 512, opFlags: RWF_DSYNC}
    expect(roundTrip(ring, stable)).toBe(512)
    expect(roundTrip(ring, {opcode: IORING_OP_FSYNC, fd, opFlags: IORING_FSYNC_DATASYNC})).toBe(0)
    const expected = Buffer.concat([Buffer.alloc(4096, 0x11), Buffer.alloc(512, 0x22), Buffer.alloc(3584)])
    expect(readFileSync(path).equals(expected)).toBe(true)
  })

  itNeeds([rings], 'knows a registered file by its index and registered memory by its address', () => {
    const ring = openRing(4)
    const memory = mapMemory(8192)
    const fd = open(scene.file('file', 4096, 0x33), 'r')
    expect(ring.registerFile(fd)).toBe(0)
    const registered = ring.registerBuffer(memory)
    expect([0, -constants.errno.ENOMEM]).toContain(registered) // RLIMIT_MEMLOCK may be small
    const opcode = registered === 0 ? IORING_OP_READ_FIXED : IORING_OP_READ
    expect(roundTrip(ring, {opcode, sqeFlags: IOSQE_FIXED_FILE, fd: 0, memory, lengthBytes: 4096})).toBe(4096)
    expect(memory.bytes.subarray(0, 4096).every((byte) => byte === 0x33)).toBe(true)
    expect(memory.bytes[4096]).toBe(0)
  })

  itNeeds([rings], 'gives an error of an entry as its negative errno', () => {
    const entry = {opcode: IORING_OP_READ, fd: -1, memory: mapMemory(4096), lengthBytes: 512}
    expect(roundTrip(openRing(4), entry)).toBe(-constants.errno.EBADF)
  })

  itNeeds([rings], 'gives an error of a call as its negative errno', () => {
    expect(openRing(4).registerFile(-2)).toBe(-constants.errno.EBADF)
  })

  itNeeds([rings], 'goes round: more entries pass through than it has', () => {
    const ring = openRing(2)
    const fd = open(scene.file('file', 4096, 0x44), 'r')
    const memory = mapMemory(4096)
    const results = Array.from({length: 20}, () =>
      roundTrip(ring, {opcode: IORING_OP_READ, fd, memory, lengthBytes: 512}),
    )
    expect(results).toEqual(Array.from({length: 20}, () => 512))
  })

  itNeeds([rings, procFd], 'gives its descriptor back', () => {
    const before = openDescriptors()
    const opened = uring().openRing(2)
    expect(openDescriptors()).toBe(before + 1)
    if (opened.ok) opened.ring.close()
    expect(openDescriptors()).toBe(before)
  })
})
