import {closeSync, constants, fstatSync, openSync, type Stats} from 'node:fs'
import {dirname} from 'node:path'
import {errnoName, errnoOf, ToolError} from '../base/index.js'
import {loadLibc, loadUring, type LibcAnswer} from '../native/index.js'
import {directAlignment, type Alignment} from './alignment.js'
import {assumptionsOf, type Assumption, type InPlace} from './assumptions.js'
import {deviceSizeBytes, logicalBlockBytes} from './block-device.js'
import {flagBits, reopen} from './descriptor.js'
import {fileSystemOf} from './file-system.js'
import {freshOnFileSystem} from './freshness.js'
import {findGround} from './ground.js'
import type {BlockLayer} from './host-layers.js'
import type {MountedFileSystem} from './host-mount.js'
import {KERNEL_ROOTS, realPath, type KernelRoots} from './kernel-file.js'
import {checkKind, isDirectRefused} from './open.js'
import {kindRefusal, openRefusal} from './refusal.js'
import type {SyncGround} from './sync-ground.js'
import {probeSync, type SyncProbe, type SyncProbeSkipped} from './sync-probe.js'
import {judgeSync} from './sync-verdict.js'

/** What this host means for the guarantees of an image. */
export interface HostFacts {
  /** As the user named it. */
  readonly path: string
  readonly kind: 'file' | 'block device'
  /** Undefined for a block device where /sys is not there. */
  readonly sizeBytes: number | undefined
  /** What the file system has set aside for it; undefined for a block device. */
  readonly allocatedBytes: number | undefined
  /** Less is allocated than its size; false for a block device, which may be thin all the same. */
  readonly sparse: boolean
  /** Undefined for a block device, and where the mount table does not tell. */
  readonly fileSystem: MountedFileSystem | undefined
  /** From the device of the file system down to the disks; empty where they cannot be seen. */
  readonly layers: readonly BlockLayer[]
  readonly direct: DirectFacts
  readonly ioUring: {readonly available: boolean; readonly reason: string}
  readonly syncProbe: SyncProbe | SyncProbeSkipped
  readonly assumptions: readonly Assumption[]
}

/** What O_DIRECT asks for here, or why it cannot be had. */
export type DirectFacts =
  | ({readonly supported: true; readonly sizeFits: boolean} & Alignment)
  | {readonly supported: false; readonly reason: string}

/**
 * Gathers what this host means for the guarantees of an image. Promises: the image is opened for reading only, no lock is taken
 * or broken, not a byte of it changes. Beside an image file a scratch file is synced for up to about a second; nothing is left
 * of it. What cannot be found out is undefined or 'unknown', with the reason where there is room for one; it never fails a call.
 *
 * @throws ToolError of kind environment when there is no image at the path or it may not be read
 */
export async function hostFacts(path: string, roots: KernelRoots = KERNEL_ROOTS): Promise<HostFacts> {
  const native = await loadLibc()
  const deviceNode = checkKind(path, true)
  const fd = openForReading(path, deviceNode)
  try {
    const stat = fstatSync(fd)
    if (stat.isBlockDevice() !== deviceNode || (!deviceNode && !stat.isFile())) throw kindRefusal(path, 'unknown')
    const sizeBytes = deviceNode ? deviceSizeBytes(stat.rdev, roots.sysfs) : stat.size
    const {fileSystem, layers, ground} = findGround(path, fd, roots)
    const syncProbe = deviceNode
      ? DEVICE_SKIPPED
      : await measureSync(dirname(realPath(path) ?? path), stat, layers, ground, roots)
    const inPlace = deviceNode ? DEVICE_IN_PLACE : overwritesInPlace(native, fd, path, stat.size)
    const evidence = {fileSystem, deviceNode, layers, ground, syncProbe, inPlace}
    const allocatedBytes = deviceNode ? undefined : stat.blocks * 512 // st_blocks counts 512 bytes on every file system
    return {
      path,
      kind: deviceNode ? 'block device' : 'file',
      sizeBytes,
      allocatedBytes,
      sparse: allocatedBytes !== undefined && allocatedBytes < stat.size,
      fileSystem,
      layers,
      direct: directFacts(
        native,
        fd,
        path,
        sizeBytes,
        deviceNode ? logicalBlockBytes(stat.rdev, roots.sysfs) : undefined,
      ),
      ioUring: await uringFacts(),
      syncProbe,
      assumptions: assumptionsOf(evidence),
    }
  } finally {
    closeSync(fd)
  }
}

/**
 * What syncing costs in the folder of an image and whether that can reach a medium: the same as the `syncProbe` of hostFacts, without
 * the rest. Promises: not a byte of the image is read or changed.
 *
 * @throws ToolError of kind environment when there is no image at the path or it may not be read
 */
