import {formatBytes, type Range} from '../../base/index.js'
import type {LogicalChain} from './ebr.js'
import type {GptCopy} from './gpt.js'
import {PROTECTIVE_TYPE, type BootRecord} from './mbr.js'
import type {GptCopyFacts, GptFacts, Partition, Problem} from './table.js'

/** Drives and file systems work in pages of this size; a partition that begins elsewhere makes each write touch two. */
const PAGE_BYTES = 4096

/** What Linux asks of an entry (is_gpt_valid); UEFI 2.10, table 5.5 allows 128 × 2^n. */
const ENTRY_BYTES = 128

/** The last sector count that an MBR can say. */
const SECTORS_MAX = 0xffffffff

/** A GPT, with what its judge looks at. */
export interface GptCase {
  readonly primary: GptCopy
  readonly backup: GptCopy
  readonly lastLba: number
  readonly sectorBytes: number
  readonly gpt: GptFacts
  readonly partitions: readonly Partition[]
  readonly sizeBytes: number
  readonly mbr: BootRecord | undefined
}

/** Everything that is wrong with a GPT, the worst first. */
export function judgeGpt(asked: GptCase): Problem[] {
  return sorted([
    ...judgeCopies(asked),
    ...judgeProtection(asked),
    ...judgeHybrid(asked.gpt, asked.partitions),
    ...judgeUsable(asked),
    ...judgeEntrySize(asked),
    ...judgeRanges(asked.partitions, asked.sizeBytes),
    ...judgeOverlaps(asked.partitions),
  ])
}

function judgeCopies(asked: GptCase): Problem[] {
  const {primary, backup, gpt, lastLba, sectorBytes} = asked
  const problems: Problem[] = []
  if (gpt.primary.status !== 'valid') problems.push(copyProblem('primary', gpt.primary, gpt.backup))
  if (gpt.backup.status !== 'valid') problems.push(copyProblem('backup', gpt.backup, gpt.primary))
  else if (backup.lba !== lastLba) {
    problems.push({
      severity: 'error',
      code: 'GPT_BACKUP_MISPLACED',
      text: `the backup GPT lies at sector ${backup.lba}, not in the last one (${lastLba}): the image has grown by ${formatBytes((lastLba - backup.lba) * sectorBytes)}`,
      hint: 'sgdisk --move-second-header moves it to the end.',
    })
  }
  if (problems.length > 0) return problems
  problems.push(...[whereabouts('primary', primary, backup), whereabouts('backup', backup, primary)].flat())
  const differ = primary.header?.entriesCrc !== backup.header?.entriesCrc
  if (differ || primary.header?.diskGuid !== backup.header?.diskGuid) {
    problems.push({
      severity: 'error',
      code: 'GPT_COPIES_DIFFER',
      text: 'the primary and the backup GPT are both valid and say different things',
      hint: 'The primary is what everybody reads; look at both with gdisk before one of them is written again.',
    })
  }
  return problems
}

/** Each copy says where the other lies; software that does not find it there says that the other is lost. */
function whereabouts(which: 'primary' | 'backup', copy: GptCopy, other: GptCopy): Problem[] {
  if (copy.header === undefined || copy.header.otherLba === other.lba) return []
  return [
    {
      severity: 'error',
      code: 'GPT_COPIES_APART',
      text: `the ${which} GPT looks for the other copy at sector ${copy.header.otherLba}, where it is at sector ${other.lba}`,
      hint: 'Any tool that writes the table corrects it.',
    },
  ]
}

function copyProblem(which: 'primary' | 'backup', copy: GptCopyFacts, other: GptCopyFacts): Problem {
  const repair =
    other.status !== 'valid'
      ? 'The other copy is no better: nothing can be repaired from it.'
      : which === 'primary'
        ? 'The backup is valid: gdisk (r, then b) or sfdisk writes the primary again from it.'
        : 'The primary is valid: sgdisk --move-second-header writes the backup again.'
  return {
    severity: 'error',
    code: `GPT_${which.toUpperCase()}_${copy.status.toUpperCase()}`,
    text: `the ${which} GPT at sector ${copy.lba} is ${copy.status}: ${copy.faults.join('; ')}`,
    hint: repair,
  }
}

