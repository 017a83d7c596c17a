import {statSync} from 'node:fs'
import {basename, dirname} from 'node:path'
import {deviceName} from './block-device.js'
import {mountOf, type MountedFileSystem} from './host-mount.js'
import {KERNEL_ROOTS, namesIn, readNumber, readText, realPath, type KernelRoots} from './kernel-file.js'

export type LayerKind = 'partition' | 'disk' | 'dm' | 'md' | 'bcache' | 'loop' | 'memory disk' | 'network disk'

/** What keeps the data of a disk. `virtual`: whatever the host of this machine has. */
export type Medium = 'rotating' | 'flash' | 'persistent memory' | 'memory' | 'network' | 'virtual' | 'unknown'

export type WriteCache = 'write back' | 'write through'

/** One block device between a file system and the media. */
export interface BlockLayer {
  /** As the kernel calls it: "vda1". */
  readonly name: string
  readonly kind: LayerKind
  /** What people call it: the name of a device-mapper volume, the model of a disk. */
  readonly label: string | undefined
  /** Whether the kernel takes it for one with a volatile cache; "write through" means that no flush is sent (queue/write_cache). */
  readonly writeCache: WriteCache | undefined
  /** What the driver says of the cache in the disk itself; of SCSI and virtio disks only. */
  readonly ownCache: WriteCache | undefined
  /** A write can be made stable on its own, without a flush. */
  readonly fua: boolean | undefined
  readonly logicalBlockBytes: number | undefined
  readonly physicalBlockBytes: number | undefined
  readonly rotational: boolean | undefined
  /** Undefined for a layer that stands on others. */
  readonly medium: Medium | undefined
  /** The file behind a loop device; its file system is undefined where it cannot be seen. */
  readonly backing: {readonly path: string; readonly fileSystem: MountedFileSystem | undefined} | undefined
  /** Names of the layers this one stands on. */
  readonly below: readonly string[]
}

/** Kinds of block devices by their names, the first that fits; every other one is a disk whose flags tell its medium. */
const KINDS: readonly {readonly name: RegExp; readonly kind: LayerKind; readonly medium: Medium | undefined}[] = [
  {name: /^dm-\d/, kind: 'dm', medium: undefined},
  {name: /^md[\d_]/, kind: 'md', medium: undefined},
  {name: /^bcache\d/, kind: 'bcache', medium: undefined},
  {name: /^loop\d/, kind: 'loop', medium: undefined},
  {name: /^(zram|ram|nullb)\d/, kind: 'memory disk', medium: 'memory'},
  {name: /^(nbd|rbd|drbd)\d|^etherd!/, kind: 'network disk', medium: 'network'},
  {name: /^pmem\d/, kind: 'disk', medium: 'persistent memory'},
  {name: /^zd\d/, kind: 'disk', medium: 'unknown'}, // a volume of ZFS, which does not show its disks
  {name: /^(vd|xvd)[a-z]|^ublkb\d/, kind: 'disk', medium: 'virtual'},
]

/** Vendors and models that a hypervisor or a cloud gives to its disks. */
const VIRTUAL_MODEL = /qemu|vbox|vmware|virtual|msft|xen|google|amazon|elastic block/i

/**
 * The block devices from a file system (or a device node) down to the disks, upper ones first, each once. Follows partitions to
 * their disks, device mapper, md and bcache to their members, and loop devices through the file system of their file. Empty
 * where /sys does not show them; never throws.
 *
 * @param devices device numbers to begin with, "259:1"
 */
export function blockLayers(devices: readonly string[], roots: KernelRoots = KERNEL_ROOTS): BlockLayer[] {
  const layers: BlockLayer[] = []
  const seen = new Set<string>()
  const visit = (device: string): string | undefined => {
    const folder = realPath(`${roots.sysfs}/dev/block/${device}`)
    if (folder === undefined) return undefined
    const name = basename(folder)
    if (seen.has(name)) return name
    seen.add(name)
    const place = layers.length
    const backing = backingOf(folder, roots)
    const below = (backing?.devices ?? lowerDevices(folder)).flatMap((lower) => visit(lower) ?? [])
    layers.splice(place, 0, describeLayer(folder, backing, below))
    return name
  }
  for (const device of devices) visit(device)
  return layers
}

