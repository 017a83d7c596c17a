import {Fields} from '../fields.js'

/** Bytes of a master or extended boot record, whatever the sector size. */
export const BOOT_RECORD_BYTES = 512

const DISK_ID_AT = 440
const ENTRIES_AT = 446
const ENTRY_BYTES = 16
const SIGNATURE_AT = 510
const SIGNATURE = 0xaa55

/** The type of the entry that keeps software without knowledge of GPT away (UEFI 2.10, 5.2.3). */
export const PROTECTIVE_TYPE = 0xee

export interface BootRecordEntry {
  /** 0 to 3. */
  readonly slot: number
  /** 0x80 for the partition to boot from, 0 otherwise; anything else is damage. */
  readonly boot: number
  readonly type: number
  readonly firstLba: number
  readonly sectors: number
}

export interface BootRecord {
  readonly diskId: number
  /** Those that are used: neither type nor size is 0. */
  readonly entries: readonly BootRecordEntry[]
  /** Those that have a size, of whatever type: in a chain of logical partitions each has a number. */
  readonly sized: readonly BootRecordEntry[]
  /** Whether every boot flag is one that exists. */
  readonly sane: boolean
}

/** A boot record with its four entries (UEFI 2.10, 5.2.1); undefined without its 0x55 0xAA. */
export function parseBootRecord(bytes: Uint8Array): BootRecord | undefined {
  const fields = new Fields(bytes)
  if (fields.u16(SIGNATURE_AT) !== SIGNATURE) return undefined
  const all = Array.from({length: 4}, (_, slot) => {
    const at = ENTRIES_AT + slot * ENTRY_BYTES
    return {
      slot,
      boot: fields.u8(at),
      type: fields.u8(at + 4),
      firstLba: fields.u32(at + 8),
      sectors: fields.u32(at + 12),
    }
  })
  const sized = all.filter(({sectors}) => sectors !== 0)
  return {
    diskId: fields.u32(DISK_ID_AT),
    entries: sized.filter(({type}) => type !== 0),
    sized,
    sane: all.every(({boot}) => boot === 0 || boot === 0x80),
  }
}