function judgeProtection({mbr, gpt, lastLba}: GptCase): Problem[] {
  const entry = mbr?.entries.find(({type}) => type === PROTECTIVE_TYPE)
  if (entry === undefined) {
    return [
      {
        severity: 'error',
        code: 'MBR_PROTECTION_MISSING',
        text: 'there is no protective MBR: Linux and other tools do not look for a GPT then, and call the disk empty',
        hint: 'sgdisk or fdisk writes it with the table.',
      },
    ]
  }
  if (gpt.mbr === 'hybrid' || entry.sectors === SECTORS_MAX || entry.firstLba + entry.sectors - 1 === lastLba) return []
  return [
    {
      severity: 'warning',
      code: 'MBR_PROTECTION_SIZE',
      text: `the protective MBR ends at sector ${entry.firstLba + entry.sectors - 1}, the image at ${lastLba}`,
      hint: 'Any tool that writes the table corrects it.',
    },
  ]
}

function judgeHybrid({hybrid}: GptFacts, partitions: readonly Partition[]): Problem[] {
  if (hybrid.length === 0) return []
  const strangers = hybrid.filter(
    (entry) => !partitions.some((p) => p.offsetBytes === entry.offsetBytes && p.lengthBytes === entry.lengthBytes),
  )
  return [
    {
      severity: 'warning',
      code: 'MBR_HYBRID',
      text: `the MBR is hybrid: it names ${hybrid.length} partition(s) of its own, which some systems use instead of the GPT`,
    },
    ...strangers.map((entry): Problem => ({
      severity: 'error',
      code: 'MBR_HYBRID_MISMATCH',
      text: `the hybrid MBR names a partition of type ${entry.type} at byte ${entry.offsetBytes} with ${formatBytes(entry.lengthBytes)} that the GPT does not have`,
      hint: 'Write the hybrid MBR again (sgdisk --hybrid), or a protective one (gdisk: x, n).',
    })),
  ]
}

/** Linux (is_gpt_valid of block/partitions/efi.c) and sfdisk refuse a header whose usable sectors are none, or more than there are. */
function judgeUsable({partitions, gpt, lastLba}: GptCase): Problem[] {
  const {firstUsableLba, lastUsableLba} = gpt
  if (lastUsableLba > lastLba || firstUsableLba > lastUsableLba) {
    const text = `the GPT calls sectors ${firstUsableLba} to ${lastUsableLba} usable, and the last one is ${lastLba}: Linux does not take it for a GPT`
    return [problem('error', 'GPT_USABLE', text), ...judgeInside(partitions, gpt)]
  }
  return judgeInside(partitions, gpt)
}

function judgeInside(partitions: readonly Partition[], gpt: GptFacts): Problem[] {
  return partitions
    .filter(({firstLba, sectors}) => firstLba < gpt.firstUsableLba || firstLba + sectors - 1 > gpt.lastUsableLba)
    .map((partition) => ({
      severity: 'error',
      code: 'PARTITION_OUTSIDE_USABLE',
      text: `partition ${partition.number} (sectors ${partition.firstLba} to ${partition.firstLba + partition.sectors - 1}) is not within the usable sectors ${gpt.firstUsableLba} to ${gpt.lastUsableLba}`,
      hint: 'What is written to it may overwrite the table.',
    }))
}

function judgeEntrySize({primary, backup}: GptCase): Problem[] {
  const entryBytes = (primary.header ?? backup.header)?.entryBytes ?? ENTRY_BYTES
  if (entryBytes <= ENTRY_BYTES) return []
  const text = `the entries of the GPT have ${entryBytes} bytes: Linux reads only those of ${ENTRY_BYTES}`
  return [problem('warning', 'GPT_ENTRY_SIZE', text)]
}

/** An MBR, with what its judge looks at. */
export interface DosCase {
  readonly record: BootRecord
  readonly chain: LogicalChain
  readonly partitions: readonly Partition[]
  readonly sectorBytes: number
  readonly sizeBytes: number
  /** A GPT that the MBR does not protect. */
  readonly stale: object | undefined
}