export async function syncFacts(path: string, roots: KernelRoots = KERNEL_ROOTS): Promise<HostFacts['syncProbe']> {
  const fd = openForReading(path, checkKind(path, true))
  try {
    const stat = fstatSync(fd)
    if (!stat.isFile()) return DEVICE_SKIPPED
    const {layers, ground} = findGround(path, fd, roots)
    return await measureSync(dirname(realPath(path) ?? path), stat, layers, ground, roots)
  } finally {
    closeSync(fd)
  }
}

const DEVICE_SKIPPED: SyncProbeSkipped = {skipped: 'the image is a block device, and measuring would write to it'}

function openForReading(path: string, blockDevice: boolean): number {
  try {
    return openSync(path, constants.O_RDONLY)
  } catch (error) {
    throw openRefusal({path, readOnly: true, blockDevice}, error)
  }
}

async function measureSync(
  folder: string,
  stat: Stats,
  layers: readonly BlockLayer[],
  ground: SyncGround,
  roots: KernelRoots,
): Promise<SyncProbe | SyncProbeSkipped> {
  const disks = layers.filter(({medium}) => medium !== undefined).map(({name}) => name)
  const measured = await probeSync({folder, device: stat.dev, disks}, roots.sysfs)
  return 'skipped' in measured ? measured : {...measured, verdict: judgeSync(measured, ground)}
}

/** What O_DIRECT asks for, on a descriptor of its own. Reads at most a few blocks, where the kernel does not say. */
function directFacts(
  native: LibcAnswer,
  fd: number,
  path: string,
  sizeBytes: number | undefined,
  deviceBlockBytes: number | undefined,
): DirectFacts {
  let directFd: number
  try {
    directFd = reopen(fd, path, flagBits(['O_RDONLY', 'O_DIRECT']))
  } catch (error) {
    if (error instanceof ToolError) return {supported: false, reason: error.message}
    const reason = isDirectRefused(error) ? 'open(2) refuses O_DIRECT here' : 'it cannot be opened with O_DIRECT'
    return {supported: false, reason: `${reason} (${errnoName(errnoOf(error))})`}
  }
  try {
    const alignment = directAlignment(native, directFd, sizeBytes ?? 0, deviceBlockBytes)
    if (alignment === 'unsupported')
      return {supported: false, reason: 'the kernel says that this file has no direct I/O'}
    if (alignment === undefined) return {supported: false, reason: 'no transfer of up to 4096 bytes is accepted'}
    return {supported: true, sizeFits: (sizeBytes ?? 0) % alignment.alignmentBytes === 0, ...alignment}
  } finally {
    closeSync(directFd)
  }
}

/** Sets up the smallest ring and takes it down again: nothing else tells whether the kernel and its policies allow one. */
async function uringFacts(): Promise<HostFacts['ioUring']> {
  const loaded = await loadUring()
  if (!loaded.ok) return {available: false, reason: loaded.reason}
  const opened = loaded.uring.openRing(1)
  if (!opened.ok) return {available: false, reason: opened.reason}
  opened.ring.close()
  return {available: true, reason: 'a ring could be set up'}
}

const DEVICE_IN_PLACE: InPlace = {
  answer: true,
  why: 'It is a block device: there is no file whose blocks would have to be allocated.',
}

/** How much of a file is asked about at once: a file with a hole near its start is told early. */
const STRETCH_BYTES = 2 ** 34

/** Whether every block of a file can be overwritten where it is, as the host has it now, in memory. */
function overwritesInPlace(native: LibcAnswer, fd: number, path: string, sizeBytes: number): InPlace {
  const fileSystem = fileSystemOf(path)
  if (fileSystem.inMemory) return {answer: false, why: `${fileSystem.name} is memory, of which a crash leaves nothing.`}
  if (fileSystem.overwrites === 'elsewhere') {
    return {answer: false, why: `${fileSystem.name} writes to new blocks each time.`}
  }
  const map = (offsetBytes: number, lengthBytes: number) =>
    native.ok ? native.libc.fiemap(fd, offsetBytes, lengthBytes) : -1
  for (let offsetBytes = 0; offsetBytes < sizeBytes; offsetBytes += STRETCH_BYTES) {
    const range = {offsetBytes, lengthBytes: Math.min(STRETCH_BYTES, sizeBytes - offsetBytes)}
    const fresh = freshOnFileSystem(range, fileSystem, map)
    if (fresh === undefined) {
      const why = native.ok ? `${fileSystem.name} does not tell which blocks are allocated` : native.reason
      return {answer: 'unknown', why: `It cannot be told: ${why}.`}
    }
    const first = fresh[0]
    if (first !== undefined) {
      const why = `The image has blocks that are not allocated, not written yet or shared, the first at byte ${first.offsetBytes}: writing there changes metadata, which only a sync makes stable.`
      return {answer: false, why}
    }
  }
  return {answer: true, why: 'All blocks of the image are allocated and written, as the host has it now.'}
}
