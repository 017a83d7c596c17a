import {dirname, isAbsolute, join} from 'node:path'
import {SECTOR_BYTES} from '../base/index.js'
import type {VirtualDisk} from '../disk-layout/index.js'

/** What `qemu-img info --output=json` tells of an image. */
export interface QemuInfo {
  readonly filename: string
  readonly sizeBytes: number
  /** What the file system has set aside; 0 for a block device, as there. */
  readonly allocatedBytes: number
  readonly disk: VirtualDisk | undefined
}

/**
 * The keys of `qemu-img info --output=json` with the meaning they have there (QEMU 7.2; since 8.0 it adds `children`): sizes of raw images in whole sectors; of
 * another format what its header says, and its keys for QCOW2. A format that qemu-img opens and that is none of virtual disks
 * (LUKS, DMG) is raw here, as it is for qemu with `-f raw`.
 */
export function qemuInfo({filename, sizeBytes, allocatedBytes, disk}: QemuInfo): object {
  const {qcow2} = disk ?? {}
  const backing = qcow2?.backingFile
  return {
    'virtual-size': disk?.diskBytes ?? Math.ceil(sizeBytes / SECTOR_BYTES) * SECTOR_BYTES,
    filename,
    ...(disk?.clusterBytes !== undefined && {'cluster-size': disk.clusterBytes}),
    format: disk?.format ?? 'raw',
    'actual-size': allocatedBytes,
    ...(qcow2?.encrypted && {encrypted: true}),
    ...(qcow2 && {'format-specific': {type: 'qcow2', data: qcow2Data(qcow2)}}),
    ...(backing !== undefined && {
      'full-backing-filename': fullName(filename, backing),
      'backing-filename': backing,
      ...(qcow2?.backingFormat !== undefined && {'backing-filename-format': qcow2.backingFormat}),
    }),
    'dirty-flag': qcow2?.dirty ?? false,
  }
}

function qcow2Data(facts: NonNullable<VirtualDisk['qcow2']>): object {
  const {version, compression, refcountBits, lazyRefcounts, dataFile, rawDataFile, corrupt, extendedL2} = facts
  return {
    compat: version >= 3 ? '1.1' : '0.10',
    'compression-type': compression,
    ...(version >= 3 && {'lazy-refcounts': lazyRefcounts}),
    'refcount-bits': refcountBits,
    ...(dataFile !== undefined && {'data-file': dataFile, 'data-file-raw': rawDataFile}),
    ...(version >= 3 && {corrupt, 'extended-l2': extendedL2}),
  }
}

/** A backing file is named from the folder of the file that names it, unless it is absolute or has a protocol. */
function fullName(filename: string, backing: string): string {
  return isAbsolute(backing) || /^[a-z0-9+-]+:/.test(backing) ? backing : join(dirname(filename), backing)
}