/** Everything that is wrong with an MBR and its logical partitions, the worst first. */
export function judgeDos({record, chain, partitions, sectorBytes, sizeBytes, stale}: DosCase): Problem[] {
  const ofKind = (kind: Partition['kind']): Partition[] => partitions.filter((partition) => partition.kind === kind)
  const [extended, ...more] = ofKind('extended')
  const records = chain.entries.map(({recordLba}, i) => ({
    name: `the boot record of partition ${i + 5}`,
    range: {offsetBytes: recordLba * sectorBytes, lengthBytes: sectorBytes},
  }))
  const problems = [
    ...chain.problems,
    ...judgeRanges(partitions, sizeBytes),
    ...judgeOverlaps(partitions.filter(({kind}) => kind !== 'logical')),
    ...overlapsAmong([...named(ofKind('logical')), ...records]),
    ...ofKind('logical').flatMap((logical) => judgeLogical(logical, extended)),
  ]
  if (!record.sane) problems.push(problem('error', 'MBR_BOOT_FLAG', 'a boot flag is neither 0x00 nor 0x80'))
  if (more.length > 0) {
    problems.push(
      problem('error', 'MBR_EXTENDED', 'there is more than one extended partition; only one can be followed'),
    )
  }
  if (partitions.filter(({bootable}) => bootable).length > 1) {
    problems.push(problem('warning', 'MBR_BOOTABLE', 'more than one partition is marked as bootable'))
  }
  if (partitions.some(({type}) => type === 'ee')) {
    problems.push(problem('error', 'GPT_MISSING', 'the MBR is protective, and no GPT is there in any sector size'))
  }
  if (stale) {
    const text = 'a GPT lies on the disk too, which the MBR does not protect: software goes by the MBR'
    problems.push({
      ...problem('warning', 'GPT_STALE', text),
      hint: 'If the MBR is the table that is meant, wipe the GPT.',
    })
  }
  return sorted(problems)
}

function judgeLogical(logical: Partition, extended: Partition | undefined): Problem[] {
  const endsAt = logical.offsetBytes + logical.lengthBytes
  if (
    extended &&
    logical.offsetBytes >= extended.offsetBytes &&
    endsAt <= extended.offsetBytes + extended.lengthBytes
  ) {
    return []
  }
  return [problem('error', 'LOGICAL_OUTSIDE', `partition ${logical.number} is not inside the extended partition`)]
}

function judgeRanges(partitions: readonly Partition[], sizeBytes: number): Problem[] {
  return partitions.flatMap(({number, offsetBytes, lengthBytes}) => {
    const endBytes = offsetBytes + lengthBytes
    const found: Problem[] = []
    if (lengthBytes === 0) found.push(problem('error', 'PARTITION_EMPTY', `partition ${number} ends before it begins`))
    if (offsetBytes === 0) found.push(problem('error', 'PARTITION_AT_ZERO', `partition ${number} begins at the table`))
    if (endBytes > sizeBytes) {
      found.push({
        severity: 'error',
        code: 'PARTITION_BEYOND_END',
        text: `partition ${number} ends at byte ${endBytes}, ${formatBytes(endBytes - sizeBytes)} behind the end of the image (${sizeBytes})`,
        hint: 'The image was cut short, or the table belongs to a larger disk.',
      })
    }
    if (offsetBytes % PAGE_BYTES !== 0) {
      found.push({
        severity: 'warning',
        code: 'PARTITION_MISALIGNED',
        text: `partition ${number} begins at byte ${offsetBytes}, which is no multiple of ${PAGE_BYTES}`,
        hint: 'Each page that is written to it takes two of the drive, and O_DIRECT may be refused.',
      })
    }
    return found
  })
}

interface Named {
  readonly name: string
  readonly range: Range
}

function named(partitions: readonly Partition[]): Named[] {
  return partitions.map((partition) => ({name: `partition ${partition.number}`, range: partition}))
}

function judgeOverlaps(partitions: readonly Partition[]): Problem[] {
  return overlapsAmong(named(partitions))
}

/** What begins before the one that reaches furthest so far has ended: one problem each, so that their number stays that of ranges. */
function overlapsAmong(things: readonly Named[]): Problem[] {
  const inOrder = things
    .filter(({range}) => range.lengthBytes > 0)
    .toSorted((a, b) => a.range.offsetBytes - b.range.offsetBytes)
  const problems: Problem[] = []
  let furthest: Named | undefined
  for (const thing of inOrder) {
    const endBytes = furthest ? furthest.range.offsetBytes + furthest.range.lengthBytes : 0
    if (furthest && thing.range.offsetBytes < endBytes) {
      const shared = Math.min(endBytes - thing.range.offsetBytes, thing.range.lengthBytes)
      problems.push({
        severity: 'error',
        code: 'PARTITION_OVERLAP',
        text: `${furthest.name} and ${thing.name} share ${formatBytes(shared)} at byte ${thing.range.offsetBytes}`,
        hint: 'Writing to one changes the other: use neither before one of them is gone from the table.',
      })
    }
    if (!furthest || thing.range.offsetBytes + thing.range.lengthBytes > endBytes) furthest = thing
  }
  return problems
}

function problem(severity: Problem['severity'], code: string, text: string): Problem {
  return {severity, code, text}
}

function sorted(problems: readonly Problem[]): Problem[] {
  return [...problems.filter(({severity}) => severity === 'error'), ...problems.filter((p) => p.severity !== 'error')]
}
