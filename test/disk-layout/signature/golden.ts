import {Disk} from '../disk.js'
import {btrfs, exfat, ext, f2fs, fat, ntfs, xfs} from './golden-file-systems.js'
import {erofs, iso9660, squashfs, udf} from './golden-media.js'
import {bcache, bcachefs, bitlocker, luks1, luks2, lvm, md0, md1, swap, zfs} from './golden-members.js'
import {disks, packed} from './golden-files.js'
import type {Golden} from './golden-image.js'

/** One of each kind. */
export const GOLDEN: readonly Golden[] = [
  ext('ext2', 0x38, 0x2, 0x3, {
    features: ['ext_attr', 'resize_inode', 'dir_index', 'filetype', 'sparse_super', 'large_file'],
  }),
  ext('ext3', 0x4, 0x2 | 0x4, 0x1, {
    features: ['has_journal', 'filetype', 'needs_recovery', 'sparse_super'],
    warnings: ['its journal has to be replayed: it is mounted, or was not unmounted'],
  }),
  ext('ext4', 0x4, 0x2 | 0x40 | 0x80, 0x1 | 0x400, {
    features: ['has_journal', 'filetype', 'extent', '64bit', 'sparse_super', 'metadata_csum'],
  }),
  xfs(),
  btrfs(),
  fat('FAT12', 2048, 6),
  fat('FAT16', 20000, 80),
  fat('FAT32', 70000, 550),
  exfat(),
  ntfs(),
  f2fs(),
  iso9660(),
  udf(),
  udf(4096),
  squashfs(),
  erofs(),
  swap(),
  luks1(),
  luks2(),
  luks2(65536),
  lvm(),
  md0(),
  md1(0),
  md1(1),
  md1(2),
  zfs(),
  bcache(),
  bcachefs(),
  bitlocker('vista'),
  bitlocker('7'),
  bitlocker('used space'),
  bitlocker('to go'),
  ...disks,
  {
    kind: 'vhd-footer',
    disk: new Disk(64).put(63 * 512, 'conectix').be64(63 * 512 + 48, 63 * 512),
    expected: {
      type: 'vhd-footer',
      usage: 'other',
      details: [['disk inside', '32256 bytes']],
      warnings: ['the last sector belongs to no disk: as a raw image it is too long by it'],
    },
  },
  packed('gzip', '\x1f\x8b\x08', 'gzip -dc'),
  packed('xz', '\xfd7zXZ\0', 'xz -dc'),
  packed('zstd', '\x28\xb5\x2f\xfd', 'zstd -dc'),
  packed('bzip2', 'BZh9\x31\x41\x59\x26\x53\x59', 'bzip2 -dc'),
  packed('lz4', '\x04\x22\x4d\x18', 'lz4 -dc'),
  {
    kind: 'boot',
    disk: new Disk(8).put(0x180, 'GRUB \0Geom\0').u16(510, 0xaa55),
    expected: {type: 'boot', name: 'boot code (GRUB)', usage: 'boot'},
  },
]
