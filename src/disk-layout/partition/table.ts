import type {Range} from '../../base/index.js'

/** One partition, where it is and what its table says of it. The range is what the table says: it may reach behind the image. */
export interface Partition extends Range {
  /** As in `IMAGE#p5` and in the device names of Linux: logical ones begin at 5, those of a GPT count its entries from 1. */
  readonly number: number
  readonly kind: 'primary' | 'extended' | 'logical' | 'gpt'
  readonly firstLba: number
  readonly sectors: number
  /** As sfdisk writes it: lower-case hex without 0x in an MBR, an upper-case GUID in a GPT. */
  readonly type: string
  /** What the type is for; undefined when it is not in our tables. */
  readonly typeName: string | undefined
  /** MBR: marked as the one to boot from. */
  readonly bootable: boolean
  /** GPT only. */
  readonly uuid: string | undefined
  readonly name: string | undefined
  /** GPT: the names of the attribute bits that are set, as sfdisk writes them. */
  readonly attributes: readonly string[]
}

export interface Problem {
  /** An error: somebody may read or write the wrong place. A warning: it works, with a cost or in part of the tools. */
  readonly severity: 'error' | 'warning'
  readonly code: string
  readonly text: string
  /** What to do about it. */
  readonly hint?: string
}

/** How one copy of a GPT was found. */
export interface GptCopyFacts {
  /** Where the header was looked for and, unless `missing`, found. */
  readonly lba: number
  readonly status: 'valid' | 'damaged' | 'missing'
  readonly faults: readonly string[]
}

/** An entry of an MBR beside its protective one. */
export interface HybridEntry extends Range {
  readonly type: string
  readonly typeName: string | undefined
  readonly bootable: boolean
}

export interface GptFacts {
  readonly primary: GptCopyFacts
  readonly backup: GptCopyFacts
  /** The copy the partitions below come from; undefined when none can be believed. */
  readonly used: 'primary' | 'backup' | undefined
  readonly firstUsableLba: number
  readonly lastUsableLba: number
  readonly entryCount: number
  /** What the MBR says to software that knows no GPT. */
  readonly mbr: 'protective' | 'hybrid' | 'missing'
  readonly hybrid: readonly HybridEntry[]
}

export interface PartitionTable {
  readonly label: 'dos' | 'gpt'
  /** Disk id: `0x` and 8 digits of an MBR, an upper-case GUID of a GPT. */
  readonly id: string
  readonly sectorBytes: number
  /** How the sector size is known. */
  readonly sectorEvidence: string
  /** In the order of their numbers. */
  readonly partitions: readonly Partition[]
  readonly gpt: GptFacts | undefined
  readonly problems: readonly Problem[]
}

/** The range of so many sectors, in bytes that a number can hold. */
export function sectorRange(firstLba: number, sectors: number, sectorBytes: number): Range {
  const clamp = (bytes: number): number => Math.min(bytes, Number.MAX_SAFE_INTEGER)
  return {offsetBytes: clamp(firstLba * sectorBytes), lengthBytes: clamp(sectors * sectorBytes)}
}
