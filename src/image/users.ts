import {readdirSync, readFileSync, statSync, fstatSync, type Stats} from 'node:fs'
import {errnoName} from '../base/index.js'
import {loadLibc} from '../native/index.js'
import {mountPointOf} from './block-device.js'
import {locksSeen} from './locks.js'
import type {ImageSource} from './source.js'

/** A process that has the image open, as far as /proc shows it. */
export interface ImageProcess {
  readonly pid: number
  readonly name: string
}

/** Who uses an image, as they say themselves by locks, and as the system knows. */
export interface ImageUsers {
  /** What somebody does to it, in the protocol of QEMU; undefined when locks cannot be looked at. */
  readonly holds: readonly string[] | undefined
  /** What somebody does not share. */
  readonly unshares: readonly string[] | undefined
  /** Why locks cannot be looked at; empty when they can. */
  readonly reason: string
  /** Looked for only when there is a lock; empty also where /proc does not show those of other users. */
  readonly processes: readonly ImageProcess[]
  readonly mountedOn: string | undefined
}

/** Looks who uses an image. Takes no lock and stops nobody. */
export async function imageUsers({fd, blockDevice}: ImageSource): Promise<ImageUsers> {
  const stat = fstatSync(fd)
  const mountedOn = blockDevice ? mountPointOf(stat.rdev) : undefined
  const native = await loadLibc()
  if (!native.ok) return {holds: undefined, unshares: undefined, reason: native.reason, processes: [], mountedOn}
  const seen = locksSeen(native.libc, fd)
  if (typeof seen === 'number') {
    const reason = `locks cannot be looked at (${errnoName(seen)})`
    return {holds: undefined, unshares: undefined, reason, processes: [], mountedOn}
  }
  const processes = seen.holds.length + seen.unshares.length > 0 ? processesWith(stat) : []
  return {...seen, reason: '', processes, mountedOn}
}

/** The processes that have a file open, other than this one. */
function processesWith({dev, ino}: Stats): ImageProcess[] {
  return numbersIn('/proc')
    .filter((pid) => pid !== process.pid)
    .filter((pid) => numbersIn(`/proc/${pid}/fd`).some((fd) => leadsTo(`/proc/${pid}/fd/${fd}`, {dev, ino})))
    .map((pid) => ({pid, name: nameOf(pid)}))
}

function leadsTo(path: string, {dev, ino}: Pick<Stats, 'dev' | 'ino'>): boolean {
  try {
    const stat = statSync(path)
    return stat.ino === ino && stat.dev === dev
  } catch {
    return false // closed meanwhile, or not ours to look at
  }
}

/** The numbers that name entries of a folder; none when it may not be read or has gone. */
function numbersIn(folder: string): number[] {
  try {
    return readdirSync(folder)
      .map(Number)
      .filter((number) => Number.isInteger(number))
  } catch {
    return []
  }
}

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return 'a process that has ended'
  }
}
