import {headKeeping, type ByteReader} from '../byte-reader.js'
import {bcache} from './bcache.js'
import {bitlocker} from './bitlocker.js'
import {bootCode} from './boot-code.js'
import {btrfs} from './btrfs.js'
import {compressed} from './compressed.js'
import {erofs} from './erofs.js'
import {exfat} from './exfat.js'
import {ext} from './ext.js'
import {f2fs} from './f2fs.js'
import {fat} from './fat.js'
import {iso9660} from './iso9660.js'
import {luks, luksLeft} from './luks.js'
import {lvm} from './lvm.js'
import {md} from './md.js'
import {ntfs} from './ntfs.js'
import type {Probe, Signature} from './signature.js'
import {squashfs} from './squashfs.js'
import {swap} from './swap.js'
import {udf} from './udf.js'
import {vhdFooter, virtualDisk} from './virtual-disk.js'
import {xfs} from './xfs.js'
import {zfs} from './zfs.js'

/**
 * Every family of formats. What holds something else comes first, so that a member of a RAID is called that and not by what shows
 * through.
 */
const PROBES: readonly Probe[] = [
  virtualDisk,
  compressed,
  md,
  lvm,
  luks,
  bitlocker,
  bcache,
  zfs,
  ext,
  xfs,
  btrfs,
  ntfs,
  exfat,
  fat,
  f2fs,
  udf,
  iso9660,
  squashfs,
  erofs,
  swap,
  luksLeft,
  vhdFooter,
  bootCode,
]

/** Everything that signs for itself in an image or a part of one, what matters most first. Empty when nothing does. */
export function signaturesOf(image: ByteReader): Signature[] {
  const reader = headKeeping(image)
  const found = PROBES.flatMap((probe) => probe(reader) ?? [])
  // Every mkfs of these puts code into the boot sector that says "not bootable": that is part of them.
  return found.some(({type}) => BOOT_SECTOR_OWNERS.has(type)) ? found.filter(({usage}) => usage !== 'boot') : found
}

/** Types that keep their own structures where a partition table would be. */
export const BOOT_SECTOR_OWNERS: ReadonlySet<string> = new Set(['vfat', 'exfat', 'ntfs', 'BitLocker'])
