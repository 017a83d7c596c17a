import type {Signature} from '../disk-layout/index.js'

/** What is in a place, in a few words: `ext4 "root"`, `LVM physical volume (volume group vg0)`, `nothing known`. */
export function contentText(signatures: readonly Signature[]): string {
  return signatures.length === 0 ? 'nothing known' : signatures.map(oneText).join(', ')
}

function oneText({name, label, type, details = []}: Signature): string {
  const group = type === 'LVM2_member' ? details.find(([what]) => what === 'volume group') : undefined
  return [name, label === undefined ? undefined : JSON.stringify(label), group && `(${group.join(' ')})`]
    .filter((part) => part !== undefined)
    .join(' ')
}