function describeLayer(folder: string, backing: Backing | undefined, below: readonly string[]): BlockLayer {
  const name = basename(folder)
  const partition = isPartition(folder)
  const disk = partition ? dirname(folder) : folder // a partition shares the queue of its disk
  const row = KINDS.find((candidate) => candidate.name.test(name))
  const rotational = flag(`${disk}/queue/rotational`)
  const label = partition ? undefined : labelOf(folder)
  const kind = partition ? 'partition' : (row?.kind ?? 'disk')
  const standsOnOthers = partition || (row !== undefined && row.medium === undefined)
  return {
    name,
    kind,
    label,
    writeCache: cacheWord(readText(`${disk}/queue/write_cache`)),
    ownCache: ownCache(disk),
    fua: flag(`${disk}/queue/fua`),
    logicalBlockBytes: readNumber(`${disk}/queue/logical_block_size`),
    physicalBlockBytes: readNumber(`${disk}/queue/physical_block_size`),
    rotational,
    medium: standsOnOthers ? undefined : (row?.medium ?? diskMedium(folder, label, rotational)),
    backing: backing && {path: backing.path, fileSystem: backing.fileSystem},
    below,
  }
}

function isPartition(folder: string): boolean {
  return readNumber(`${folder}/partition`) !== undefined
}

/** Device numbers one step down: the disk of a partition, the members of a stack. */
function lowerDevices(folder: string): string[] {
  const folders = isPartition(folder)
    ? [dirname(folder)]
    : namesIn(`${folder}/slaves`).map((name) => `${folder}/slaves/${name}`)
  return folders.flatMap((lower) => readText(`${lower}/dev`) ?? [])
}

interface Backing {
  readonly path: string
  readonly fileSystem: MountedFileSystem | undefined
  readonly devices: readonly string[]
}

/** What a loop device stands on, which may itself be a block device; undefined when it is not one or has nothing attached. */
function backingOf(folder: string, roots: KernelRoots): Backing | undefined {
  const path = readText(`${folder}/loop/backing_file`)
  if (path === undefined || path === '') return undefined
  try {
    const stat = statSync(path)
    if (stat.isBlockDevice()) return {path, fileSystem: undefined, devices: [deviceName(stat.rdev)]}
    const mount = mountOf(realPath(path) ?? path, deviceName(stat.dev), undefined, roots)
    return {path, fileSystem: mount?.fileSystem, devices: mount?.devices ?? []}
  } catch {
    return {path, fileSystem: undefined, devices: []} // deleted since, or in another mount namespace
  }
}

function labelOf(folder: string): string | undefined {
  const parts = [readText(`${folder}/device/vendor`), readText(`${folder}/device/model`)]
  // PCI and virtio devices have a vendor too, as a number.
  const words = parts.filter((part) => part !== undefined && part !== '' && !part.startsWith('0x'))
  return readText(`${folder}/dm/name`) ?? (words.length > 0 ? words.join(' ') : undefined)
}

/** The flag for rotation is trusted only where nobody between us and the disk could have made it up. */
function diskMedium(folder: string, label: string | undefined, rotational: boolean | undefined): Medium {
  const transport = readText(`${folder}/device/transport`) // of NVMe: pcie, tcp, rdma, fc, loop
  if (/\/session\d+\//.test(folder) || (transport !== undefined && transport !== 'pcie')) return 'network'
  if (label !== undefined && VIRTUAL_MODEL.test(label)) return 'virtual'
  if (rotational === undefined) return 'unknown'
  return rotational ? 'rotating' : 'flash'
}

/** sd shows the caching mode page below scsi_disk, virtio-blk its own field; both apart from what the queue was told. */
function ownCache(disk: string): WriteCache | undefined {
  const scsi = namesIn(`${disk}/device/scsi_disk`)[0]
  const place = scsi === undefined ? disk : `${disk}/device/scsi_disk/${scsi}`
  return cacheWord(readText(`${place}/cache_type`))
}

/** Also "write back, no read (daft)" and "none", which is what sd calls a disk with neither cache. */
function cacheWord(text: string | undefined): WriteCache | undefined {
  if (text === undefined) return undefined
  if (text.startsWith('write back')) return 'write back'
  return text === 'write through' || text === 'none' ? 'write through' : undefined
}

function flag(path: string): boolean | undefined {
  const value = readNumber(path)
  return value === undefined ? undefined : value !== 0
}
