/**
 * Method: a test that needs something outside this repository says what it needs. Locally a missing need skips the test and
 * the reason is printed; under REQUIRE_PEERS=1 (continuous integration, where .ci/run installs the peers) it fails the test.
 *
 * To add one: a row in PEERS, and its package in .ci/run.
 *
 * @module
 */
import {accessSync, constants} from 'node:fs'
import {delimiter, join} from 'node:path'
import {it} from 'vitest'

/** Programs that interop tests talk to, and the Debian package each comes in. */
export const PEERS = {
  'qemu-io': 'qemu-utils',
  'qemu-img': 'qemu-utils',
  'qemu-nbd': 'qemu-utils',
  fio: 'fio',
  strace: 'strace',
  nbdinfo: 'libnbd-bin',
  nbdcopy: 'libnbd-bin',
  openssl: 'openssl',
  losetup: 'mount',
  mount: 'mount',
  'mkfs.btrfs': 'btrfs-progs',
  'mkfs.ext4': 'e2fsprogs',
  'mkfs.vfat': 'dosfstools',
  'mkfs.xfs': 'xfsprogs',
  'mkfs.exfat': 'exfatprogs',
  'mkfs.f2fs': 'f2fs-tools',
  'mkfs.ntfs': 'ntfs-3g',
  'mkfs.erofs': 'erofs-utils',
  mksquashfs: 'squashfs-tools',
  mkudffs: 'udftools',
  mkswap: 'util-linux',
  'make-bcache': 'bcache-tools',
  cryptsetup: 'cryptsetup-bin',
  pvcreate: 'lvm2',
  xorriso: 'xorriso',
  sfdisk: 'fdisk',
  sgdisk: 'gdisk',
  parted: 'parted',
  xz: 'xz-utils',
  zstd: 'zstd',
  sqlite3: 'sqlite3',
  blkid: 'util-linux',
  script: 'bsdutils',
  flock: 'util-linux',
  xxd: 'xxd',
  hexdump: 'bsdextrautils',
  sha256sum: 'coreutils',
  grep: 'grep',
  setpriv: 'util-linux',
  mdadm: 'mdadm',
} as const

declare module 'vitest' {
  interface TaskMeta {
    /** Why a test was skipped; test/reporter.ts prints it. */
    skipReason?: string
  }
}

export type PeerName = keyof typeof PEERS

/** One thing a test needs. */
export interface Need {
  /** It is there. */
  readonly present: boolean
  /** The test should run: the thing is there, or its absence must show as a failure. */
  readonly available: boolean
  /** Why the test cannot run as it should; empty when `present`. */
  readonly reason: string
}

/** What the lookups below look at; tests of this file pass their own. */
export interface Surroundings {
  readonly path: string
  readonly requirePeers: boolean
  readonly uid: number
}

/** This process: PATH with the sbin folders (which non-root users may lack), REQUIRE_PEERS, the effective user. */
export function surroundings(): Surroundings {
  return {
    path: [process.env['PATH'] ?? '', '/usr/local/sbin', '/usr/sbin', '/sbin'].join(delimiter),
    requirePeers: process.env['REQUIRE_PEERS'] === '1',
    uid: process.geteuid?.() ?? -1,
  }
}

function need(present: boolean, reason: string, required: boolean): Need {
  return {present, available: present || required, reason: present ? '' : reason}
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** A program found through PATH. Where peers are required `available` is true even if it is missing: the test then fails. */
export function peer(name: PeerName, around: Surroundings = surroundings()): Need {
  const folders = around.path.split(delimiter).filter((folder) => folder !== '')
  const present = folders.some((folder) => isExecutable(join(folder, name)))
  return need(present, `${name} is not installed; Debian package ${PEERS[name]}`, around.requirePeers)
}

/** Being root. Required where peers are required, since .ci/run is run by root. */
export function root(around: Surroundings = surroundings()): Need {
  return need(around.uid === 0, `needs root; this is uid ${around.uid}`, around.requirePeers)
}

/**
 * Something that no package can bring (loop devices, io_uring allowed by the kernel, a file system with a given feature).
 * Its absence skips the test with the reason everywhere, required peers or not.
 *
 * @param reason completes "skipped: ...", e.g. "the kernel has no loop devices"
 */
export function capability(present: boolean, reason: string): Need {
  return need(present, reason, false)
}

/** Peers are other processes: far more than they take, so that only a hang ends here. */
const TIMEOUT_MS = 60_000

/** What to do with a test that has these needs: run it, skip it with a reason, or fail it with a reason. */
export function verdictOf(needs: readonly Need[]): {
  readonly verdict: 'run' | 'skip' | 'fail'
  readonly reason: string
} {
  const missing = needs.filter((candidate) => !candidate.present)
  if (missing.length === 0) return {verdict: 'run', reason: ''}
  const reason = missing.map((candidate) => candidate.reason).join('; ')
  return {verdict: missing.every((candidate) => candidate.available) ? 'fail' : 'skip', reason}
}

/**
 * Registers a test that needs things. Skipping is decided here, before any hook of the test runs, so that a beforeEach may
 * rely on the needs; the reporter prints the reason.
 */
export function itNeeds(
  needs: readonly Need[],
  title: string,
  test: () => void | Promise<void>,
  timeoutMs = TIMEOUT_MS,
): void {
  const {verdict, reason} = verdictOf(needs)
  switch (verdict) {
    case 'run':
      it(title, {timeout: timeoutMs}, () => test())
      break
    case 'skip':
      it(title, {skip: true, meta: {skipReason: reason}}, () => test())
      break
    case 'fail':
      it(title, () => {
        throw new Error(`${reason} (REQUIRE_PEERS=1 makes this a failure)`)
      })
      break
  }
}

/** Registers a test that talks to the named programs. */
export function peerIt(
  names: readonly PeerName[],
  title: string,
  test: () => void | Promise<void>,
  timeoutMs = TIMEOUT_MS,
): void {
  itNeeds(
    names.map((name) => peer(name)),
    title,
    test,
    timeoutMs,
  )
}

/** Registers a test that only root can run. */
export function rootIt(title: string, test: () => void | Promise<void>, timeoutMs = TIMEOUT_MS): void {
  itNeeds([root()], title, test, timeoutMs)
}
