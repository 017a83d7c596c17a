import {overlaps, type Range} from '../base/index.js'

/** A part of an image that has a name people know it by: a partition with what it holds, or the space between two. */
export interface Place extends Range {
  /** For example "p2" or "p2 (ext4)". */
  readonly name: string
}

/** The names of the places that a range touches, in their order, with commas; "" where it touches none. */
export function placesOf(range: Range, places: readonly Place[]): string {
  return places
    .filter((place) => overlaps(place, range))
    .map(({name}) => name)
    .join(', ')
}
